//! Rows of sagas: columns to headers and entries, and terms.

use std::time::Duration;

use mysql_async::{Row, Value};
use strangler_fig::error::StoreError;
use strangler_fig::saga::SagaFilter;

use super::row::{bytes, columns, integer, optional, text};
use crate::saga::{Among, Columns};

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

/// The conditions of a filter after others, and their values.
pub(super) fn taken(filter: &SagaFilter) -> (String, Vec<Value>) {
    let mut sql = match Among::of(filter) {
        Among::All => "",
        Among::Open => " AND is_open = TRUE",
        Among::Kept => " AND is_kept = TRUE",
    }
    .to_owned();
    let mut params = Vec::new();
    let statuses: Vec<Value> = filter.statuses.iter().map(|it| it.name().into()).collect();
    let definitions = filter.definitions.iter().map(|it| it.to_string().into()).collect();
    for (column, values) in [("status", statuses), ("definition", definitions)] {
        if let Some(more) = values.len().checked_sub(1) {
            sql = format!("{sql} AND {column} IN (?{})", ", ?".repeat(more));
            params.extend(values);
        }
    }
    if filter.is_free {
        sql += " AND (holder IS NULL OR held_until <= UTC_TIMESTAMP(6))";
    }
    if filter.is_unpurged {
        sql += " AND NOT is_purged";
    }
    if !filter.idle_min.is_zero() {
        sql += " AND changed <= UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND";
        params.push(span(filter.idle_min));
    }
    (sql, params)
}
