//! What an error of MariaDB says about the effect of the statement.

use mysql_async::{DriverError, Error, ServerError};
use strangler_fig::error::{StoreError, StoreErrorKind};

use crate::effect::Effect;

/// `error` of a call that may have had this effect.
pub(super) fn store_error(error: Error, effect: Effect) -> StoreError {
    let kind = match &error {
        Error::Server(answer) => server_kind(answer, effect),
        // Too large to be sent: it was not.
        Error::Driver(DriverError::PacketTooLarge) => StoreErrorKind::Rejected,
        _ => effect.when_cut_off(),
    };
    StoreError::new(kind, error)
}

/// Whether the statement was ended in the middle, by a limit or by somebody.
pub(super) fn is_interrupted(error: &StoreError) -> bool {
    let error = error.downcast_ref::<Error>();
    matches!(error, Some(Error::Server(answer)) if answer.state.starts_with("70"))
}

fn server_kind(answer: &ServerError, effect: Effect) -> StoreErrorKind {
    match (answer.code, answer.state.get(..2).unwrap_or_default()) {
        // Data that does not fit, constraints, a trigger's own no; and a schema
        // other than this adapter knows: no such column.
        (_, "22" | "23" | "45") | (1054, _) => StoreErrorKind::Rejected,
        // Full, locked for too long, read only, changed meanwhile: the statement
        // was rolled back.
        (1020 | 1114 | 1205 | 1290 | 1836, _) => StoreErrorKind::Unavailable,
        // Killed, shutting down, or no state of its own (a failed commit among
        // them): nobody knows.
        (1927, _) | (_, "08" | "HY") => effect.when_cut_off(),
        _ => StoreErrorKind::Unavailable,
    }
}
