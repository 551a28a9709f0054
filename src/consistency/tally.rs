use std::error::Error;
use std::time::Duration;

use super::{
    CheckMode, CheckReport, Difference, DifferenceCounts, DigestWork, UncheckedKey, Uncovered,
    Verdict,
};
use crate::error::with_causes;

/// What a check has seen so far: counts of everything, and the first of each.
#[derive(Debug)]
pub(super) struct Tally<K> {
    pub(super) report: CheckReport<K>,
    kept_max: usize,
}

impl<K: Clone> Tally<K> {
    pub(super) fn new(mode: CheckMode, kept_max: usize) -> Self {
        let report = CheckReport {
            verdict: Verdict::Inconclusive,
            mode,
            keys: 0,
            level: 0,
            tolerated: 0,
            differences: DifferenceCounts::default(),
            unsettled: 0,
            failed: 0,
            candidates: 0,
            not_queued: 0,
            uncovered: 0,
            kept: Vec::new(),
            unsettled_keys: Vec::new(),
            failed_keys: Vec::new(),
            uncovered_ranges: Vec::new(),
            digest: (mode == CheckMode::Digest).then(DigestWork::default),
            duration: Duration::ZERO,
        };
        Self { report, kept_max }
    }

    pub(super) fn level(&mut self, tolerated: bool) {
        self.report.level += 1;
        self.report.tolerated += u64::from(tolerated);
    }

    pub(super) fn different(&mut self, difference: Difference<K>) {
        self.report.differences.add(difference.kind);
        keep(&mut self.report.kept, difference, self.kept_max);
    }

    pub(super) fn unsettled(&mut self, key: K) {
        self.report.unsettled += 1;
        keep(&mut self.report.unsettled_keys, key, self.kept_max);
    }

    pub(super) fn failed(&mut self, key: K, error: &dyn Error) {
        self.report.failed += 1;
        let unchecked = UncheckedKey { key, error: with_causes(error) };
        keep(&mut self.report.failed_keys, unchecked, self.kept_max);
    }

    pub(super) fn uncovered(&mut self, after: Option<K>, until: Option<K>, reason: String) {
        self.report.uncovered += 1;
        let range = Uncovered { after, until, reason };
        keep(&mut self.report.uncovered_ranges, range, self.kept_max);
    }

    pub(super) fn digest(&mut self) -> &mut DigestWork {
        self.report.digest.get_or_insert_default()
    }
}

fn keep<T>(kept: &mut Vec<T>, entry: T, most: usize) {
    if kept.len() < most {
        kept.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StoreError;

    #[test]
    fn what_is_not_kept_is_counted() {
        let mut tally = Tally::new(CheckMode::Full, 1);
        for key in 0..3 {
            tally.unsettled(key);
            tally.failed(key, &StoreError::unavailable("gone"));
            tally.uncovered(Some(key), None, "stopped".to_owned());
        }
        let report = tally.report;
        assert_eq!((report.unsettled, report.failed, report.uncovered), (3, 3, 3));
        assert_eq!((report.unsettled_keys.len(), report.failed_keys.len()), (1, 1));
        assert_eq!(report.uncovered_ranges.len(), 1);
        let text = "the store is unavailable; nothing was done: gone";
        assert_eq!(report.failed_keys[0].error, text);
    }
}
