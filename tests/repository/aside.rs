//! The lenient side of a write and its holds, whoever gives up on it.

use std::time::Duration;

use strangler_fig::phase::Phase;
use strangler_fig::repository::MigrationError;
use strangler_fig::testkit::faults::{Fault, Pause};

use crate::support::{KEY, NEW, World};

#[tokio::test(start_paused = true)]
async fn a_lenient_side_given_up_while_it_looks_at_legacy_holds_the_first_cutover() {
    let world = World::new(Phase::DualWrite);
    world.reverse().await;
    world.legacy.push_read(Fault::Hang);
    world.rows.save(NEW).await.unwrap();
    world.rows.drained().await;
    assert_eq!((world.rows.sink().len(), world.tracker.holds()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_caller_gone_while_the_lenient_side_looks_at_legacy_holds_the_first_cutover() {
    let world = World::new(Phase::DualWrite);
    world.reverse().await;
    world.legacy.push_read(Fault::Hang);
    let saved = tokio::time::timeout(Duration::from_millis(10), world.rows.save(NEW)).await;
    assert!(saved.is_err(), "the caller gave up");
    assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW), "and a reader has seen it");
    assert_eq!((world.rows.sink().len(), world.tracker.holds()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_overtaken_on_both_sides_holds_nothing() {
    let world = World::new(Phase::DualWrite);
    let (_, other) = world.other_node();
    let gate = world.modern.pause_next_apply(Pause::BeforeEffect);
    let slow = world.saving((KEY, "slow"));
    gate.reached().await;
    other.save(NEW).await.unwrap();
    gate.open();
    slow.await.unwrap().unwrap();
    assert_eq!((world.rows.sink().len(), world.tracker.holds()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_until_all_is_drained_takes_no_place_of_a_lenient_write() {
    let world = World::new(Phase::DualWrite);
    world.modern.push_apply(Fault::Hang);
    world.rows.save((1, "hangs")).await.unwrap();
    let rows = world.rows.clone();
    let draining = tokio::spawn(async move { rows.drained().await });
    tokio::task::yield_now().await;

    world.modern.push_apply(Fault::Delay(Duration::from_millis(800)));
    world.rows.save((2, "slow")).await.unwrap();
    assert!(world.noted().is_empty(), "two of 1,024 are not too many");
    draining.await.unwrap();
    assert_eq!(world.modern.inner().records().len(), 1, "the slow one has arrived");
}

#[test]
fn a_lenient_side_that_ends_with_its_runtime_is_noted() {
    let world = World::new(Phase::DualWrite);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    world.modern.push_apply(Fault::Hang);
    runtime.block_on(world.rows.save(NEW)).unwrap();
    assert!(world.rows.sink().is_empty());
    drop(runtime);
    assert_eq!(world.noted(), ["lenient_unfinished"]);
}

#[tokio::test(start_paused = true)]
async fn a_write_run_again_in_the_first_cutover_behind_modern_is_in_doubt() {
    let world = World::new(Phase::DualWrite);
    world.reverse().await;
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let saved = world.saving(NEW);
    gate.reached().await;
    world.go(Phase::Cutover);
    gate.open();
    let error = saved.await.unwrap().unwrap_err();
    assert!(!error.kind().is_definite());
    assert_eq!(error.downcast_ref(), Some(&MigrationError::OvertakenOnItsWay));
    assert_eq!(world.noted(), ["write_unknown"]);

    world.rows.save(NEW).await.unwrap();
    assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW), "saving again is the cure");
}

/// The phase of now writes to legacy alone; but modern may have got it before.
#[tokio::test(start_paused = true)]
async fn a_write_given_up_after_its_phase_was_left_is_noted_by_what_it_did_there() {
    let world = World::new(Phase::DualWrite);
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let saved = world.saving(NEW);
    gate.reached().await;
    world.go(Phase::LegacyOnly);
    saved.abort();
    assert!(saved.await.unwrap_err().is_cancelled());
    assert_eq!(world.noted(), ["write_dropped"]);
}
