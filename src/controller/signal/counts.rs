use std::sync::atomic::{AtomicU64, Ordering};

use super::Signals;
use super::ring::Cell;

/// The counters of one bucket.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) operations: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) legacy_failures: AtomicU64,
    pub(super) modern_failures: AtomicU64,
    pub(super) comparisons: AtomicU64,
    pub(super) mismatches: AtomicU64,
    pub(super) rejections: AtomicU64,
}

impl Counts {
    /// Adds them to `sum`.
    pub(super) fn add_to(&self, sum: &mut Signals) {
        let of = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        // Parts before their wholes: what is counted meanwhile makes no rate above 1.
        sum.failures += of(&self.failures);
        sum.mismatches += of(&self.mismatches);
        sum.operations += of(&self.operations);
        sum.comparisons += of(&self.comparisons);
        sum.legacy_failures += of(&self.legacy_failures);
        sum.modern_failures += of(&self.modern_failures);
        sum.rejections += of(&self.rejections);
    }
}

impl Cell for Counts {
    fn clear(&self) {
        let counters = [
            &self.operations,
            &self.failures,
            &self.legacy_failures,
            &self.modern_failures,
            &self.comparisons,
            &self.mismatches,
            &self.rejections,
        ];
        for counter in counters {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

/// One more; the whole is counted before its part.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Release);
}
