use std::collections::HashMap;
use std::env;
use std::process::Stdio;

use crate::Failed;
use tokio::process::Command;

/// Finds the servers, or installs and starts them.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/servers.sh");
/// What it also knows how to start, and nobody needs here.
const UNUSED: [&str; 2] = ["REDIS_URL", "NATS_URL"];

/// Where the servers are, and who may administer them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers {
    /// PostgreSQL.
    pub postgres: String,
    /// MariaDB.
    pub mariadb: String,
    /// The broker.
    pub amqp: String,
}

impl Servers {
    /// Those that the environment names; what it does not name, the script finds.
    ///
    /// # Errors
    ///
    /// The script fails.
    pub async fn find() -> Result<Self, Failed> {
        if let Some(named) = Self::of(|name| env::var(name).ok()) {
            return Ok(named);
        }
        let mut script = Command::new(SCRIPT);
        for unused in UNUSED.iter().filter(|name| env::var_os(name).is_none()) {
            script.env(unused, "unused");
        }
        let said = said(script).await?;
        let said: HashMap<_, _> = said.lines().filter_map(|line| line.split_once('=')).collect();
        let found = Self::of(|name| said.get(name).map(|url| (*url).to_owned()));
        found.ok_or_else(|| format!("{SCRIPT} does not say where the servers are").into())
    }

    fn of(url: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name| url(name).filter(|url| !url.is_empty());
        Some(Self {
            postgres: set("POSTGRES_URL")?,
            mariadb: set("MARIADB_URL")?,
            amqp: set("AMQP_URL")?,
        })
    }
}

/// Installs those that are missing; starts none.
pub(super) async fn install() -> Result<(), Failed> {
    let mut script = Command::new(SCRIPT);
    script.arg("install");
    // Whatever runs elsewhere is not to be killed.
    for needed in ["POSTGRES_URL", "MARIADB_URL", "AMQP_URL"] {
        script.env_remove(needed);
    }
    for unused in UNUSED {
        script.env(unused, "unused");
    }
    said(script).await.map(drop)
}

/// What the script says.
async fn said(mut script: Command) -> Result<String, Failed> {
    script.kill_on_drop(true).stderr(Stdio::inherit());
    let output = script.output().await.map_err(|error| format!("{SCRIPT}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{SCRIPT} ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The URL of `database` on the server of `url`, for `login`.
#[must_use]
pub fn door(url: &str, login: &str, password: &str, database: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{login}:{password}@{host}/{database}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_keeps_the_server_and_nothing_else() {
        let door = |url| door(url, "ann", "secret", "shop");
        let wanted = "postgres://ann:secret@127.0.0.1:5432/shop";
        assert_eq!(door("postgres://postgres:p@127.0.0.1:5432/test?options=x"), wanted);
        assert_eq!(door("postgres://127.0.0.1:5432"), wanted);
    }

    #[test]
    fn a_server_without_a_url_is_not_known() {
        let some = |name: &str| (name != "AMQP_URL").then(|| "url".to_owned());
        assert_eq!(Servers::of(some), None);
        assert!(Servers::of(|name| Some(name.to_owned())).is_some());
        assert_eq!(Servers::of(|_| Some(String::new())), None);
    }
}
