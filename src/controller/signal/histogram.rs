//! Durations by their size, as in [HdrHistogram](https://hdrhistogram.org): each
//! doubling is divided into parts of equal width, so that the error of a percentile
//! is a share of itself, and adding one is adding to one counter.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::ring::Cell;

/// A unit is 2^10 ns, about a microsecond.
const UNIT_BITS: u32 = 10;
/// 2^4 = 16 parts to each doubling: a part is at most a sixteenth of what is in it.
const PART_BITS: u32 = 4;
/// Longer than 2^32 units, 73 minutes, is as good as that.
const LONGEST_BITS: u32 = 32;
const PARTS: usize = 1 << PART_BITS;
const SIZES: usize = PARTS * (LONGEST_BITS - PART_BITS + 1) as usize;

/// The durations of one bucket.
pub(crate) struct Histogram([AtomicU32; SIZES]);

/// The durations of several.
pub(crate) struct Durations([u64; SIZES]);

impl Default for Histogram {
    fn default() -> Self {
        Self([const { AtomicU32::new(0) }; SIZES])
    }
}

impl Histogram {
    pub(crate) fn add(&self, duration: Duration) {
        self.0[size_of(duration)].fetch_add(1, Ordering::Relaxed);
    }
}

impl Cell for Histogram {
    fn clear(&self) {
        for counter in &self.0 {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

impl Durations {
    pub(crate) fn of<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Self {
        let mut sum = [0; SIZES];
        for histogram in histograms {
            for (sum, counter) in sum.iter_mut().zip(&histogram.0) {
                *sum += u64::from(counter.load(Ordering::Relaxed));
            }
        }
        Self(sum)
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// A time within which `percent` of 100 lie; `None` of none. Above the true one, by
    /// at most a sixteenth of it and a unit.
    pub(crate) fn percentile(&self, percent: u64) -> Option<Duration> {
        let rank = self.count().saturating_mul(percent).div_ceil(100);
        let mut seen = 0;
        let reached = self.0.iter().position(|count| {
            seen += count;
            rank > 0 && seen >= rank
        });
        reached.map(end_of)
    }
}

fn size_of(duration: Duration) -> usize {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let units = (nanos >> UNIT_BITS).min((1 << LONGEST_BITS) - 1);
    let doubling = units.checked_ilog2().unwrap_or(0).saturating_sub(PART_BITS);
    // The part within its doubling carries the doubling's first bit: one row each.
    let size = u64::from(doubling) * (1 << PART_BITS) + (units >> doubling);
    usize::try_from(size).unwrap_or(SIZES - 1)
}

/// The first duration beyond those of a size.
fn end_of(size: usize) -> Duration {
    let doubling = (size / PARTS).saturating_sub(1);
    let part = size - doubling * PARTS;
    let units = (u64::try_from(part).unwrap_or(u64::MAX) + 1) << doubling;
    Duration::from_nanos(units << UNIT_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_each_other_without_a_gap() {
        assert_eq!(size_of(Duration::ZERO), 0);
        for size in 0..SIZES - 1 {
            let end = end_of(size);
            assert_eq!(size_of(end), size + 1, "{end:?}");
            assert_eq!(size_of(end.saturating_sub(Duration::from_nanos(1))), size, "{end:?}");
        }
        assert_eq!(size_of(Duration::MAX), SIZES - 1);
    }

    #[test]
    fn half_and_all_but_one_of_a_hundred_are_told_apart() {
        let histogram = Histogram::default();
        (1..=100).for_each(|millis| histogram.add(Duration::from_millis(millis)));
        let durations = Durations::of([&histogram].into_iter());
        let told = [50, 95, 99, 100].map(|percent| durations.percentile(percent));
        let true_ones = [50, 95, 99, 100].map(Duration::from_millis);
        assert_eq!(told, true_ones.map(|time| Some(end_of(size_of(time)))));
    }

    #[test]
    fn of_twenty_the_nineteenth_is_answered_and_of_one_that_one() {
        let histogram = Histogram::default();
        assert_eq!(Durations::of([&histogram].into_iter()).percentile(95), None);
        histogram.add(Duration::from_millis(1));
        let one = Durations::of([&histogram].into_iter()).percentile(95);
        assert_eq!(one, Some(end_of(size_of(Duration::from_millis(1)))));
        for millis in 2..=20 {
            histogram.add(Duration::from_millis(millis));
        }
        let nineteenth = Durations::of([&histogram].into_iter()).percentile(95);
        assert_eq!(nineteenth, Some(end_of(size_of(Duration::from_millis(19)))));
    }
}
