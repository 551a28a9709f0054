//! What one process's traffic says.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::controller::{LiveSignals, SignalSource, Signals};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::observe::{
    Comparison, Event, LenientOutcome, Observer, Observers, Operation, Outcome,
};
use strangler_fig::phase::Phase;
use tokio::time::advance;

use super::support::MINUTE;

pub(crate) fn operated(phase: &'static str, outcome: Outcome, duration: Duration) -> Event {
    Event::Operated { operation: Operation::Write, phase, outcome, duration: Some(duration) }
}

fn done() -> Event {
    operated("dual_write", Outcome::Done, Duration::from_millis(1))
}

fn told(events: &[Event]) -> Signals {
    let signals = LiveSignals::default();
    for event in events {
        signals.on_event(event);
    }
    signals.last(MINUTE).unwrap()
}

fn operations(signals: &LiveSignals, window: Duration) -> u64 {
    signals.last(window).unwrap().operations
}

#[tokio::test(start_paused = true)]
async fn every_outcome_is_an_operation_and_two_of_them_are_failures() {
    let outcomes =
        [Outcome::Done, Outcome::FellBack, Outcome::Refused, Outcome::Failed, Outcome::Unknown];
    let events = outcomes.map(|outcome| operated("none", outcome, Duration::ZERO));
    let signals = told(&events);
    assert_eq!(signals, Signals::default().with_operations(5, 2));
}

#[tokio::test(start_paused = true)]
async fn failures_count_for_the_side_that_failed() {
    let [legacy, modern] = ["legacy", "modern"].map(|side| Event::SideFailed { side });
    let signals = told(&[legacy, modern, modern]);
    let expected = Signals::default().with_side_failures(1, 2);
    assert_eq!(signals, expected);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_compared_to_the_end_is_a_comparison() {
    let results = [
        Comparison::Match,
        Comparison::Mismatch,
        Comparison::Unsettled,
        Comparison::Failed,
        Comparison::Skipped,
    ];
    let signals = told(&results.map(|result| Event::Compared { side: "modern", result }));
    assert_eq!(signals, Signals::default().with_comparisons(2, 1));
}

#[tokio::test(start_paused = true)]
async fn of_divergences_only_rejections_count_and_of_other_events_none() {
    let signals = told(&[
        Event::Diverged { reason: "lenient_rejected" },
        Event::Diverged { reason: "lenient_failed" },
        Event::Diverged { reason: "mismatch" },
        Event::Lenient { side: "modern", outcome: LenientOutcome::Failed },
        Event::RepairFailed { reason: "rejected" },
        Event::StateUnreachable,
    ]);
    assert_eq!(signals, Signals::default().with_rejections(1));
}

#[tokio::test(start_paused = true)]
async fn latencies_are_told_by_the_family_of_their_phase() {
    for phase in Phase::ALL {
        let signals = told(&[operated(phase.name(), Outcome::Done, Duration::from_millis(3))]);
        let expected = match phase {
            Phase::LegacyOnly | Phase::DualWrite | Phase::Shadow => (0, 1),
            Phase::Cutover | Phase::Live | Phase::RampDown | Phase::ModernOnly => (1, 0),
            Phase::Halted => (0, 0),
        };
        assert_eq!((signals.latency_samples, signals.latency_before_samples), expected, "{phase}");
        assert_eq!(signals.latency.is_some(), expected.0 == 1);
        assert_eq!(signals.latency_before.is_some(), expected.1 == 1);
        assert_eq!(signals.operations, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_leaves_a_window_when_it_is_older_within_a_bucket() {
    let signals = LiveSignals::default();
    advance(Duration::from_secs(100)).await;
    signals.on_event(&done());
    advance(MINUTE).await;
    assert_eq!(operations(&signals, MINUTE), 1, "as old as the window is in it");
    advance(Duration::from_secs(6)).await;
    assert_eq!(operations(&signals, MINUTE), 0, "a tenth older is not");
    assert_eq!(operations(&signals, 2 * MINUTE), 1);
}

/// An event a second for half an hour: every window shows as many as it has seconds,
/// to within a tenth, and never less.
#[tokio::test(start_paused = true)]
async fn windows_slide_to_within_a_tenth() {
    let signals = LiveSignals::default();
    for second in 1..=1_800_u64 {
        advance(Duration::from_secs(1)).await;
        signals.on_event(&done());
        for window in [30, 31, 60, 299, 900].into_iter().filter(|_| second % 7 == 0) {
            let shown = operations(&signals, Duration::from_secs(window));
            let least = window.min(second);
            assert!(
                (least..=least + window / 10 + 1).contains(&shown),
                "{second} {window} {shown}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_long_silence_the_buckets_of_before_are_not_shown_again() {
    for silence in [899, 900, 903, 906, 909, 1_800, 100_000] {
        let signals = LiveSignals::default();
        (0..300).for_each(|_| signals.on_event(&done()));
        advance(Duration::from_secs(silence)).await;
        signals.on_event(&done());
        let longest = operations(&signals, Duration::from_secs(900));
        let expected = if silence <= 902 { 301 } else { 1 };
        assert_eq!(longest, expected, "after {silence} s");
        assert_eq!(operations(&signals, MINUTE), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_longest_and_the_shortest_window_are_kept_and_no_other() {
    let signals = LiveSignals::default();
    let [longest, shortest] = [900, 30].map(Duration::from_secs);
    assert!(signals.last(longest).is_ok() && signals.last(shortest).is_ok());
    let nano = Duration::from_nanos(1);
    let just_too_short = shortest.saturating_sub(nano);
    for wrong in [longest + nano, just_too_short, Duration::ZERO, Duration::MAX] {
        let refused = signals.last(wrong).unwrap_err();
        assert_eq!((refused.asked, refused.shortest, refused.longest), (wrong, shortest, longest));
    }
    let error = signals.signals(longest + nano).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Rejected);
    assert!(error.with_causes().contains("900.000000001s"), "{}", error.with_causes());
}

#[tokio::test(start_paused = true)]
async fn another_longest_window_is_kept_within_bounds() {
    let range = |window| {
        let refused = LiveSignals::over(window).last(Duration::MAX).unwrap_err();
        (refused.shortest, refused.longest)
    };
    let seconds = Duration::from_secs;
    assert_eq!(range(seconds(3_000)), (seconds(100), seconds(3_000)));
    assert_eq!(range(Duration::ZERO).1, seconds(1));
    assert_eq!(range(Duration::MAX).1, seconds(86_400));
}

#[tokio::test(start_paused = true)]
async fn what_was_usual_before_is_remembered_when_the_traffic_has_gone_over() {
    let signals = LiveSignals::default();
    let before = |millis| operated("shadow", Outcome::Done, Duration::from_millis(millis));
    (0..50).for_each(|_| signals.on_event(&before(100)));
    advance(Duration::from_secs(120)).await;
    (0..50).for_each(|_| signals.on_event(&before(10)));
    for _ in 0..1_000 {
        advance(Duration::from_secs(30)).await;
        signals.on_event(&operated("live", Outcome::Done, Duration::from_millis(20)));
    }
    let told = signals.last(MINUTE).unwrap();
    assert_eq!(told.latency_before_samples, 50, "the last minute that had some, not the first");
    let before = told.latency_before.unwrap();
    assert!((Duration::from_millis(10)..Duration::from_millis(11)).contains(&before), "{before:?}");
    assert_eq!(signals.last(Duration::from_secs(300)).unwrap().latency_before_samples, 100);
    assert!((2..=4).contains(&told.latency_samples), "what is now is of this window only");
    let ratio = told.latency_ratio().unwrap();
    assert!((1.8..2.2).contains(&ratio), "{ratio}");
}

#[tokio::test(start_paused = true)]
async fn while_there_is_traffic_of_before_in_the_window_it_is_of_the_window() {
    let signals = LiveSignals::default();
    let before = |millis| operated("shadow", Outcome::Done, Duration::from_millis(millis));
    signals.on_event(&before(100));
    advance(Duration::from_secs(300)).await;
    signals.on_event(&before(1));
    advance(Duration::from_secs(50)).await;
    let told = signals.last(MINUTE).unwrap();
    assert_eq!(told.latency_before_samples, 1);
    assert!(told.latency_before.unwrap() < Duration::from_millis(2));
}

/// A bucket is of three seconds.
#[tokio::test(start_paused = true)]
async fn the_first_bucket_of_a_window_is_in_it() {
    let signals = LiveSignals::default();
    let before = operated("shadow", Outcome::Done, Duration::from_millis(1));
    for seconds in [270, 30, 60] {
        signals.on_event(&before);
        advance(Duration::from_secs(seconds)).await;
    }
    // Counted at 0, 270 and 300 s; it is 360 s.
    assert_eq!(signals.last(MINUTE).unwrap().latency_before_samples, 1);
}

/// Real threads and a clock that runs: buckets turn over under them, those of a second
/// every 3 ms.
#[test]
fn nothing_that_many_threads_count_is_lost() {
    let signals = LiveSignals::over(Duration::from_secs(60));
    let short = LiveSignals::over(Duration::from_secs(1));
    let rounds: u64 = 20_000;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..rounds {
                    signals.on_event(&done());
                    short.on_event(&operated("live", Outcome::Failed, Duration::from_millis(1)));
                    signals
                        .on_event(&Event::Compared { side: "modern", result: Comparison::Match });
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..200 {
                let told = short.last(Duration::from_secs(1)).unwrap();
                assert!(told.failures <= told.operations, "{told:?}");
            }
        });
    });
    let told = signals.last(Duration::from_secs(60)).unwrap();
    assert_eq!((told.operations, told.comparisons), (4 * rounds, 4 * rounds));
    assert_eq!(told.latency_before_samples, 4 * rounds);
}

#[tokio::test(start_paused = true)]
async fn all_observers_of_several_are_told() {
    let [first, second] = [(); 2].map(|()| Arc::new(LiveSignals::default()));
    let both = Observers::default().with_observer(first.clone()).with_observer(second.clone());
    both.on_event(&done());
    assert_eq!([&first, &second].map(|it| operations(it, MINUTE)), [1, 1]);
    Observers::default().on_event(&done());
}
