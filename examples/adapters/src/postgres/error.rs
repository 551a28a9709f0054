//! What an error of PostgreSQL says about the effect of the statement.

use std::error::Error;
use std::fmt;

use strangler_fig::error::{StoreError, StoreErrorKind};
use tokio_postgres::error::{DbError, Severity, SqlState};

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

/// What the trigger of a closed table says.
pub(super) const CLOSED: &str = "customers are written by their service";

/// What the server has answered, without what it may quote of a record: no
/// detail, no hint, no context. The source of what calls of this folder report.
#[derive(Debug)]
pub struct PostgresAnswer {
    severity: String,
    code: SqlState,
    text: Option<String>,
    /// Of the schema: the table, the constraint.
    names: Vec<(&'static str, String)>,
}

impl PostgresAnswer {
    /// Its code, to be told apart by.
    #[must_use]
    pub const fn code(&self) -> &SqlState {
        &self.code
    }

    fn of(answer: &DbError) -> Self {
        let mut names = [
            ("table", answer.table()),
            ("column", answer.column()),
            ("type", answer.datatype()),
            ("constraint", answer.constraint()),
        ];
        // A function says what it likes, and calls it what it likes. Its language
        // is told by the server's own file: `pl_exec.c`, `plperl.c`.
        let is_own = !answer.file().is_some_and(|file| file.starts_with("pl"));
        let text = match answer.message() {
            CLOSED => Some(CLOSED),
            message if is_own => text(answer.code(), message),
            _ => None,
        };
        if !is_own {
            names = names.map(|(what, _)| (what, None));
        }
        let told = |(what, name): (_, Option<&str>)| Some((what, name?.to_owned()));
        Self {
            severity: answer.severity().to_owned(),
            code: answer.code().clone(),
            text: text.map(str::to_owned),
            names: names.into_iter().filter_map(told).collect(),
        }
    }
}

impl fmt::Display for PostgresAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.severity, self.code.code())?;
        if let Some(text) = &self.text {
            write!(f, ": {text}")?;
        }
        self.names.iter().try_for_each(|(what, name)| write!(f, ", {what} {name}"))
    }
}

impl Error for PostgresAnswer {}

/// The server's `message`, if those of its class quote nothing but names.
fn text<'a>(code: &SqlState, message: &'a str) -> Option<&'a str> {
    match code.code() {
        // Data that does not fit: quoted in most of them.
        "22001" => Some("a text is too long"),
        "22003" => Some("a number is out of range"),
        "22007" | "22008" => Some("it is no time, or one out of range"),
        "22021" | "22P05" => Some("a text has what its encoding has not"),
        "22P02" | "22P03" => Some("it is no value of the type"),
        "42601" => Some("a syntax error"),
        code => {
            let quotes_none = [
                "08", "0A", "23", "25", "26", "28", "3D", "3F", "40", "42", "44", "53", "54", "55",
                "57", "58", "XX",
            ];
            quotes_none.iter().any(|class| code.starts_with(class)).then_some(message)
        }
    }
}

/// `error` of a call that may have had this effect.
pub(super) fn store_error(error: tokio_postgres::Error, effect: Effect) -> StoreError {
    let kind = kind(&error, effect);
    match error.as_db_error() {
        Some(answer) => StoreError::new(kind, PostgresAnswer::of(answer)),
        None => StoreError::new(kind, error),
    }
}

/// Whether the server has answered with this code.
pub(super) fn is_code(error: &StoreError, code: &SqlState) -> bool {
    error.downcast_ref::<PostgresAnswer>().is_some_and(|answer| answer.code == *code)
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
