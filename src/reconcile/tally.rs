use std::time::Duration;

use super::{FailedKey, SweepReport};
use crate::error::StoreError;
use crate::phase::SweepTicket;
use crate::worker::hint;

/// What a sweep has done so far.
pub(super) struct Tally<K> {
    pub(super) keys: u64,
    pub(super) to_legacy: u64,
    pub(super) to_modern: u64,
    pub(super) settled: u64,
    /// Conflicts whose keys were not kept.
    conflicts: u64,
    stuck: Vec<K>,
    /// Failures whose keys were not kept.
    lost: u64,
    failed: Vec<FailedKey<K>>,
}

impl<K> Tally<K> {
    pub(super) const fn new() -> Self {
        Self {
            keys: 0,
            to_legacy: 0,
            to_modern: 0,
            settled: 0,
            conflicts: 0,
            stuck: Vec::new(),
            lost: 0,
            failed: Vec::new(),
        }
    }

    /// A conflict that may pass: its key is looked at again.
    pub(super) fn stick(&mut self, key: K, kept: usize) {
        if self.stuck.len() < kept {
            self.stuck.push(key);
        } else {
            self.conflicts += 1;
        }
    }

    /// How long the sides that failed ask to be left alone.
    pub(super) fn hint(&self) -> Duration {
        self.failed.iter().map(|failed| hint(&failed.error)).max().unwrap_or_default()
    }

    /// The keys to be joined again.
    pub(super) fn take_open(&mut self) -> Vec<K> {
        let failed = std::mem::take(&mut self.failed).into_iter().map(|failed| failed.key);
        failed.chain(std::mem::take(&mut self.stuck)).collect()
    }

    /// Keeps a key to be joined again, or at least counts it.
    pub(super) fn fail(&mut self, key: K, error: StoreError, kept: usize) {
        if self.failed.len() < kept {
            self.failed.push(FailedKey { key, error });
        } else {
            self.lost += 1;
        }
    }

    pub(super) fn report(self, ticket: SweepTicket) -> SweepReport<K> {
        let count = |kept: usize| u64::try_from(kept).unwrap_or(u64::MAX);
        let failures = self.lost + count(self.failed.len());
        let conflicts = self.conflicts + count(self.stuck.len());
        SweepReport {
            keys: self.keys,
            to_legacy: self.to_legacy,
            to_modern: self.to_modern,
            settled: self.settled,
            conflicts,
            failures,
            failed: self.failed,
            evidence: ticket.finish(failures, conflicts),
        }
    }
}
