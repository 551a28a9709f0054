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
    failed: Vec<(K, StoreError)>,
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
        self.failed.iter().map(|(_, error)| hint(error)).max().unwrap_or_default()
    }

    /// The keys to be joined again.
    pub(super) fn take_open(&mut self) -> Vec<K> {
        let failed = std::mem::take(&mut self.failed).into_iter().map(|(key, _)| key);
        failed.chain(std::mem::take(&mut self.stuck)).collect()
    }

    /// Keeps a key to be joined again, or at least counts it.
    pub(super) fn fail(&mut self, key: K, error: StoreError, kept: usize) {
        if self.failed.len() < kept {
            self.failed.push((key, error));
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
            failed: failures,
            failed_keys: self.failed.into_iter().map(told).collect(),
            evidence: ticket.finish(failures, conflicts),
        }
    }
}

fn told<K>((key, error): (K, StoreError)) -> FailedKey<K> {
    FailedKey { key, error: error.with_causes(), is_retryable: error.is_retryable() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::{Fleet, MigrationState};

    #[test]
    fn keys_beyond_those_kept_are_counted_all_the_same() {
        let mut tally = Tally::new();
        for key in 0..3 {
            tally.stick(key, 1);
            tally.fail(10 + key, StoreError::unavailable("down"), 1);
        }
        assert_eq!(tally.take_open(), [10, 0], "one of each was kept");
        tally.stick(0, 1);
        tally.fail(10, StoreError::unavailable("down"), 1);

        let ticket = MigrationState::new("m".parse().unwrap()).begin_sweep(&Fleet::default());
        let report = tally.report(ticket);
        assert_eq!((report.conflicts, report.failed), (3, 3));
        let failed = &report.failed_keys;
        assert_eq!((failed.len(), failed[0].is_retryable), (1, true));
        assert_eq!(
            failed[0].to_string(),
            "key 10: the store is unavailable; nothing was done: down"
        );
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<SweepReport<i32>>(&text).unwrap(), report);
        assert_eq!(report.evidence, ticket.finish(3, 3));
        let told = "0 keys swept: 0 copied to modern, 0 to legacy, 0 conflicts settled, 3 remain, \
                    3 failed";
        assert_eq!(report.to_string(), told);
    }
}
