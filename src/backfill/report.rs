use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{JobName, PartitionState};
use crate::clock::seconds;

/// A record that modern did not take.
///
/// ```
/// use strangler_fig::backfill::{BackfillReport, FailedKey};
///
/// /// What people look at: `key 00000007: too long`.
/// fn failed(report: &BackfillReport) -> Vec<String> {
///     report.failed_keys.iter().map(FailedKey::to_string).collect()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedKey {
    /// The encoded key, in hex digits.
    pub key: String,
    /// What modern reported last.
    pub error: String,
}

impl fmt::Display for FailedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}: {}", self.key, self.error)
    }
}

/// What a backfill has come to.
///
/// ```
/// use strangler_fig::backfill::BackfillReport;
///
/// /// What a job tells whoever has started it.
/// fn line(report: &BackfillReport) -> String {
///     let end = if report.is_done { "done" } else { "to be gone on with" };
///     format!("{}: {end}, {} copied by this run", report.job, report.copied)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BackfillReport {
    /// Which job.
    pub job: JobName,
    /// Whether nothing was written: what was copied would have been.
    pub is_dry_run: bool,
    /// Whether every partition is finished, by whomever.
    pub is_done: bool,
    /// How many partitions the job has.
    pub partitions: u64,
    /// How many of them are finished.
    pub partitions_done: u64,
    /// Records this run has read from legacy.
    pub scanned: u64,
    /// Records that modern took.
    pub copied: u64,
    /// Records of which modern had this stamp, or a later one.
    pub level: u64,
    /// Records that were handed to the repair queue.
    pub failed: u64,
    /// How often another worker had taken a partition over, because this one was
    /// not heard of for too long.
    pub claims_lost: u64,
    /// How long this run took.
    #[serde(rename = "took_seconds", with = "seconds")]
    pub duration: Duration,
    /// The first that failed.
    pub failed_keys: Vec<FailedKey>,
}

impl BackfillReport {
    pub(super) fn new(job: JobName) -> Self {
        Self {
            job,
            is_dry_run: false,
            is_done: false,
            partitions: 0,
            partitions_done: 0,
            scanned: 0,
            copied: 0,
            level: 0,
            failed: 0,
            claims_lost: 0,
            duration: Duration::ZERO,
            failed_keys: Vec::new(),
        }
    }

    pub(super) fn close(&mut self, partitions: &[PartitionState]) {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let done = partitions.iter().filter(|state| state.checkpoint.is_done).count();
        (self.partitions, self.partitions_done) = (count(partitions.len()), count(done));
        // None are left of a job that was removed.
        self.is_done = done == partitions.len() && done > 0;
    }

    /// The report on one line, without the records that failed: what logs may hold.
    pub(super) const fn summary(&self) -> Summary<'_> {
        Summary(self)
    }
}

impl fmt::Display for BackfillReport {
    /// With the keys of the first that failed, and what modern said of them: for people, not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary().fmt(f)?;
        self.failed_keys.iter().try_for_each(|failed| write!(f, "\n  {failed}"))
    }
}

pub(super) struct Summary<'a>(&'a BackfillReport);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let (dry, copied) =
            if report.is_dry_run { (" (dry run)", "to copy") } else { ("", "copied") };
        let state = if report.is_done { "done" } else { "not done" };
        write!(
            f,
            "backfill {}{dry}: {state}, {} of {} partitions; this run: {} scanned, {} {copied}, \
             {} there already, {} failed, in {:.1?}",
            report.job,
            report.partitions_done,
            report.partitions,
            report.scanned,
            report.copied,
            report.level,
            report.failed,
            report.duration
        )?;
        if report.claims_lost > 0 {
            write!(f, "; {} partitions were taken over", report.claims_lost)?;
        }
        Ok(())
    }
}
