use std::time::Duration;

use serde::Serialize;

use super::plain::{TEXT_MAX, capped, seconds, seconds_or_null};
use crate::reconcile::RepairDepth;
use crate::worker::Progress;

/// What waits to be repaired.
///
/// ```
/// use strangler_fig::status::RepairStatus;
///
/// fn needs_somebody(repairs: &RepairStatus) -> bool {
///     repairs.parked > 0
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RepairStatus {
    /// Keys that wait.
    pub waiting: u64,
    /// Keys that were given up, until somebody looks.
    pub parked: u64,
    /// How long the oldest has waited.
    #[serde(rename = "oldest_seconds", serialize_with = "seconds_or_null")]
    pub oldest: Option<Duration>,
    /// How long ago that was looked at.
    #[serde(rename = "seen_ago_seconds", serialize_with = "seconds")]
    pub seen_ago: Duration,
}

impl RepairStatus {
    pub(super) const fn now(depth: RepairDepth) -> Self {
        let RepairDepth { waiting, parked, oldest } = depth;
        Self { waiting, parked, oldest, seen_ago: Duration::ZERO }
    }
}

/// What waits in the outbox.
///
/// ```
/// use strangler_fig::status::OutboxStatus;
///
/// fn is_clear(outbox: &OutboxStatus) -> bool {
///     outbox.pending == 0 && outbox.parked == 0
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OutboxStatus {
    /// Messages to be sent.
    pub pending: u64,
    /// Messages that were given up.
    pub parked: u64,
    /// How long the oldest of `pending` has waited.
    #[serde(rename = "oldest_seconds", serialize_with = "seconds_or_null")]
    pub oldest: Option<Duration>,
    /// How long ago that was looked at.
    #[serde(rename = "seen_ago_seconds", serialize_with = "seconds")]
    pub seen_ago: Duration,
}

/// How far replication is behind legacy.
///
/// ```
/// use strangler_fig::status::ReplicationStatus;
///
/// fn is_level(replication: &ReplicationStatus) -> bool {
///     replication.lag.is_none()
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReplicationStatus {
    /// How many changes wait, where they are counted.
    pub pending: Option<u64>,
    /// How long the oldest of them has waited; `None`: none waits.
    #[serde(rename = "lag_seconds", serialize_with = "seconds_or_null")]
    pub lag: Option<Duration>,
    /// How long ago that was looked at.
    #[serde(rename = "seen_ago_seconds", serialize_with = "seconds")]
    pub seen_ago: Duration,
}

/// How far the backfill has come.
///
/// ```
/// use strangler_fig::status::BackfillStatus;
///
/// fn is_standing(backfill: &BackfillStatus) -> bool {
///     backfill.progress.waiting.is_some()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BackfillStatus {
    /// All of it in one line; what nobody knows is unknown.
    pub line: String,
    /// The same in numbers.
    pub progress: Progress,
}

impl BackfillStatus {
    pub(super) fn of(progress: &Progress) -> Self {
        let waiting = progress.waiting.as_deref().map(|reason| capped(reason, TEXT_MAX));
        let progress = Progress { waiting, ..progress.clone() };
        Self { line: progress.to_string(), progress }
    }

    /// How much of what is expected was seen: between 0 and 1, if anybody knows.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let expected = self.progress.expected.filter(|expected| *expected > 0)?;
        super::plain::rate(self.progress.records.min(expected), expected)
    }
}
