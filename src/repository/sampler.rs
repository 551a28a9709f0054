//! Which operations are timed: all while there are few, and of many one of so many.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// So long without an operation that is timed, and all are.
const QUIET: Duration = Duration::from_millis(100);
/// After so many that were timed one looks how long they took.
const ROUND: u32 = 32;
/// If they took less, half as many are timed from there on.
const ROUND_MIN: Duration = Duration::from_millis(320);

/// Draws the operations that are timed. Only for those a clock is read, so that the
/// share it draws follows the traffic at no cost for the others.
#[derive(Debug)]
pub(super) struct Sampler {
    one_in_max: u32,
    one_in: AtomicU32,
    began: Instant,
    /// When the last one was timed, in nanoseconds.
    last: AtomicU64,
    /// When the round began.
    round: AtomicU64,
    /// How many it has.
    timed: AtomicU32,
}

impl Sampler {
    pub(super) fn new(one_in: NonZeroU32) -> Self {
        Self {
            one_in_max: one_in.get(),
            one_in: AtomicU32::new(1),
            began: Instant::now(),
            last: AtomicU64::new(0),
            round: AtomicU64::new(0),
            timed: AtomicU32::new(0),
        }
    }

    /// Now, if this operation is timed. Never inlined: where nobody listens, nothing of it is in
    /// the way.
    #[inline(never)]
    pub(super) fn draw(&self) -> Option<Instant> {
        let one_in = self.one_in.load(Ordering::Relaxed);
        if one_in > 1 && fastrand::u32(0..one_in) != 0 {
            return None;
        }
        let now = Instant::now();
        if self.one_in_max > 1 {
            self.follow(nanos(now.duration_since(self.began)), one_in);
        }
        Some(now)
    }

    /// Draws more, or fewer. Threads that meet here may each count a round: the share then
    /// changes a little early or late.
    fn follow(&self, now: u64, one_in: u32) {
        let last = self.last.swap(now, Ordering::Relaxed);
        if now.saturating_sub(last) > nanos(QUIET) {
            self.one_in.store(1, Ordering::Relaxed);
            self.begin_round(now);
        } else if self.timed.fetch_add(1, Ordering::Relaxed) >= ROUND - 1 {
            let took = now.saturating_sub(self.round.load(Ordering::Relaxed));
            if took < nanos(ROUND_MIN) {
                let fewer = one_in.saturating_mul(2).min(self.one_in_max);
                self.one_in.store(fewer, Ordering::Relaxed);
            }
            self.begin_round(now);
        }
    }

    fn begin_round(&self, now: u64) {
        self.round.store(now, Ordering::Relaxed);
        self.timed.store(0, Ordering::Relaxed);
    }
}

/// Of 584 years at most.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(one_in: u32) -> Sampler {
        Sampler::new(NonZeroU32::new(one_in).unwrap())
    }

    #[tokio::test]
    async fn where_nobody_listens_no_operation_asks_what_time_it_is() {
        let state = crate::phase::MigrationState::new("users".parse().unwrap());
        let tracker = crate::phase::PhaseTracker::detached(state);
        let [legacy, modern] =
            [(); 2].map(|()| crate::memory::InMemoryRepository::new(|user: &(u32, u32)| user.0));
        let users = crate::repository::MigrationRepository::new(legacy, modern, tracker).unwrap();
        users.save((1, 2)).await.unwrap();
        users.find(&1).await.unwrap();
        let sampler = &users.core.sampler;
        assert_eq!(sampler.last.load(Ordering::Relaxed), 0);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(sampler.draw().is_some());
        assert_ne!(sampler.last.load(Ordering::Relaxed), 0, "a draw would have been seen");
    }

    /// How many of so many operations are timed, one each `micros`.
    async fn timed(sampler: &Sampler, operations: u32, micros: u64) -> u32 {
        let mut timed = 0;
        for _ in 0..operations {
            tokio::time::advance(Duration::from_micros(micros)).await;
            timed += u32::from(sampler.draw().is_some());
        }
        timed
    }

    #[tokio::test(start_paused = true)]
    async fn while_there_are_few_all_are_timed() {
        assert_eq!(timed(&sampler(16), 2_000, 20_000).await, 2_000);
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_one_of_so_many_is_and_never_fewer() {
        let sampler = sampler(16);
        timed(&sampler, 2_000, 10).await;
        let drawn = timed(&sampler, 160_000, 10).await;
        assert!((9_000..11_000).contains(&drawn), "{drawn}");
    }

    #[tokio::test(start_paused = true)]
    async fn between_them_about_a_hundred_a_second_are() {
        let sampler = sampler(1_024);
        timed(&sampler, 10_000, 1_000).await;
        let drawn = timed(&sampler, 60_000, 1_000).await;
        assert!((60 * 30..60 * 250).contains(&drawn), "{drawn} in a minute");
    }

    #[tokio::test(start_paused = true)]
    async fn when_it_grows_quiet_all_are_timed_again_soon() {
        let sampler = sampler(16);
        timed(&sampler, 100_000, 10).await;
        timed(&sampler, 200, 1_000_000).await;
        assert_eq!(timed(&sampler, 100, 1_000_000).await, 100);
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_one_is_every_one() {
        assert_eq!(timed(&sampler(1), 10_000, 1).await, 10_000);
    }
}
