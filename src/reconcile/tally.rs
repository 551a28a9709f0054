use super::{FailedKey, SweepReport};
use crate::error::StoreError;
use crate::phase::SweepTicket;

/// What a sweep has done so far.
pub(super) struct Tally<K> {
    pub(super) keys: u64,
    pub(super) to_legacy: u64,
    pub(super) to_modern: u64,
    pub(super) settled: u64,
    pub(super) conflicts: u64,
    /// Failures whose keys were not kept.
    lost: u64,
    pub(super) failed: Vec<FailedKey<K>>,
}

impl<K> Tally<K> {
    pub(super) const fn new() -> Self {
        Self {
            keys: 0,
            to_legacy: 0,
            to_modern: 0,
            settled: 0,
            conflicts: 0,
            lost: 0,
            failed: Vec::new(),
        }
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
        let failures = self.lost + u64::try_from(self.failed.len()).unwrap_or(u64::MAX);
        SweepReport {
            keys: self.keys,
            to_legacy: self.to_legacy,
            to_modern: self.to_modern,
            settled: self.settled,
            conflicts: self.conflicts,
            failures,
            failed: self.failed,
            evidence: ticket.finish(failures, self.conflicts),
        }
    }
}
