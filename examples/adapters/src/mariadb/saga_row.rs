//! Rows of sagas: columns to headers and entries, and terms.

use std::time::Duration;

use mysql_async::{Row, Value};
use strangler_fig::error::StoreError;

use super::row::{bytes, columns, integer, optional, text};
use crate::saga::Columns;

/// Longer than any term, and within what a `DATETIME` can be moved by.
const SPAN_MAX: Duration = Duration::from_hours(10 * 365 * 24);

/// Microseconds.
pub(super) fn span(term: Duration) -> Value {
    u64::try_from(term.min(SPAN_MAX).as_micros()).unwrap_or(u64::MAX).into()
}

/// A header, and an entry beside it.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) columns: Columns,
    pub(super) position: Option<i64>,
    pub(super) document: Option<String>,
}

pub(super) fn stored(row: Row) -> Result<Stored, StoreError> {
    let [id, definition, input, parent, status, rest @ ..] = columns::<13>(row)?;
    let [length, epoch, is_purged, outcome, holder, idle, position, document] = rest;
    let columns = Columns {
        id: text(id)?,
        definition: text(definition)?,
        input: bytes(input)?,
        parent: optional(parent, text)?,
        status: text(status)?,
        outcome: optional(outcome, text)?,
        length: integer(&length)?,
        epoch: integer(&epoch)?,
        holder: optional(holder, text)?,
        idle: integer(&idle)?,
        is_purged: integer(&is_purged)? != 0,
    };
    let position = optional(position, |value| integer(&value))?;
    Ok(Stored { columns, position, document: optional(document, text)? })
}
