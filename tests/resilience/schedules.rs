//! Schedules of others, and the crate's own.

use std::num::NonZeroU32;
use std::time::Duration;

use backon::{BackoffBuilder, ConstantBuilder, ExponentialBuilder, FibonacciBuilder};
use proptest::prelude::*;
use strangler_fig::resilience::{Exponential, Jitter, Retry, Schedule};
use tokio_retry::strategy::{
    ExponentialBackoff as Doubling, FibonacciBackoff, FixedInterval, jitter,
};

use crate::support::{Fault, Script, ms};

const ALL: [Jitter; 4] = [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::Decorrelated];

/// When the tries of a call are made that always fails.
async fn tries(schedule: impl Schedule) -> Vec<u128> {
    let script = Script::failing(Fault::Busy);
    Retry::new(schedule).call(|| script.play()).await.unwrap_err();
    script.calls()
}

#[tokio::test(start_paused = true)]
async fn any_iterator_of_pauses_is_a_schedule() {
    assert_eq!(tries(|| vec![ms(3), ms(1)].into_iter()).await, [0, 3, 4]);
    assert_eq!(tries(|| (1..4).map(ms)).await, [0, 1, 3, 6]);
    assert_eq!(tries(|| std::iter::once(ms(9))).await, [0, 9]);
    assert_eq!(tries(|| std::iter::repeat_n(ms(2), 2).chain([ms(5)])).await, [0, 2, 4, 9]);
}

/// Its builders are no iterators; what they build is.
#[tokio::test(start_paused = true)]
async fn the_builders_of_backon_are_schedules_by_way_of_a_closure() {
    let doubling = ExponentialBuilder::default().with_min_delay(ms(10)).with_max_times(3);
    assert_eq!(tries(move || doubling.build()).await, [0, 10, 30, 70]);
    let even = ConstantBuilder::default().with_delay(ms(10)).with_max_times(2);
    assert_eq!(tries(move || even.build()).await, [0, 10, 20]);
    let fibonacci = FibonacciBuilder::default().with_min_delay(ms(10)).with_max_times(4);
    assert_eq!(tries(move || fibonacci.build()).await, [0, 10, 20, 40, 70]);
}

#[tokio::test(start_paused = true)]
async fn the_jitter_of_backon_goes_along() {
    let drawn = ExponentialBuilder::default().with_min_delay(ms(100)).with_jitter();
    let tries = tries(move || drawn.build()).await;
    assert_eq!(tries.len(), 4);
    assert!((100..=202).contains(&tries[1]), "{tries:?}");
}

/// Its strategies are iterators themselves; a clone serves each call.
#[tokio::test(start_paused = true)]
async fn the_strategies_of_tokio_retry_are_schedules_by_way_of_a_clone() {
    let even = FixedInterval::from_millis(10).take(2);
    assert_eq!(tries(move || even.clone()).await, [0, 10, 20]);
    let powers = Doubling::from_millis(10).max_delay(ms(500)).take(3);
    assert_eq!(tries(move || powers.clone()).await, [0, 10, 110, 610]);
    let fibonacci = FibonacciBackoff::from_millis(10).take(3);
    assert_eq!(tries(move || fibonacci.clone()).await, [0, 10, 20, 40]);
    let drawn = FixedInterval::from_millis(100).map(jitter).take(2);
    assert_eq!(tries(move || drawn.clone()).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_without_an_end_ends_after_a_hundred_retries() {
    assert_eq!(tries(|| std::iter::repeat(ms(1))).await.len(), 101);
    assert_eq!(tries(|| FixedInterval::from_millis(1)).await.len(), 101);
    let endless = ConstantBuilder::default().with_delay(ms(1)).without_max_times();
    assert_eq!(tries(move || endless.build()).await.len(), 101);
    assert_eq!(tries(Exponential::between(ms(1), ms(1)).with_count(u32::MAX)).await.len(), 101);
}

/// Pauses that a type of somebody else makes up.
struct Thrice(Duration);

impl Schedule for Thrice {
    fn delays(&self) -> Box<dyn Iterator<Item = Duration> + Send> {
        Box::new([self.0; 3].into_iter())
    }
}

#[tokio::test(start_paused = true)]
async fn a_type_may_be_a_schedule_of_its_own() {
    assert_eq!(tries(Thrice(ms(4))).await, [0, 4, 8, 12]);
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_by_their_factor_up_to_their_limit() {
    let tenfold = Exponential::between(ms(1), ms(500))
        .with_factor(NonZeroU32::new(10).unwrap())
        .with_jitter(Jitter::None)
        .with_count(5);
    assert_eq!(tries(tenfold).await, [0, 1, 11, 111, 611, 1_111]);
}

#[tokio::test(start_paused = true)]
async fn a_seed_makes_a_run_repeatable_call_by_call() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let seeded = Exponential::between(ms(100), ms(60_000)).with_seed(11).with_count(5);
        let [one, other] = [tries(seeded.clone()).await, tries(seeded).await];
        assert_ne!(one, other, "two calls do not come back together");
        runs.push([one, other]);
    }
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn without_a_seed_no_two_calls_draw_the_same() {
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
        let pauses = Exponential::between(ms(1_000), ms(60_000)).with_jitter(jitter);
        let [one, other] = [(); 2].map(|()| pauses.delays().collect::<Vec<_>>());
        assert_ne!(one, other, "{jitter:?}");
    }
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        8 => (0..10_000_u64).prop_map(ms),
        2 => (0..u64::MAX).prop_map(Duration::from_nanos),
        1 => Just(Duration::MAX),
        1 => Just(Duration::ZERO),
    ]
}

proptest! {
    #[test]
    fn no_pause_is_longer_than_the_limit_whatever_is_drawn(
        delay_min in durations(),
        delay_max in durations(),
        factor in prop_oneof![1..10_u32, Just(u32::MAX)],
        jitter in proptest::sample::select(&ALL[..]),
        seed: u64,
    ) {
        let pauses = Exponential::between(delay_min, delay_max)
            .with_factor(NonZeroU32::new(factor).unwrap())
            .with_jitter(jitter)
            .with_count(40)
            .with_seed(seed);
        prop_assert_eq!(pauses.delays().count(), 40);
        prop_assert!(pauses.delays().all(|pause| pause <= delay_max));
    }
}
