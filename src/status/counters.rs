//! Counts of a sliding window, without a lock on the way of operations.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::controller::{Cell, Ring};

/// Into how many buckets a window is divided.
const BUCKETS: u64 = 60;
/// Buckets that no window needs: a read may last so many before it misses one.
const SPARE: u64 = 3;
/// How many kinds of things are counted; later ones count together, as [`OTHER`].
const KINDS: usize = 128;
/// What is counted that found no room of its own.
pub(super) const OTHER: &str = "other";

/// What is counted: names that the crate gives, of things it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    pub(super) family: &'static str,
    pub(super) name: &'static str,
    pub(super) detail: &'static str,
}

/// Buckets of time since the process began.
pub(super) struct Times {
    began: Instant,
    window: Duration,
    width: u64,
}

impl Times {
    pub(super) fn of(window: Duration) -> Self {
        let width = (nanos(window) / BUCKETS).max(1);
        Self { began: Instant::now(), window, width }
    }

    pub(super) fn ring<C: Cell>() -> Ring<C> {
        Ring::new(usize::try_from(BUCKETS + SPARE).unwrap_or(1))
    }

    pub(super) fn now(&self) -> u64 {
        nanos(self.began.elapsed()) / self.width
    }

    /// The first and the last bucket of the window.
    pub(super) fn window(&self) -> (u64, u64) {
        let elapsed = self.began.elapsed();
        (nanos(elapsed.saturating_sub(self.window)) / self.width, nanos(elapsed) / self.width)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

struct Counts([AtomicU64; KINDS]);

impl Default for Counts {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; KINDS])
    }
}

impl Cell for Counts {
    fn clear(&self) {
        self.0.iter().for_each(|count| count.store(0, Ordering::Relaxed));
    }
}

/// Counters by kind and time. A kind gets its place when it first comes.
pub(super) struct Counters {
    kinds: [OnceLock<Kind>; KINDS],
    window: Ring<Counts>,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self { kinds: [const { OnceLock::new() }; KINDS], window: Times::ring() }
    }

    pub(super) fn add(&self, times: &Times, kind: Kind, count: u64) {
        let place = self.place(kind);
        self.window.at(times.now()).0[place].fetch_add(count, Ordering::Relaxed);
    }

    /// The last place is that of all who came too late.
    fn place(&self, kind: Kind) -> usize {
        let last = KINDS - 1;
        let places = self.kinds[..last].iter();
        let found = places.enumerate().find(|(_, place)| *place.get_or_init(|| kind) == kind);
        found.map_or(last, |(place, _)| place)
    }

    /// What was counted in the window, in the order of its names; what was not stays away.
    pub(super) fn seen(&self, times: &Times) -> Vec<(Kind, u64)> {
        let (first, last) = times.window();
        let mut sums = [0_u64; KINDS];
        for counts in self.window.between(first, last) {
            for (sum, count) in sums.iter_mut().zip(&counts.0) {
                *sum += count.load(Ordering::Relaxed);
            }
        }
        let other = Kind { family: OTHER, name: OTHER, detail: "" };
        let kinds = self.kinds.iter().map(|kind| kind.get().copied().unwrap_or(other));
        let mut seen: Vec<_> = kinds.zip(sums).filter(|(_, sum)| *sum > 0).collect();
        seen.sort_unstable();
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn kind(name: &'static str) -> Kind {
        Kind { family: "f", name, detail: "" }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_older_than_the_window_is_forgotten() {
        let (times, counters) = (Times::of(Duration::from_secs(60)), Counters::new());
        counters.add(&times, kind("b"), 1);
        tokio::time::advance(Duration::from_secs(50)).await;
        counters.add(&times, kind("a"), 2);
        counters.add(&times, kind("b"), 3);
        assert_eq!(counters.seen(&times), [(kind("a"), 2), (kind("b"), 4)]);
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(counters.seen(&times), [(kind("a"), 2), (kind("b"), 3)]);
    }

    #[tokio::test(start_paused = true)]
    async fn more_kinds_than_there_is_room_for_count_together() {
        let (times, counters) = (Times::of(Duration::from_secs(60)), Counters::new());
        for number in 0..KINDS + 10 {
            let name: &'static str = Box::leak(number.to_string().into_boxed_str());
            counters.add(&times, kind(name), 1);
        }
        let seen = counters.seen(&times);
        let other = seen.iter().find(|(kind, _)| kind.family == OTHER);
        assert_eq!((seen.len(), other.map(|(_, count)| *count)), (KINDS, Some(11)));
    }
}
