//! Thresholds, samples, rests, and how often it acts at all.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::controller::{
    Alarm, ChangeRequest, GuardConfig, GuardOutcome, Rate, Ratio, Signals,
};
use strangler_fig::phase::Phase;

use crate::support::{REST, SECOND, Told, WINDOW, World, Wrong, fine, is_quiet, steps};

/// A thousand samples and one too many of them wrong, of each kind.
fn just_above() -> [(&'static str, Signals); 3] {
    let slow = Duration::from_millis(30) + Duration::from_nanos(1);
    [
        ("errors", fine().with_side_failures(0, 51)),
        ("mismatches", fine().with_comparisons(1_000, 11)),
        ("latency", fine().with_latency(Some(slow), 1_000)),
    ]
}

fn at_the_threshold() -> [(&'static str, Signals); 3] {
    [
        ("errors", fine().with_side_failures(0, 50)),
        ("mismatches", fine().with_comparisons(1_000, 10)),
        ("latency", fine().with_latency(Some(Duration::from_millis(30)), 1_000)),
    ]
}

fn config() -> GuardConfig {
    GuardConfig::default()
        .with_error_rate(Rate::percent(5))
        .with_mismatch_rate(Rate::percent(1))
        .with_latency_ratio(Ratio::new(3.0).unwrap())
}

async fn in_shadow() -> World {
    let world = World::new().await;
    world.ann_goes_to(Phase::Shadow).await;
    world
}

#[tokio::test(start_paused = true)]
async fn exactly_at_its_threshold_it_is_quiet_and_just_above_it_acts() {
    for ((what, at), (_, above)) in at_the_threshold().into_iter().zip(just_above()) {
        let world = in_shadow().await;
        let guard = world.guard(config());
        world.signals.now(Told::These(at));
        assert!(is_quiet(&guard.look().await), "{what}");
        world.signals.now(Told::These(above));
        assert_eq!(steps(&guard.look().await), ["to dual_write"], "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_sample_too_few_says_nothing() {
    for (what, above) in just_above() {
        for (samples, acts) in [(1_001, false), (1_000, true)] {
            let world = in_shadow().await;
            let samples = NonZeroU64::new(samples).unwrap();
            let guard = world.guard(config().with_samples_min(samples));
            world.signals.now(Told::These(above));
            assert_eq!(!is_quiet(&guard.look().await), acts, "{what} {samples}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_latency_taken_from_too_few_operations_says_nothing() {
    let slow = Wrong::Latency.signals();
    for few in [
        slow.with_latency(slow.latency, 99),
        slow.with_latency_before(slow.latency_before, 99),
        slow.with_latency(None, 0),
        slow.with_latency_before(None, 0),
    ] {
        let world = in_shadow().await;
        world.signals.now(Told::These(few));
        assert!(is_quiet(&world.guard(config()).look().await), "{few:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_of_legacy_are_no_reason_to_go_back_to_it() {
    let world = in_shadow().await;
    let failing = fine().with_operations(1_000, 900).with_side_failures(900, 0);
    world.signals.now(Told::These(failing));
    assert!(is_quiet(&world.guard(config()).look().await));
}

#[tokio::test(start_paused = true)]
async fn it_rests_after_it_has_acted_and_then_acts_again() {
    let world = in_shadow().await;
    let guard = world.guard(config().with_cool_down(REST));
    world.signals.now(Told::These(Wrong::Mismatches.signals()));
    assert_eq!(steps(&guard.look().await), ["to dual_write"]);
    let GuardOutcome::Resting { left } = guard.look().await else { panic!("it must rest") };
    assert_eq!(left, REST);
    tokio::time::advance(SECOND * 599).await;
    assert!(matches!(guard.look().await, GuardOutcome::Resting { .. }));
    tokio::time::advance(SECOND).await;
    assert_eq!(steps(&guard.look().await), ["to legacy_only"]);
}

#[tokio::test(start_paused = true)]
async fn it_never_acts_twice_on_one_window_however_short_its_rest() {
    let world = in_shadow().await;
    let guard = world.guard(config().with_cool_down(Duration::ZERO).with_window(WINDOW));
    world.signals.now(Told::These(Wrong::Mismatches.signals()));
    guard.look().await;
    tokio::time::advance(SECOND * 59).await;
    assert!(matches!(guard.look().await, GuardOutcome::Resting { .. }));
    assert_eq!(world.phases().await.0, Phase::DualWrite);
}

#[tokio::test(start_paused = true)]
async fn a_new_guard_of_the_name_does_not_act_again_on_that_window() {
    let world = in_shadow().await;
    world.signals.now(Told::These(Wrong::Mismatches.signals()));
    world.guard(config()).look().await;
    let restarted = world.guard(config());
    assert!(matches!(restarted.look().await, GuardOutcome::Resting { .. }));
    assert_eq!(world.phases().await.0, Phase::DualWrite);
    tokio::time::advance(REST).await;
    assert_eq!(steps(&restarted.look().await), ["to legacy_only"]);
}

#[tokio::test(start_paused = true)]
async fn of_two_guards_of_one_name_the_second_rests_when_the_first_has_acted() {
    let world = in_shadow().await;
    let guards = [world.guard(config()), world.guard(config())];
    assert!(is_quiet(&guards[1].look().await));
    world.signals.now(Told::These(Wrong::Mismatches.signals()));
    guards[0].look().await;
    assert!(matches!(guards[1].look().await, GuardOutcome::Resting { .. }));
    assert_eq!(world.phases().await.0, Phase::DualWrite);
}

#[tokio::test(start_paused = true)]
async fn a_rest_for_ever_is_no_mistake() {
    let world = in_shadow().await;
    let guard = world.guard(config().with_cool_down(Duration::MAX));
    world.signals.now(Told::These(Wrong::Mismatches.signals()));
    assert_eq!(steps(&guard.look().await), ["to dual_write"]);
    tokio::time::advance(SECOND * 1_000_000).await;
    let GuardOutcome::Resting { left } = guard.look().await else { panic!("it must rest") };
    assert!(left > SECOND * 99 * 365 * 86_400, "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn after_so_many_times_it_only_alarms_and_so_does_a_new_one() {
    let world = in_shadow().await;
    let guard = world.guard(config().with_rollbacks_max(2));
    for _ in 0..2 {
        world.signals.now(Told::These(Wrong::Mismatches.signals()));
        assert_eq!(steps(&guard.look().await), ["to dual_write"]);
        tokio::time::advance(REST).await;
        world.controller().advance_to(Phase::Shadow, &crate::support::ann()).await.unwrap();
    }
    for guard in [guard, world.guard(config().with_rollbacks_max(2))] {
        tokio::time::advance(REST).await;
        let outcome = guard.look().await;
        let is_exhausted = matches!(outcome, GuardOutcome::Alarmed { alarm: Alarm::Exhausted, .. });
        assert!(is_exhausted, "{outcome:?}");
    }
    assert_eq!(world.heard.alarms(), ["mismatches", "mismatches"]);
    assert_eq!(world.phases().await.0, Phase::Shadow);
}

#[tokio::test(start_paused = true)]
async fn one_that_may_never_act_only_alarms() {
    let world = in_shadow().await;
    world.signals.now(Told::These(Wrong::Errors.signals()));
    let outcome = world.guard(config().with_rollbacks_max(0)).look().await;
    assert!(matches!(outcome, GuardOutcome::Alarmed { alarm: Alarm::Exhausted, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_guard_and_an_operator_at_once_make_one_move_each_or_one_gives_way() {
    for to in [Phase::LegacyOnly, Phase::DualWrite, Phase::Cutover, Phase::Live] {
        let world = in_shadow().await;
        world.signals.now(Told::These(Wrong::Mismatches.signals()));
        let (guard, ann) = (world.guard(config()), Arc::new(world.controller()));
        let asked: ChangeRequest = crate::support::ann();
        let (outcome, moved) = tokio::join!(guard.look(), ann.advance_to(to, &asked));
        let state = world.state().await;
        let actors = state.history().iter().filter(|record| record.epoch > 2);
        assert!(actors.count() >= 1, "{to}: {outcome:?} {moved:?}");
        let epochs: Vec<_> = state.history().iter().map(|record| record.epoch).collect();
        assert!(epochs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{to}: {epochs:?}");
    }
}
