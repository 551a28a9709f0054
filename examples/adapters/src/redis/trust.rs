//! Whether a server keeps what it acknowledges: what it must say of itself.

use redis::aio::MultiplexedConnection;
use strangler_fig::error::StoreError;

use super::error::store_error;
use crate::effect::Effect;

/// What scripts cannot ask for; asked on each new connection.
const SETTINGS: [(&str, &str); 3] =
    [("appendonly", "yes"), ("appendfsync", "always"), ("no-appendfsync-on-rewrite", "no")];

/// What a running server can become: each script asks before it does anything.
pub(super) const PRELUDE: &str = "\
    local info = '\\r\\n' .. redis.call('INFO') .. '\\r\\n'
    local function says(line) return string.find(info, '\\r\\n' .. line .. '\\r\\n', 1, true) end
    for _, line in ipairs({'redis_mode:standalone', 'cluster_enabled:0', 'role:master',
            'connected_slaves:0', 'aof_enabled:1'}) do
        if not says(line) then
            return redis.error_reply('UNTRUSTED the server does not say ' .. line)
        end
    end
    if not says('maxmemory:0') and not says('maxmemory_policy:noeviction') then
        return redis.error_reply('UNTRUSTED the server does not say maxmemory_policy:noeviction')
    end
    ";

/// Asks a server that was just connected to.
///
/// # Errors
///
/// `Rejected`, naming the setting; `Unavailable`.
pub(super) async fn check(connection: &mut MultiplexedConnection) -> Result<(), StoreError> {
    for (setting, needed) in SETTINGS {
        let asked = redis::cmd("CONFIG").arg("GET").arg(setting).to_owned();
        let asked = asked.query_async::<Vec<String>>(connection).await;
        let found = asked.map_err(|error| unasked(error, setting))?;
        match found.get(1) {
            Some(value) if value == needed => {}
            found => {
                let found = found.map_or("nothing", String::as_str);
                let found = format!("the server has {setting} {found}, and needs {needed}");
                return Err(StoreError::rejected(found));
            }
        }
    }
    let asked = redis::cmd("EVAL").arg(format!("{PRELUDE} return 1")).arg(0).to_owned();
    let asked = asked.query_async::<i64>(connection).await;
    asked.map(drop).map_err(|error| unasked(error, "INFO"))
}

/// A server that does not say is no better than one that says no.
fn unasked(error: redis::RedisError, what: &str) -> StoreError {
    let is_silent = matches!(error.code(), Some("ERR" | "NOPERM"));
    if is_silent {
        return StoreError::rejected(format!("the server does not tell {what}: {error}"));
    }
    store_error(error, Effect::None)
}
