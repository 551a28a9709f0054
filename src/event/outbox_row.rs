use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CloudEventError, EventKey, EventType, Lane, Message, Topic};
use crate::clock::seconds;

/// Where a row stands in its outbox: grows along the rows of a key.
///
/// ```
/// use strangler_fig::event::OutboxPosition;
///
/// assert!(OutboxPosition(7) < OutboxPosition(11));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxPosition(pub u64);

/// A staged message, as a relay gets it from [`OutboxStore::fetch`](super::OutboxStore::fetch).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxRow {
    /// Which row.
    pub position: OutboxPosition,
    /// Its lane.
    pub lane: Lane,
    /// Its key, also where the rest cannot be read.
    pub key: EventKey,
    /// How often it was put off, for whatever reason.
    pub attempts: u32,
    /// How often of these the bus had refused it.
    pub refusals: u32,
    /// How long ago it was staged, by the outbox's clock.
    pub age: Duration,
    /// The message; or why it cannot be read.
    pub message: Result<Message, CloudEventError>,
}

impl OutboxRow {
    /// A row that is tried for the first time.
    #[must_use]
    pub const fn new(
        position: OutboxPosition,
        lane: Lane,
        key: EventKey,
        age: Duration,
        message: Result<Message, CloudEventError>,
    ) -> Self {
        Self { position, lane, key, attempts: 0, refusals: 0, age, message }
    }
}

/// What became of a row.
///
/// ```
/// use strangler_fig::event::RowEnd;
///
/// let refused = RowEnd::Parked { reason: "rejected: no such topic".to_owned() };
/// assert_ne!(refused, RowEnd::Sent);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowEnd {
    /// The bus has taken it.
    Sent,
    /// It was neither taken nor refused, and is tried again; its key waits.
    Retry {
        /// Not before this has passed.
        delay: Duration,
        /// Why it was not taken.
        error: String,
    },
    /// The bus has refused it, and it is tried again; its key waits. That counts: too often, and it is given up.
    Refused {
        /// Not before this has passed.
        delay: Duration,
        /// Why it was refused.
        error: String,
    },
    /// It is given up until somebody looks; its key waits.
    Parked {
        /// Why.
        reason: String,
    },
}

impl RowEnd {
    /// For how long it is put off, if it is.
    pub(super) const fn delay(&self) -> Option<Duration> {
        match self {
            Self::Retry { delay, .. } | Self::Refused { delay, .. } => Some(*delay),
            Self::Sent | Self::Parked { .. } => None,
        }
    }
}

/// How much of an outbox is read at once.
///
/// ```
/// use std::num::NonZeroUsize;
/// use strangler_fig::event::FetchLimit;
///
/// let one = FetchLimit { rows: NonZeroUsize::MIN, bytes: NonZeroUsize::MAX };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimit {
    /// So many rows.
    pub rows: NonZeroUsize,
    /// No more once their payloads have so many bytes; one row at least.
    pub bytes: NonZeroUsize,
}

/// A parked row, for its operator, as [`OutboxRelay::parked`](super::OutboxRelay::parked) lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParkedRow {
    /// Which row.
    pub position: OutboxPosition,
    /// Its key.
    pub key: EventKey,
    /// Its topic and type, where they can be read.
    pub what: Option<(Topic, EventType)>,
    /// Why.
    pub reason: String,
    /// How long ago it was staged.
    pub age: Duration,
    /// How many rows of its key wait behind it.
    pub behind: u64,
}

impl ParkedRow {
    /// A row that cannot be read, and has none behind it.
    pub fn new(
        position: OutboxPosition,
        key: EventKey,
        reason: impl Into<String>,
        age: Duration,
    ) -> Self {
        Self { position, key, what: None, reason: reason.into(), age, behind: 0 }
    }
}

/// How much waits.
///
/// ```
/// use strangler_fig::event::OutboxDepth;
///
/// assert_eq!(OutboxDepth::default(), OutboxDepth::new(0, 0, None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutboxDepth {
    /// Rows to be sent, those that were put off and those behind others included.
    pub pending: u64,
    /// Rows that were given up.
    pub parked: u64,
    /// How long ago the oldest of `pending` was staged.
    #[serde(rename = "oldest_seconds", with = "seconds::or_null")]
    pub oldest: Option<Duration>,
}

impl OutboxDepth {
    /// So many rows to be sent, so many that were given up, and how long ago the oldest of the former was staged.
    #[must_use]
    pub const fn new(pending: u64, parked: u64, oldest: Option<Duration>) -> Self {
        Self { pending, parked, oldest }
    }
}
