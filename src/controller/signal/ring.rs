//! Counters by time: a ring of buckets that are used again and again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What stands in a bucket.
pub(crate) trait Cell: Default {
    fn clear(&self);
}

/// Buckets of one width of time each, numbered by ticks. A bucket is emptied by the
/// first to count in the tick that needs its room.
pub(crate) struct Ring<C> {
    slots: Box<[Slot<C>]>,
}

struct Slot<C> {
    /// Whose counts these are; [`NEVER`]: nobody has counted yet.
    tick: AtomicU64,
    turning: Mutex<()>,
    cell: C,
}

const NEVER: u64 = u64::MAX;

impl<C: Cell> Ring<C> {
    pub(crate) fn new(slots: usize) -> Self {
        let slot =
            |_| Slot { tick: AtomicU64::new(NEVER), turning: Mutex::new(()), cell: C::default() };
        Self { slots: (0..slots.max(1)).map(slot).collect() }
    }

    /// The bucket to count in.
    pub(crate) fn at(&self, tick: u64) -> &C {
        let count = u64::try_from(self.slots.len()).unwrap_or(u64::MAX);
        let index = usize::try_from(tick % count).unwrap_or_default();
        let slot = &self.slots[index];
        if slot.tick.load(Ordering::Acquire) != tick {
            slot.turn(tick);
        }
        &slot.cell
    }

    /// The buckets from `first` to `last`, both included, that hold counts.
    pub(crate) fn between(&self, first: u64, last: u64) -> impl Iterator<Item = &C> {
        let wanted = move |slot: &&Slot<C>| {
            let tick = slot.tick.load(Ordering::Acquire);
            tick != NEVER && (first..=last).contains(&tick)
        };
        self.slots.iter().filter(wanted).map(|slot| &slot.cell)
    }

    /// The last tick that was counted in.
    pub(crate) fn newest(&self) -> Option<u64> {
        let ticks = self.slots.iter().map(|slot| slot.tick.load(Ordering::Acquire));
        ticks.filter(|tick| *tick != NEVER).max()
    }
}

impl<C: Cell> Slot<C> {
    /// Whoever comes second waits for the first to have emptied it, so that nothing
    /// is counted before and lost.
    fn turn(&self, tick: u64) {
        let _turning = self.turning.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.tick.load(Ordering::Relaxed);
        if held == NEVER || held < tick {
            self.cell.clear();
            self.tick.store(tick, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    impl Cell for AtomicU64 {
        fn clear(&self) {
            self.store(0, Ordering::Relaxed);
        }
    }

    /// Others run while it is emptied.
    #[derive(Default)]
    struct Slow(AtomicU64);

    impl Cell for Slow {
        fn clear(&self) {
            std::thread::yield_now();
            self.0.store(0, Ordering::Relaxed);
        }
    }

    fn sum(ring: &Ring<AtomicU64>, first: u64, last: u64) -> u64 {
        ring.between(first, last).map(|cell| cell.load(Ordering::Relaxed)).sum()
    }

    #[test]
    fn a_bucket_is_emptied_for_the_tick_that_needs_its_room() {
        let ring = Ring::<AtomicU64>::new(3);
        for tick in 0..5 {
            ring.at(tick).fetch_add(10 + tick, Ordering::Relaxed);
        }
        assert_eq!([sum(&ring, 0, 1), sum(&ring, 2, 4), sum(&ring, 4, 9)], [0, 39, 14]);
        assert_eq!(ring.newest(), Some(4));
    }

    #[test]
    fn who_comes_a_whole_round_late_empties_nothing() {
        let ring = Ring::<AtomicU64>::new(3);
        ring.at(4).fetch_add(1, Ordering::Relaxed);
        ring.at(1).fetch_add(1, Ordering::Relaxed);
        assert_eq!((sum(&ring, 4, 4), sum(&ring, 1, 1)), (2, 0));
    }

    #[test]
    fn threads_that_meet_at_a_turnover_lose_nothing() {
        const THREADS: usize = 4;
        let (ring, start) = (Ring::<Slow>::new(2), Barrier::new(THREADS));
        let lost = AtomicU64::new(0);
        let work = || {
            for tick in 0..1_000 {
                start.wait();
                ring.at(tick).0.fetch_add(1, Ordering::Relaxed);
                let is_leader = start.wait().is_leader();
                let mut counted = ring.between(tick, tick).map(|it| it.0.load(Ordering::Relaxed));
                if is_leader && counted.next() != Some(4) {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        std::thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(work))));
        assert_eq!(lost.into_inner(), 0);
    }

    #[test]
    fn nothing_was_counted_in_an_empty_ring() {
        let ring = Ring::<AtomicU64>::new(3);
        assert_eq!((ring.newest(), sum(&ring, 0, u64::MAX)), (None, 0));
    }
}
