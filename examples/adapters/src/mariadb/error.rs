//! What an error of MariaDB says about the effect of the statement.

use std::fmt;

use mysql_async::{DriverError, Error, ServerError};
use strangler_fig::error::{StoreError, StoreErrorKind};

use crate::effect::Effect;

/// What the triggers of a closed table say.
pub(super) const CLOSED: &str = "customers are written by their service";

/// What the server has answered, without what it may quote of a record.
#[derive(Debug)]
struct Answer {
    code: u16,
    state: String,
    text: Option<String>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ERROR {} ({})", self.code, self.state)?;
        self.text.iter().try_for_each(|text| write!(f, ": {text}"))
    }
}

impl std::error::Error for Answer {}

/// The server's `message`, if those of its code quote nothing but names; else what
/// is sure to be none of a value.
fn text(code: u16, message: &str) -> Option<String> {
    match code {
        // Of the server and of its locks.
        1020 | 1040 | 1044 | 1045 | 1046 | 1049 | 1114 | 1142 | 1153 | 1205 | 1213 | 1290
        | 1317 | 1792 | 1836 | 1927 | 1969 => Some(message.to_owned()),
        // Of tables, columns and constraints.
        1048 | 1054 | 1146 | 1264 | 1265 | 1305 | 1360 | 1364 | 1406 | 1451 | 1452 | 4025 => {
            Some(message.to_owned())
        }
        // The name comes last, behind a value that may read like one.
        1062 if message.starts_with("Duplicate entry ") => {
            let at = message.rfind(" for key ")?;
            Some(format!("Duplicate entry{}", &message[at..]))
        }
        // Where there is no name, the message ends with the value in quotes.
        1292 | 1366 if message.ends_with(|last: char| last.is_ascii_digit()) => {
            let at = message.rfind(" for column ")?;
            Some(format!("Incorrect value{}", &message[at..]))
        }
        // A trigger says what it likes.
        1644 if message == CLOSED => Some(CLOSED.to_owned()),
        _ => None,
    }
}

/// `error` of a call that may have had this effect.
pub(super) fn store_error(error: Error, effect: Effect) -> StoreError {
    match error {
        Error::Server(answer) => {
            let kind = server_kind(&answer, effect);
            let text = text(answer.code, &answer.message);
            StoreError::new(kind, Answer { code: answer.code, state: answer.state, text })
        }
        // Too large to be sent: it was not.
        Error::Driver(DriverError::PacketTooLarge) => StoreError::rejected(error),
        _ => StoreError::new(effect.when_cut_off(), error),
    }
}

/// Whether the statement was ended in the middle, by a limit or by somebody.
pub(super) fn is_interrupted(error: &StoreError) -> bool {
    error.downcast_ref::<Answer>().is_some_and(|answer| answer.state.starts_with("70"))
}

/// Whether the server has answered with this code.
pub(super) fn is_code(error: &StoreError, code: u16) -> bool {
    error.downcast_ref::<Answer>().is_some_and(|answer| answer.code == code)
}

/// The same, unless it is of an upsert's guard: no key is NULL, but another row
/// stood in the way.
pub(super) fn taken(error: StoreError) -> StoreError {
    let is_guard = |answer: &Answer| {
        let text = answer.text.as_deref().unwrap_or_default();
        answer.code == 1048 && text.contains("'id'")
    };
    if error.downcast_ref().is_some_and(is_guard) {
        StoreError::rejected("another row has what a unique index lets only one have")
    } else {
        error
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_told_whatever_it_reads_like() {
        let told = |code, message| text(code, message).unwrap_or_default();
        let duplicate = "Duplicate entry 'a' for key 'b' for column c' for key 'by_email'";
        assert_eq!(told(1062, duplicate), "Duplicate entry for key 'by_email'");
        assert_eq!(told(1062, "Doppelter Eintrag 'a for key b' f\u{fc}r 'by_email'"), "");
        let named =
            "Incorrect string value: ' for column x at row 1' for column `d`.`t`.`c` at row 2";
        assert_eq!(told(1366, named), "Incorrect value for column `d`.`t`.`c` at row 2");
        assert_eq!(told(1292, "Incorrect datetime value: ' for column x at row 1'"), "");
        assert_eq!(told(1292, "Truncated incorrect DOUBLE value: ' for column 1'"), "");
        assert_eq!([told(1644, "no: ada"), told(1644, CLOSED)], ["", CLOSED]);
        assert_eq!(told(1406, "Data too long for column 'c' at row 1").len(), 37);
    }
}
