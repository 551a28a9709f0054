//! Operations and joins that the phase moved under, again.

use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::{Phase, TrackerError};
use strangler_fig::testkit::faults::{Fault, Gate, Pause};

use crate::support::{KEY, NEW, OLD, OTHER, World, kind, stamp};

#[tokio::test(start_paused = true)]
async fn a_node_that_may_not_leave_can_still_repair() {
    let world = World::new(Phase::DualWrite);
    world.reverse().await;
    world.rows.save(NEW).await.unwrap();
    assert!(matches!(world.tracker.release().await, Err(TrackerError::Held { holds: 1 })));
    let noted = world.rows.sink().take(1).pop().unwrap();
    let joined = world.rows.join(&KEY).await;
    drop(noted);
    assert!(joined.is_ok(), "repair them first, it said: {joined:?}");
}

#[tokio::test(start_paused = true)]
async fn a_write_of_ramp_down_that_was_overtaken_in_modern_is_done() {
    let world = World::new(Phase::RampDown);
    let (_, other) = world.other_node();
    let gate = world.modern.pause_next_apply(Pause::AfterEffect);
    let slow = world.saving(OLD);
    gate.reached().await;
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    other.save(NEW).await.unwrap();
    world.go(Phase::Live);
    gate.open();
    let slow = slow.await.unwrap();
    assert!(slow.is_ok() && world.tracker.holds() == 0, "{slow:?}");
}

/// While a join waits at the gate, modern becomes the store that counts and takes
/// a write that legacy does not.
async fn joined_while_modern_moves_ahead(world: &World, gate: Gate) {
    let joined = world.joining();
    gate.reached().await;
    for to in [Phase::Cutover, Phase::Live, Phase::RampDown] {
        world.go(to);
    }
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    world.rows.save(NEW).await.unwrap();
    gate.open();
    let joined = joined.await.unwrap();
    assert_eq!(
        world.rows.find(&KEY).await.unwrap(),
        Some(NEW),
        "acknowledged; the join said {joined:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_repair_begun_before_cutover_settles_nothing_by_the_rule_of_then() {
    let world = World::new(Phase::DualWrite);
    world.rows.save(OLD).await.unwrap();
    let gate = world.modern.pause_next_read(Pause::BeforeEffect);
    joined_while_modern_moves_ahead(&world, gate).await;
}

#[tokio::test(start_paused = true)]
async fn a_repair_whose_copy_came_too_late_looks_again_by_the_rule_of_now() {
    let world = World::new(Phase::DualWrite);
    world.put(&world.legacy, stamp(5), Some(OLD)).await;
    let gate = world.modern.pause_next_apply(Pause::BeforeEffect);
    joined_while_modern_moves_ahead(&world, gate).await;
}

#[tokio::test(start_paused = true)]
async fn a_write_to_one_store_in_doubt_after_the_phase_moved_is_noted() {
    let world = World::new(Phase::LegacyOnly);
    let gate = world.legacy.pause_next_apply(Pause::BeforeEffect);
    world.legacy.push_apply(Fault::FailAfter);
    let saved = world.saving(NEW);
    gate.reached().await;
    for to in [Phase::Cutover, Phase::Live] {
        world.go(to);
    }
    gate.open();
    assert_eq!(kind(saved.await.unwrap()), StoreErrorKind::Unknown);
    assert_eq!(world.values().await, (Some(NEW), None));
    assert_eq!(world.noted().len(), 1, "the stores differ");
}

#[tokio::test(start_paused = true)]
async fn a_write_to_one_store_dropped_after_the_phase_moved_is_noted() {
    let world = World::new(Phase::LegacyOnly);
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let saved = world.saving(NEW);
    gate.reached().await;
    for to in [Phase::Cutover, Phase::Live] {
        world.go(to);
    }
    saved.abort();
    assert!(saved.await.is_err());
    assert_eq!(world.noted().len(), 1, "the stores differ");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_cannot_tell_what_overtook_it_in_cutover_is_in_doubt() {
    let world = World::new(Phase::DualWrite);
    world.reverse().await;
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let saved = world.saving(NEW);
    gate.reached().await;
    assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW), "seen");
    world.go(Phase::Cutover);
    world.rows.find(&KEY).await.unwrap();
    gate.open();
    let saved = saved.await.unwrap();
    let found = world.rows.find(&KEY).await.unwrap();
    assert!(saved.is_err() || found == Some(NEW), "{saved:?} {found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_read_of_a_restless_key_in_cutover_is_unavailable() {
    let world = World::on_the_way_back();
    world.put(&world.legacy, stamp(5), Some(OLD)).await;
    world.put(&world.modern, stamp(5), Some(OTHER)).await;
    let gates = [(); 4].map(|()| world.modern.pause_next_apply(Pause::BeforeEffect));
    let rows = world.rows.clone();
    let read = tokio::spawn(async move { rows.find(&KEY).await });
    for (gate, other) in gates.into_iter().zip([OLD, OTHER].into_iter().cycle()) {
        gate.reached().await;
        let settled = world.in_legacy().await.stamp;
        world.put(&world.modern, settled, Some(other)).await;
        gate.open();
    }
    assert_eq!(kind(read.await.unwrap()), StoreErrorKind::Unavailable);
}
