use std::time::Duration;

use serde::Serialize;

use super::plain::{TEXT_MAX, capped, spoken};
use crate::clock::seconds;
use crate::reconcile::RepairDepth;
use crate::worker::{Eta, Progress};

/// After how long a backfill, which tells of itself each second, is said not to have been heard of.
const OLD: Duration = Duration::from_secs(10);

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
    #[serde(rename = "oldest_seconds", with = "seconds::or_null")]
    pub oldest: Option<Duration>,
    /// How long ago that was looked at.
    #[serde(rename = "seen_ago_seconds", with = "seconds")]
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
    #[serde(rename = "oldest_seconds", with = "seconds::or_null")]
    pub oldest: Option<Duration>,
    /// How long ago that was looked at.
    #[serde(rename = "seen_ago_seconds", with = "seconds")]
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
    /// How long ago they were counted, which is not done each time that changes are carried over.
    #[serde(rename = "pending_seen_ago_seconds", with = "seconds::or_null")]
    pub pending_seen_ago: Option<Duration>,
    /// How long the oldest of them has waited; `None`: none waits.
    #[serde(rename = "lag_seconds", with = "seconds::or_null")]
    pub lag: Option<Duration>,
    /// How long ago that was looked at.
    #[serde(rename = "seen_ago_seconds", with = "seconds")]
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
    /// Whether it goes on: `running`, `done`, `stopped` or `failed`.
    pub state: &'static str,
    /// The same in numbers. What has ended, or was not heard of for long, has no rate.
    pub progress: Progress,
    /// How long ago it was heard of.
    #[serde(rename = "seen_ago_seconds", with = "seconds")]
    pub seen_ago: Duration,
}

/// How the last sweep stands.
///
/// ```
/// use strangler_fig::status::SweepStatus;
///
/// fn opens_the_way(sweep: &SweepStatus) -> bool {
///     sweep.state == "clean"
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SweepStatus {
    /// Whether it goes on: `running`, `clean`, `unclean`, `interrupted`, `stopped` or `failed`.
    pub state: &'static str,
    /// Records it has looked at.
    pub records: u64,
    /// Keys that it made one; counted at its end.
    pub joined: u64,
    /// Keys that it could not; counted at its end.
    pub left: u64,
    /// How long it took so far.
    #[serde(rename = "took_seconds", with = "seconds")]
    pub duration: Duration,
    /// How long ago it was heard of.
    #[serde(rename = "seen_ago_seconds", with = "seconds")]
    pub seen_ago: Duration,
}

impl BackfillStatus {
    pub(super) fn of(progress: &Progress, state: &'static str, seen_ago: Duration) -> Self {
        let waiting = progress.waiting.as_deref().map(|reason| capped(reason, TEXT_MAX));
        let (mut progress, is_old) = (Progress { waiting, ..progress.clone() }, seen_ago > OLD);
        if is_old && state == "running" {
            (progress.per_second, progress.eta, progress.waiting) = (None, Eta::Unknown, None);
        }
        let ago = spoken(seen_ago);
        let line = match (state, is_old) {
            ("running", false) => progress.to_string(),
            ("running", true) => format!("{progress}, as seen {ago} ago"),
            (state, false) => format!("{}, {state}", progress.counted()),
            (state, true) => format!("{}, {state} {ago} ago", progress.counted()),
        };
        Self { line, state, progress, seen_ago }
    }

    /// How much of what is expected was seen: between 0 and 1, if anybody knows.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let expected = self.progress.expected.filter(|expected| *expected > 0)?;
        super::plain::rate(self.progress.records.min(expected), expected)
    }
}
