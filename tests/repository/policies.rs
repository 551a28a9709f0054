//! Sides behind policies: what a call that is made again means for a write.

use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::{Phase, Share, Side};
use strangler_fig::repository::MigrationError;
use strangler_fig::resilience::{
    BreakerConfig, BreakerState, CircuitBreaker, Exponential, Jitter, Policy, Refused, Retry,
    TimedOut,
};
use strangler_fig::testkit::faults::{Fault, Pause};

use crate::support::{AHEAD, KEY, NEW, OLD, OTHER, World, behind, kind, stamp, timed};

const PAUSE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_millis(100);

/// Two retries, 10 and 20 ms later, and 100 ms for each try.
pub(crate) fn stubborn(name: &'static str) -> Policy {
    let pauses = Exponential::between(PAUSE, 10 * PAUSE).with_jitter(Jitter::None).with_count(2);
    Policy::new(name).with_retry(Retry::new(pauses)).with_try_deadline(PATIENCE)
}

/// A world in which both sides are stubborn.
fn world(phase: Phase) -> World {
    let sides = [(Side::Legacy, stubborn("legacy")), (Side::Modern, stubborn("modern"))];
    World::with(phase, behind(&sides))
}

/// A policy that opens at the first failure, for ten seconds.
pub(crate) fn touchy(name: &'static str) -> Policy {
    let config = BreakerConfig::default()
        .with_failure_rate(Share::NONE)
        .with_calls_min(std::num::NonZeroU32::MIN)
        .with_probes(std::num::NonZeroU32::MIN)
        .with_open_for(Duration::from_secs(10));
    Policy::new(name).with_breaker(CircuitBreaker::new(name, config)).with_try_deadline(PATIENCE)
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_not_executed_is_made_again() {
    let world = world(Phase::DualWrite);
    for side in [&world.legacy, &world.modern] {
        side.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
        side.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    }
    let (saved, took) = timed(world.rows.save(NEW)).await;
    saved.unwrap();
    assert_eq!(took, 6 * PAUSE);
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
    assert!(world.noted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_store_refuses_by_its_own_rules_is_not_asked_again() {
    let world = world(Phase::DualWrite);
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Rejected));
    assert_eq!(kind(world.rows.save(NEW).await), StoreErrorKind::Rejected);
    assert_eq!(world.legacy.applies(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_and_the_write_finds_itself() {
    for phase in [Phase::LegacyOnly, Phase::DualWrite, Phase::Cutover, Phase::Live] {
        let world = world(phase);
        world.legacy.push_apply(Fault::FailAfter);
        world.modern.push_apply(Fault::FailAfter);
        world.rows.save(NEW).await.unwrap();
        assert_eq!(world.in_legacy().await.value, Some(NEW), "{phase}");
        assert!(world.noted().is_empty(), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_hangs_is_made_again() {
    let world = world(Phase::Live);
    world.legacy.push_apply(Fault::Hang);
    let (saved, took) = timed(world.rows.save(NEW)).await;
    saved.unwrap();
    assert_eq!(took, PATIENCE + PAUSE);
}

/// The counterexample to "a call may simply be made again": the clock of this node is
/// behind, so its write is stale; that answer is lost; made again, the call finds a
/// later stamp. If that counted as overtaken, the write would be acknowledged and lost.
#[tokio::test(start_paused = true)]
async fn a_write_that_was_in_doubt_and_then_finds_a_later_stamp_stays_in_doubt() {
    for phase in [Phase::LegacyOnly, Phase::DualWrite] {
        let world = world(phase);
        world.put(&world.legacy, AHEAD, Some(OTHER)).await;
        world.legacy.push_apply(Fault::FailAfter);
        let error = world.rows.save(NEW).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unknown, "{phase}");
        assert_eq!(error.downcast_ref(), Some(&MigrationError::OvertakenInDoubt), "{phase}");
        assert_eq!(world.in_legacy().await.value, Some(OTHER), "{phase}");
        let noted: &[_] = if phase == Phase::DualWrite { &["write_unknown"] } else { &[] };
        assert_eq!(world.noted(), noted, "{phase}");

        world.rows.save(NEW).await.unwrap();
        assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW), "saving again is the cure");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_after_a_definite_no_still_takes_a_larger_stamp() {
    let world = world(Phase::LegacyOnly);
    world.put(&world.legacy, AHEAD, Some(OTHER)).await;
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    world.rows.save(NEW).await.unwrap();
    assert_eq!(world.in_legacy().await.value, Some(NEW));
}

#[tokio::test(start_paused = true)]
async fn a_doubt_does_not_go_away_because_the_next_try_was_refused() {
    let world = world(Phase::DualWrite);
    world.legacy.push_apply(Fault::LandLater(Duration::from_secs(60)));
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Rejected));
    assert_eq!(kind(world.rows.save(NEW).await), StoreErrorKind::Unknown);
    assert_eq!(world.noted(), ["write_unknown"]);
}

#[tokio::test(start_paused = true)]
async fn a_write_dropped_between_two_tries_is_noted() {
    let world = world(Phase::DualWrite);
    world.legacy.push_apply(Fault::FailAfter);
    let saved = tokio::time::timeout(PAUSE / 2, world.rows.save(NEW)).await;
    assert!(saved.is_err(), "the caller gave up");
    assert_eq!(world.noted(), ["write_dropped"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_lands_after_its_repeat_changes_nothing() {
    let world = world(Phase::LegacyOnly);
    world.legacy.push_apply(Fault::LandLater(Duration::from_secs(5)));
    world.rows.save(OLD).await.unwrap();
    world.rows.save(NEW).await.unwrap();
    world.legacy.settled().await;
    assert_eq!(world.in_legacy().await.value, Some(NEW));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_closed_between_two_tries_makes_no_other() {
    let world = world(Phase::LegacyOnly);
    world.legacy.always_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    let saved = world.saving(NEW);
    tokio::time::sleep(PAUSE / 2).await;
    world.tracker.release().await.unwrap();
    world.legacy.heal();
    let error = saved.await.unwrap().unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&MigrationError::Closed));
    assert_eq!((error.kind(), world.legacy.applies()), (StoreErrorKind::Unavailable, 1));
}

#[tokio::test(start_paused = true)]
async fn a_repair_whose_node_was_closed_between_two_tries_makes_no_other() {
    let world = world(Phase::DualWrite);
    world.put(&world.legacy, stamp(2), Some(OLD)).await;
    world.modern.always_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    let joined = world.joining();
    tokio::time::sleep(PAUSE / 2).await;
    world.tracker.release().await.unwrap();
    world.modern.heal();
    joined.await.unwrap().unwrap_err();
    assert_eq!(world.modern.applies(), 1);
}

#[tokio::test(start_paused = true)]
async fn reads_are_made_again_and_a_read_that_hung_had_no_effect() {
    let world = world(Phase::LegacyOnly);
    world.rows.save(NEW).await.unwrap();
    world.legacy.push_read(Fault::Hang);
    world.legacy.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
    assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW));

    world.legacy.always_read(Fault::Hang);
    let error = world.rows.find(&KEY).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.downcast_ref::<TimedOut>().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_hangs_is_stood_in_for_where_that_was_asked_for() {
    let sides = [(Side::Legacy, stubborn("legacy"))];
    let world = World::with(Phase::DualWrite, behind(&sides).with_fallback_reads());
    world.rows.save(NEW).await.unwrap();
    world.legacy.always_read(Fault::Hang);
    let answer = world.rows.read(&KEY).await.unwrap();
    assert!(answer.is_fallback && answer.origin == Side::Modern);
    assert_eq!(answer.record.value, Some(NEW));
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_refuses_at_once_and_nothing_is_touched() {
    let legacy = touchy("legacy");
    let world = World::with(Phase::DualWrite, behind(&[(Side::Legacy, legacy.clone())]));
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    world.rows.save(NEW).await.unwrap_err();

    let (saved, took) = timed(world.rows.save(NEW)).await;
    let error = saved.unwrap_err();
    assert_eq!((error.kind(), took), (StoreErrorKind::Unavailable, Duration::ZERO));
    assert!(matches!(error.downcast_ref(), Some(Refused::Open { breaker: "legacy", .. })));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
    assert_eq!((world.legacy.applies(), world.modern.applies()), (1, 0));
    assert!(world.noted().is_empty());

    tokio::time::sleep(Duration::from_secs(10)).await;
    world.rows.save(NEW).await.unwrap();
    assert_eq!(legacy.breaker().unwrap().state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn callers_do_not_wait_for_a_lenient_side_whose_breaker_is_open_and_keys_are_noted() {
    let world = World::with(Phase::DualWrite, behind(&[(Side::Modern, touchy("modern"))]));
    world.modern.always(Fault::Hang);
    world.rows.save(NEW).await.unwrap();
    world.rows.drained().await;
    let (saved, took) = timed(world.rows.save((2, "new"))).await;
    saved.unwrap();
    assert_eq!(took, Duration::ZERO);
    assert_eq!(world.noted(), ["lenient_failed", "lenient_failed"]);
    assert_eq!(world.modern.applies(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_strict_write_is_not_left_half_done_by_a_breaker_that_opens_meanwhile() {
    let world = World::with(Phase::Live, behind(&[(Side::Modern, touchy("modern"))]));
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let saved = world.saving(NEW);
    gate.reached().await;
    world.modern.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
    world.rows.find(&KEY).await.unwrap_err();
    gate.open();
    saved.await.unwrap().unwrap();
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
}

#[tokio::test(start_paused = true)]
async fn an_adapter_that_panics_opens_the_breaker() {
    let modern = touchy("modern");
    let world = World::with(Phase::DualWrite, behind(&[(Side::Modern, modern.clone())]));
    world.modern.push_apply(Fault::Panic);
    world.rows.save(NEW).await.unwrap();
    assert_eq!(modern.breaker().unwrap().state(), BreakerState::Open);
    assert_eq!(world.noted(), ["lenient_panicked"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_store_refuses_by_its_own_rules_opens_no_breaker() {
    let legacy = touchy("legacy");
    let world = World::with(Phase::LegacyOnly, behind(&[(Side::Legacy, legacy.clone())]));
    for refusal in [StoreErrorKind::Rejected, StoreErrorKind::Conflict] {
        world.legacy.push_apply(Fault::Refuse(refusal));
        assert_eq!(kind(world.rows.save(NEW).await), refusal);
    }
    assert_eq!(legacy.breaker().unwrap().state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_for_its_own_side() {
    let world = World::with(Phase::DualWrite, behind(&[(Side::Modern, stubborn("modern"))]));
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    world.rows.save(NEW).await.unwrap_err();
    assert_eq!(world.legacy.applies(), 1);
}
