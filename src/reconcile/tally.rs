use super::{FailedKey, SweepReport};
use crate::error::StoreError;
use crate::phase::SweepTicket;
use crate::repository::Applied;
use crate::stamp::Record;

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

    /// How many of these records were copied; the failed ones are kept.
    pub(super) fn copied<E>(
        &mut self,
        records: Vec<(K, Record<E>)>,
        answers: Vec<Result<Applied, StoreError>>,
        kept: usize,
    ) -> u64 {
        let mut copied = 0;
        let mut answers = answers.into_iter();
        for (key, _) in records {
            match answers.next() {
                Some(Ok(Applied::Stored)) => copied += 1,
                Some(Ok(Applied::Stale(_))) => {}
                Some(Err(error)) => self.fail(key, error, kept),
                None => {
                    let error = StoreError::unknown("`apply_many` left a record unanswered");
                    self.fail(key, error, kept);
                }
            }
        }
        copied
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
