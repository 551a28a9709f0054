//! Counts and spans of time as `bigint`.

use std::error::Error;
use std::time::Duration;

use strangler_fig::error::StoreError;
use tokio_postgres::Row;

/// What was read from a row.
pub(super) type Decoded<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Longer than any term, and within what a timestamp can be moved by.
const SPAN_MAX: Duration = Duration::from_hours(10 * 365 * 24);

/// Microseconds.
pub(super) fn span(duration: Duration) -> i64 {
    i64::try_from(duration.min(SPAN_MAX).as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn signed(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(StoreError::rejected)
}

pub(super) fn unsigned(row: &Row, at: usize) -> Decoded<u64> {
    Ok(u64::try_from(row.try_get::<_, i64>(at)?)?)
}
