//! Gates over live signals.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::controller::{
    ErrorRateBelow, GateReading, LatencyWithin, LiveSignals, MismatchRateBelow, Rate, Ratio,
    Signals,
};

use super::support::{Fixed, MINUTE, Mode, World, closed, open};

async fn mismatches(mismatches: u64, comparisons: u64, rate: Rate) -> GateReading {
    let signals = Signals::default().with_comparisons(comparisons, mismatches);
    let gate = MismatchRateBelow::new(Arc::new(Fixed(Mode::Works, signals)), rate, MINUTE);
    World::of(1).read(&gate).await
}

#[tokio::test]
async fn mismatches_up_to_the_rate_are_let_through() {
    let rate = Rate::new(0.001).unwrap();
    let saw = "1 of 1000 comparisons differed: 0.1 %, at most 0.1 % may (in 60s)";
    assert_eq!(open(&mismatches(1, 1_000, rate).await), saw);
    assert!(closed(&mismatches(1, 999, rate).await).starts_with("1 of 999"));
    open(&mismatches(0, 100, Rate::ZERO).await);
    closed(&mismatches(1, u64::MAX, Rate::ZERO).await);
    open(&mismatches(100, 100, Rate::percent(100)).await);
}

#[tokio::test]
async fn too_few_comparisons_say_nothing() {
    let saw = "only 99 comparisons, 100 are needed to tell (in 60s)";
    assert_eq!(closed(&mismatches(0, 99, Rate::percent(100)).await), saw);
    closed(&mismatches(0, 0, Rate::percent(100)).await);
    let signals = Signals::default().with_comparisons(5, 0);
    let source = Arc::new(Fixed(Mode::Works, signals));
    let gate = MismatchRateBelow::new(source, Rate::ZERO, MINUTE);
    let five = NonZeroU64::new(5).unwrap();
    open(&World::of(1).read(&gate.clone().with_samples_min(five)).await);
    closed(&World::of(1).read(&gate.with_samples_min(five.saturating_add(1))).await);
}

async fn errors(signals: Signals, rate: Rate) -> GateReading {
    let gate = ErrorRateBelow::new(Arc::new(Fixed(Mode::Works, signals)), rate, MINUTE);
    World::of(1).read(&gate).await
}

#[tokio::test]
async fn failures_up_to_the_rate_are_let_through() {
    let of = |failures| Signals::default().with_operations(200, failures);
    let saw =
        "2 of 200 operations failed: 1 %; modern failed 0 times: 0 %; at most 1 % may (in 60s)";
    assert_eq!(open(&errors(of(2), Rate::percent(1)).await), saw);
    closed(&errors(of(3), Rate::percent(1)).await);
}

#[tokio::test]
async fn modern_failures_count_though_no_caller_has_seen_them() {
    let of = |modern_failures| {
        Signals::default().with_operations(200, 0).with_side_failures(0, modern_failures)
    };
    open(&errors(of(2), Rate::percent(1)).await);
    assert!(
        closed(&errors(of(3), Rate::percent(1)).await).contains("modern failed 3 times: 1.5 %")
    );
    closed(&errors(of(1_000), Rate::percent(100)).await);
}

#[tokio::test]
async fn legacy_failures_alone_hold_nothing_up() {
    let signals = Signals::default().with_operations(200, 0).with_side_failures(200, 0);
    open(&errors(signals, Rate::ZERO).await);
}

#[tokio::test]
async fn too_few_operations_say_nothing() {
    let signals = Signals::default().with_operations(99, 0);
    let saw = "only 99 operations, 100 are needed to tell (in 60s)";
    assert_eq!(closed(&errors(signals, Rate::percent(100)).await), saw);
}

async fn latency(millis: [Option<u64>; 2], samples: [u64; 2]) -> GateReading {
    let [latency, latency_before] = millis.map(|millis| millis.map(Duration::from_millis));
    let signals = Signals::default()
        .with_latency(latency, samples[0])
        .with_latency_before(latency_before, samples[1]);
    let ratio = Ratio::new(1.5).unwrap();
    let gate = LatencyWithin::new(Arc::new(Fixed(Mode::Works, signals)), ratio, MINUTE);
    World::of(1).read(&gate).await
}

#[tokio::test]
async fn latencies_up_to_the_ratio_are_let_through() {
    let reading = latency([Some(15), Some(10)], [100, 100]).await;
    let saw =
        "95 of 100 operations take 15ms, 10ms before: 1.5 times, at most 1.5 times may (in 60s)";
    assert_eq!(open(&reading), saw);
    closed(&latency([Some(16), Some(10)], [100, 100]).await);
    open(&latency([Some(1), Some(10)], [100, 100]).await);
}

#[tokio::test]
async fn a_latency_of_few_operations_says_nothing() {
    let now = latency([Some(1), Some(10)], [99, 100]).await;
    assert!(closed(&now).starts_with("only 99 operations in cutover and after"), "{now}");
    let before = latency([Some(1), Some(10)], [100, 99]).await;
    assert!(closed(&before).starts_with("only 99 operations before cutover"), "{before}");
}

#[tokio::test]
async fn without_a_latency_to_compare_with_it_is_closed() {
    for millis in [[None, Some(10)], [Some(10), None], [Some(10), Some(0)]] {
        let reading = latency(millis, [100, 100]).await;
        assert!(closed(&reading).starts_with("no latency is told"), "{reading}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_that_nobody_keeps_is_closed_and_named() {
    let hour = Duration::from_secs(3_600);
    let gate = MismatchRateBelow::new(Arc::new(LiveSignals::default()), Rate::percent(100), hour);
    let reading = World::of(1).read(&gate).await;
    assert!(closed(&reading).ends_with("windows of 30s to 900s, not of 3600s"), "{reading}");
}

#[test]
fn no_wrong_rate_or_ratio_can_be_passed() {
    let no_number = [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -f64::EPSILON];
    assert!(no_number.into_iter().all(|it| Rate::new(it).is_err() && Ratio::new(it).is_err()));
    assert!(Rate::new(1.0 + f64::EPSILON).is_err() && Ratio::new(0.0).is_err());
    assert_eq!(Rate::new(-0.0).unwrap().to_string(), "0 %");
    assert!(Rate::new(1.0).is_ok() && Ratio::new(f64::MIN_POSITIVE).is_ok());
    assert!(serde_json::from_str::<Rate>("1.5").is_err());
    assert!(serde_json::from_str::<Ratio>("-1").is_err());
    assert_eq!(Rate::percent(200), Rate::new(1.0).unwrap());
}
