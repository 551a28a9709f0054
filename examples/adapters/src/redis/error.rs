//! What an error of Redis says about the effect of the script.

use redis::{ErrorKind, RedisError};
use strangler_fig::error::{StoreError, StoreErrorKind};

use crate::effect::Effect;

/// `error` of a call that may have had this effect.
pub(super) fn store_error(error: RedisError, effect: Effect) -> StoreError {
    StoreError::new(kind(&error, effect), error)
}

fn kind(error: &RedisError, effect: Effect) -> StoreErrorKind {
    if !is_answer(error) {
        return effect.when_cut_off();
    }
    match error.code() {
        // Who asks again is told the same.
        Some("UNTRUSTED" | "WRONGTYPE" | "NOPERM" | "NOAUTH" | "WRONGPASS") => {
            StoreErrorKind::Rejected
        }
        // A script writes once and last: what failed has written nothing.
        _ => StoreErrorKind::Unavailable,
    }
}

/// Whether the server said so, and the connection is as good as before.
pub(super) fn is_answer(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}
