//! What an error of PostgreSQL says about the effect of the statement.

use std::error::Error;
use std::fmt;

use strangler_fig::error::{StoreError, StoreErrorKind};
use tokio_postgres::error::Severity;

use crate::effect::Effect;

/// A value that the column's type cannot hold.
#[derive(Debug)]
pub(super) struct OutOfRange(pub(super) &'static str);

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is out of the range of {}", self.0)
    }
}

impl Error for OutOfRange {}

/// `error` of a call that may have had this effect.
pub(super) fn store_error(error: tokio_postgres::Error, effect: Effect) -> StoreError {
    StoreError::new(kind(&error, effect), error)
}

fn kind(error: &tokio_postgres::Error, effect: Effect) -> StoreErrorKind {
    if error.source().is_some_and(<dyn Error>::is::<OutOfRange>) {
        return StoreErrorKind::Rejected; // found before anything was sent
    }
    let Some(answer) = error.as_db_error() else {
        return effect.when_cut_off();
    };
    match answer.code().code() {
        // Data that does not fit, constraints, and limits of the server.
        code if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => {
            StoreErrorKind::Rejected
        }
        // The server itself does not know.
        "40003" => effect.when_cut_off(),
        // An `ERROR` has rolled the statement back; what ends the connection
        // (`FATAL`) may come behind a commit.
        _ if answer.parsed_severity() == Some(Severity::Error) => StoreErrorKind::Unavailable,
        _ => effect.when_cut_off(),
    }
}
