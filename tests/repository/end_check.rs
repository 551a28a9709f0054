//! R6: an operation that the phase moved under runs again.

use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::Phase;
use strangler_fig::repository::MigrationError;
use strangler_fig::testkit::faults::{Fault, Pause};

use crate::support::{KEY, NEW, OLD, OTHER, World, kind, moved, stamp, timed};

#[tokio::test(start_paused = true)]
async fn a_write_of_the_old_phase_in_flight_after_the_switch_runs_again_strictly() {
    let world = World::new(Phase::LegacyOnly);
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let rows = world.rows.clone();
    let writer = tokio::spawn(async move { rows.save(NEW).await });
    gate.reached().await;
    world.go(Phase::Cutover);
    gate.open();
    writer.await.unwrap().unwrap();
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_slept_through_the_crossing_is_there_afterwards() {
    let world = World::new(Phase::DualWrite);
    let gate = world.legacy.pause_next_apply(Pause::BeforeEffect);
    let rows = world.rows.clone();
    let writer = tokio::spawn(async move { rows.save(NEW).await });
    gate.reached().await;
    world.go(Phase::Cutover);
    world.go(Phase::Live);
    gate.open();
    writer.await.unwrap().unwrap();
    assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW));
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
}

#[tokio::test(start_paused = true)]
async fn a_read_of_the_old_phase_in_flight_after_the_switch_runs_again() {
    let world = World::new(Phase::DualWrite);
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    let gate = world.legacy.pause_next_read(Pause::AfterEffect);
    let rows = world.rows.clone();
    let reader = tokio::spawn(async move { rows.find(&KEY).await });
    gate.reached().await;
    world.go(Phase::Cutover);
    world.go(Phase::Live);
    world.put(&world.modern, stamp(2), Some(NEW)).await;
    gate.open();
    assert_eq!(reader.await.unwrap().unwrap(), Some(NEW));
}

#[tokio::test(start_paused = true)]
async fn a_write_of_ramp_down_runs_again_when_legacy_counts_once_more() {
    for planned in [Phase::RampDown, Phase::ModernOnly] {
        let world = World::new(planned);
        let gate = world.modern.pause_next_apply(Pause::AfterEffect);
        world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
        if planned == Phase::ModernOnly {
            world.legacy.heal();
        }
        let rows = world.rows.clone();
        let writer = tokio::spawn(async move { rows.save(NEW).await });
        gate.reached().await;
        world.go(Phase::Live);
        gate.open();
        writer.await.unwrap().unwrap();
        assert_eq!(world.values().await, (Some(NEW), Some(NEW)), "{planned}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_planned_in_cutover_is_not_run_again() {
    let world = World::new(Phase::Cutover);
    let gate = world.modern.pause_next_apply(Pause::AfterEffect);
    let rows = world.rows.clone();
    let writer = tokio::spawn(async move { rows.save(NEW).await });
    gate.reached().await;
    world.go(Phase::Live);
    gate.open();
    writer.await.unwrap().unwrap();
    assert_eq!((world.legacy.applies(), world.modern.applies()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_write_overtaken_in_mid_flight_does_not_reappear() {
    let world = World::new(Phase::DualWrite);
    let (_, other) = world.other_node();
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let rows = world.rows.clone();
    let slow = tokio::spawn(async move { rows.save(OLD).await });
    gate.reached().await;
    assert_eq!(other.find(&KEY).await.unwrap(), Some(OLD), "it was seen");
    other.save(NEW).await.unwrap();
    world.go(Phase::Cutover);
    gate.open();
    let overtaken = slow.await.unwrap().unwrap_err();
    assert_eq!(overtaken.downcast_ref(), Some(&MigrationError::OvertakenOnItsWay));
    assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(NEW));
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
}

#[tokio::test(start_paused = true)]
async fn a_touched_write_keeps_its_stamp_when_it_runs_again() {
    let world = World::new(Phase::LegacyOnly);
    let gate = world.legacy.pause_next_apply(Pause::AfterEffect);
    let rows = world.rows.clone();
    let writer = tokio::spawn(async move { rows.save(NEW).await });
    gate.reached().await;
    let touched = world.in_legacy().await.stamp;
    world.put(&world.modern, stamp(1), Some(OTHER)).await;
    world.go(Phase::Cutover);
    gate.open();
    writer.await.unwrap().unwrap();
    assert_eq!(world.in_legacy().await.stamp, touched);
    assert_eq!(world.in_modern().await.stamp, touched);
}

#[tokio::test(start_paused = true)]
async fn operations_wait_out_a_halt() {
    let world = World::new(Phase::Live);
    world.rows.save(OLD).await.unwrap();
    world.go(Phase::Halted);
    let (reader, writer) = (world.rows.clone(), world.rows.clone());
    let read = tokio::spawn(async move { reader.find(&KEY).await });
    let written = tokio::spawn(async move { writer.save((2, "new")).await });
    tokio::time::sleep(Duration::from_secs(4)).await;
    world.modern.always(Fault::Hang);
    world.go(Phase::LegacyOnly);
    assert_eq!(read.await.unwrap().unwrap(), Some(OLD));
    written.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_halt_that_lasts_makes_operations_unavailable() {
    let world = World::new(Phase::Halted);
    let (read, took) = timed(world.rows.find(&KEY)).await;
    assert_eq!(took, Duration::from_secs(5));
    let error = read.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(matches!(error.downcast_ref(), Some(MigrationError::Halted { .. })));
    assert_eq!(kind(world.rows.save(NEW).await), StoreErrorKind::Unavailable);
    let none = || async { Ok(()) };
    let queried = world.rows.query(|_| none(), |_| none()).await;
    assert_eq!(kind(queried), StoreErrorKind::Unavailable);
    assert!(world.noted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_touched_write_that_meets_a_lasting_halt_is_in_doubt() {
    let world = World::new(Phase::Live);
    let gate = world.modern.pause_next_apply(Pause::AfterEffect);
    let rows = world.rows.clone();
    let writer = tokio::spawn(async move { rows.save(NEW).await });
    gate.reached().await;
    world.go(Phase::Halted);
    gate.open();
    assert_eq!(kind(writer.await.unwrap()), StoreErrorKind::Unknown);
    assert_eq!(world.noted(), ["write_unknown"]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_gone_while_a_touched_write_waits_is_noted() {
    let world = World::new(Phase::Live);
    let gate = world.modern.pause_next_apply(Pause::AfterEffect);
    let rows = world.rows.clone();
    let writer = tokio::spawn(async move { rows.save(NEW).await });
    gate.reached().await;
    world.go(Phase::Halted);
    gate.open();
    tokio::time::sleep(Duration::from_secs(1)).await;
    writer.abort();
    assert!(writer.await.unwrap_err().is_cancelled());
    assert_eq!(world.noted(), ["write_dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_gave_its_lease_back_refuses_everything() {
    let world = World::new(Phase::DualWrite);
    world.tracker.release().await.unwrap();
    assert!(!world.tracker.word().phase_of(strangler_fig::phase::Bucket::FIRST).name().is_empty());
    let error = world.rows.find(&KEY).await.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&MigrationError::Closed));
    let error = world.rows.save(NEW).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let next = moved(&world.tracker.state(), Phase::Cutover);
    assert!(world.tracker.adopt(next), "it may learn more");
    assert!(world.tracker.word().is_closed(), "but stays closed");
}

#[tokio::test(start_paused = true)]
async fn a_query_that_the_phase_moved_under_is_asked_again() {
    let world = World::new(Phase::DualWrite);
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    world.put(&world.modern, stamp(2), Some(NEW)).await;
    let gate = world.legacy.pause_next_read(Pause::AfterEffect);
    let rows = world.rows.clone();
    let asked = tokio::spawn(async move {
        use strangler_fig::repository::StampedRepository;
        let query = rows.query(
            |side| async move { Ok(side.read(&KEY).await?.value) },
            |side| async move { Ok(side.read(&KEY).await?.value) },
        );
        query.await
    });
    gate.reached().await;
    world.go(Phase::Cutover);
    world.go(Phase::Live);
    gate.open();
    assert_eq!(asked.await.unwrap().unwrap(), Some(NEW));
}

#[tokio::test(start_paused = true)]
async fn queries_are_put_to_the_side_the_table_names() {
    for (phase, side) in [
        (Phase::LegacyOnly, "legacy"),
        (Phase::DualWrite, "legacy"),
        (Phase::Shadow, "legacy"),
        (Phase::Cutover, "legacy"),
        (Phase::Live, "modern"),
        (Phase::RampDown, "modern"),
        (Phase::ModernOnly, "modern"),
    ] {
        let world = World::new(phase);
        let asked = world.rows.query(|_| async { Ok("legacy") }, |_| async { Ok("modern") });
        assert_eq!(asked.await.unwrap(), side, "{phase}");
    }
    let back = World::new(Phase::RampDown);
    back.go(Phase::Cutover);
    let asked = back.rows.query(|_| async { Ok("legacy") }, |_| async { Ok("modern") });
    assert_eq!(asked.await.unwrap(), "modern", "legacy is not complete after `RampDown`");
}

#[tokio::test(start_paused = true)]
async fn a_read_in_flight_that_meets_cutover_runs_again() {
    let world = World::new(Phase::DualWrite);
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    let gate = world.legacy.pause_next_read(Pause::AfterEffect);
    let rows = world.rows.clone();
    let reader = tokio::spawn(async move { rows.find(&KEY).await });
    gate.reached().await;
    world.go(Phase::Cutover);
    world.rows.save(NEW).await.unwrap();
    gate.open();
    assert_eq!(reader.await.unwrap().unwrap(), Some(NEW));
}
