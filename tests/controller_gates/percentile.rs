//! How far a latency is from the true one.

use std::time::Duration;

use proptest::prelude::*;
use strangler_fig::controller::LiveSignals;
use strangler_fig::observe::{Observer, Outcome};

use super::live::operated;

/// What is told of these durations.
fn told(nanos: &[u64]) -> Duration {
    let signals = LiveSignals::default();
    for nanos in nanos {
        let duration = Duration::from_nanos(*nanos);
        signals.on_event(&operated("live", Outcome::Done, duration));
    }
    signals.last(Duration::from_secs(60)).unwrap().latency.unwrap()
}

/// The smallest of them within which 95 of 100 lie.
fn exact(nanos: &[u64]) -> u64 {
    let mut sorted = nanos.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() * 95).div_ceil(100) - 1]
}

/// Above the true one, by at most a sixteenth of it and a unit.
fn is_told_within(told: Duration, exact: u64, share: u64) -> bool {
    let told = u64::try_from(told.as_nanos()).unwrap();
    told > exact && told <= exact + exact / share + 1_024
}

/// From nanoseconds to an hour, each size as likely as another.
fn nanos() -> impl Strategy<Value = u64> {
    (0..41_u32, any::<u64>()).prop_map(|(bits, within)| (1 << bits) + within % (1 << bits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_percentile_is_told_from_above_by_a_sixteenth_at_most(
        nanos in prop::collection::vec(nanos(), 1..200)
    ) {
        let (told, exact) = (told(&nanos), exact(&nanos));
        prop_assert!(is_told_within(told, exact, 16), "{told:?} for {exact} ns");
    }
}

/// The bound is a bound: half of it would not hold.
#[test]
fn half_the_error_is_not_enough() {
    let just_in = 1 << 30;
    assert!(is_told_within(told(&[just_in]), just_in, 16));
    assert!(!is_told_within(told(&[just_in]), just_in, 32));
}

#[test]
fn what_takes_longer_than_73_minutes_counts_as_that() {
    let told = told(&[u64::MAX]);
    assert_eq!(told, Duration::from_nanos(1 << 42));
}
