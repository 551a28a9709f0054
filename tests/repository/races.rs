//! The races of dual write, backfill and cutover that are known to lose data,
//! one test each.

use std::num::NonZeroU32;
use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::{
    Adopted, Bucket, Fleet, MigrationState, Move, MoveId, Phase, Refused, Share,
};
use strangler_fig::repository::{Joined, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::faults::{Fault, Pause};

use crate::support::{KEY, NEW, OLD, World, kind, lease, moved, settled, stamp};

#[tokio::test(start_paused = true)]
async fn rows_that_existed_before_the_crate_are_copied() {
    let world = World::new(Phase::DualWrite);
    world.legacy.inner().plant(OLD);
    let ticket = world.ticket();
    let report = world.sweep().run(ticket, std::future::pending()).await.unwrap();
    assert_eq!((report.keys, report.to_modern), (1, 1));
    assert_eq!(world.in_modern().await, Record::live(Stamp::BASE, OLD));
}

#[tokio::test(start_paused = true)]
async fn a_stale_backfill_overwrites_nothing() {
    for phase in [Phase::DualWrite, Phase::Cutover] {
        let world = World::new(phase);
        world.legacy.inner().plant(OLD);
        let gate = world.legacy.pause_next_scan(Pause::AfterEffect);
        let ticket = world.ticket();
        let sweep = world.sweep();
        let swept = tokio::spawn(async move { sweep.run(ticket, std::future::pending()).await });
        gate.reached().await;
        world.rows.save(NEW).await.unwrap();
        gate.open();
        assert!(swept.await.unwrap().unwrap().is_clean());
        assert_eq!(world.values().await, (Some(NEW), Some(NEW)), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_backfill_brings_no_deleted_record_back() {
    for phase in [Phase::DualWrite, Phase::Cutover] {
        let world = World::new(phase);
        world.legacy.inner().plant(OLD);
        let gate = world.legacy.pause_next_scan(Pause::AfterEffect);
        let ticket = world.ticket();
        let sweep = world.sweep();
        let swept = tokio::spawn(async move { sweep.run(ticket, std::future::pending()).await });
        gate.reached().await;
        world.rows.delete(&KEY).await.unwrap();
        gate.open();
        assert!(swept.await.unwrap().unwrap().is_clean());
        assert_eq!(world.values().await, (None, None), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_the_primary_has_and_the_secondary_may_have_is_repaired() {
    for fault in [
        Fault::FailAfter,
        Fault::Refuse(StoreErrorKind::Unknown),
        Fault::LandLater(Duration::from_secs(60)),
    ] {
        let world = World::new(Phase::DualWrite);
        world.modern.push_apply(fault);
        world.rows.save(NEW).await.unwrap();
        let found = world.rows.sink().take(1).pop().unwrap();
        world.rows.join(&found.key).await.unwrap();
        world.modern.settled().await;
        assert_eq!(world.values().await, (Some(NEW), Some(NEW)), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_lands_minutes_later_overwrites_nothing() {
    let world = World::new(Phase::Cutover);
    world.legacy.push_apply(Fault::LandLater(Duration::from_secs(300)));
    assert_eq!(kind(world.rows.save(OLD).await), StoreErrorKind::Unknown);
    world.rows.save(NEW).await.unwrap();
    world.legacy.settled().await;
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
}

#[tokio::test(start_paused = true)]
async fn a_node_with_a_stale_phase_inside_a_family_does_no_harm() {
    let world = World::new(Phase::DualWrite);
    let (_, behind) = world.other_node();
    world.go(Phase::Cutover);
    for (value, node) in [(OLD, &world.rows), (NEW, &behind)] {
        node.save(value).await.unwrap();
        assert_eq!(world.rows.find(&KEY).await.unwrap(), Some(value));
        assert_eq!(behind.find(&KEY).await.unwrap(), Some(value));
    }
}

#[test]
fn a_node_with_a_stale_phase_blocks_the_crossing() {
    let state = MigrationState::new("rows".parse().unwrap())
        .with_nodes_expected(NonZeroU32::new(2).unwrap());
    let before = state.clone();
    let id = MoveId::fixed(1);
    let state = state.transition(&Move::to(Phase::Cutover), id, &Fleet::default()).unwrap();
    let settled = Fleet::new(vec![lease("a", Some(&state)), lease("b", Some(&state))]);
    let swept = Move::Complete(state.begin_sweep(&settled).finish(0, 0));
    let state = state.transition(&swept, id, &settled).unwrap();
    for behind in [lease("b", Some(&before)), lease("b", None)] {
        let fleet = Fleet::new(vec![lease("a", Some(&state)), behind]);
        let refused = state.transition(&Move::to(Phase::Live), id, &fleet);
        assert!(matches!(refused, Err(Refused::Unsettled { .. })), "{refused:?}");
    }
    let alone = Fleet::new(vec![lease("a", Some(&state))]);
    let refused = state.transition(&Move::to(Phase::Live), id, &alone);
    assert_eq!(refused, Err(Refused::TooFewNodes { expected: 2, found: 1 }));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_a_move_interrupts_does_not_count() {
    let world = World::new(Phase::Cutover);
    world.legacy.inner().plant(OLD);
    let state = world.tracker.state();
    let gate = world.legacy.pause_next_scan(Pause::AfterEffect);
    let (sweep, ticket) = (world.sweep(), state.begin_sweep(&settled(&state)));
    let swept = tokio::spawn(async move { sweep.run(ticket, std::future::pending()).await });
    gate.reached().await;
    world.go(Phase::Shadow);
    world.go(Phase::Cutover);
    gate.open();
    assert!(swept.await.unwrap().is_err());
    let evidence = Move::Complete(ticket.finish(0, 0));
    let refused = world.tracker.state().transition(&evidence, MoveId::fixed(1), &Fleet::default());
    assert!(matches!(refused, Err(Refused::SweepOutdated { .. })), "{refused:?}");
}

#[test]
fn a_sweep_that_began_before_the_fleet_had_settled_does_not_count() {
    let state = MigrationState::new("rows".parse().unwrap());
    let before = state.clone();
    let id = MoveId::fixed(1);
    let state = state.transition(&Move::to(Phase::Cutover), id, &Fleet::default()).unwrap();
    let lagging = Fleet::new(vec![lease("a", Some(&before))]);
    let ticket = state.begin_sweep(&lagging);
    assert!(!ticket.counts());
    let settled = Fleet::new(vec![lease("a", Some(&state))]);
    let refused = state.transition(&Move::Complete(ticket.finish(0, 0)), id, &settled);
    assert_eq!(refused, Err(Refused::SweepWithoutCutover));
}

#[test]
fn a_rollback_after_writes_that_only_modern_saw_needs_a_sweep() {
    let world = |phases: &[Phase]| {
        let first = MigrationState::new("rows".parse().unwrap());
        phases.iter().fold(first, |state, to| moved(&state, *to))
    };
    let id = MoveId::fixed(1);
    let back = |state: &MigrationState| {
        let cutover = state.transition(&Move::to(Phase::Cutover), id, &Fleet::default()).unwrap();
        cutover.transition(&Move::to(Phase::DualWrite), id, &settled(&cutover))
    };
    let live = world(&[Phase::Cutover, Phase::Live]);
    assert!(back(&live).is_ok(), "seconds, not hours");
    let ramped = world(&[Phase::Cutover, Phase::Live, Phase::RampDown]);
    assert_eq!(back(&ramped), Err(Refused::LegacyIncomplete));
    let again = world(&[Phase::Cutover, Phase::Live, Phase::RampDown, Phase::Live]);
    assert_eq!(back(&again), Err(Refused::LegacyIncomplete), "not even from `Live`");
}

#[tokio::test(start_paused = true)]
async fn a_constraint_of_modern_drops_no_row_silently() {
    let world = World::new(Phase::DualWrite);
    world.modern.push_apply(Fault::Refuse(StoreErrorKind::Rejected));
    world.rows.save(NEW).await.unwrap();
    assert_eq!(world.noted(), ["lenient_rejected"]);

    world.modern.always_apply(Fault::Refuse(StoreErrorKind::Rejected));
    let ticket = world.ticket();
    let report = world.sweep().run(ticket, std::future::pending()).await.unwrap();
    assert_eq!((report.failed, report.is_clean()), (1, false));
    let failed = &report.failed_keys[0];
    assert!(failed.error.starts_with("the store rejected it") && !failed.is_retryable, "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_bypasses_the_crate_is_found_and_legacy_wins_before_cutover() {
    let world = World::new(Phase::DualWrite);
    world.rows.save(OLD).await.unwrap();
    world.legacy.inner().plant(NEW);
    assert_eq!(world.rows.join(&KEY).await.unwrap(), Joined::Settled);
    assert_eq!(world.values().await, (Some(NEW), Some(NEW)));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_bypasses_the_crate_wins_before_cutover() {
    let world = World::new(Phase::DualWrite);
    world.rows.save(OLD).await.unwrap();
    world.legacy.inner().uproot(&KEY);
    assert_eq!(world.rows.join(&KEY).await.unwrap(), Joined::Settled);
    assert_eq!(world.values().await, (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_settled_by_its_successor_which_beats_no_concurrent_write() {
    for (phase, winner) in [(Phase::Cutover, OLD), (Phase::Live, NEW)] {
        let world = World::new(phase);
        world.put(&world.legacy, stamp(5), Some(OLD)).await;
        world.put(&world.modern, stamp(5), Some(NEW)).await;
        assert_eq!(world.rows.join(&KEY).await.unwrap(), Joined::Settled);
        assert_eq!(world.values().await, (Some(winner), Some(winner)), "{phase}");
        let settled = world.in_modern().await.stamp;
        assert_eq!(Some(settled), stamp(5).successor());
        assert!(settled < stamp(6), "a write of the next millisecond is larger");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_over_the_largest_stamp_blocks_completeness() {
    let world = World::new(Phase::Cutover);
    world.put(&world.legacy, Stamp::MAX, Some(OLD)).await;
    world.put(&world.modern, Stamp::MAX, Some(NEW)).await;
    let ticket = world.ticket();
    let report = world.sweep().run(ticket, std::future::pending()).await.unwrap();
    assert_eq!(report.conflicts, 1);
    let step = Move::Complete(report.evidence);
    let refused = world.tracker.state().transition(&step, MoveId::fixed(1), &Fleet::default());
    assert_eq!(refused, Err(Refused::SweepUnclean { failures: 0, conflicts: 1 }));
}

#[test]
fn a_hold_blocks_the_first_cutover() {
    let state = MigrationState::new("rows".parse().unwrap());
    let held = lease("a", Some(&state)).with_holds(1);
    let refused =
        state.transition(&Move::to(Phase::Cutover), MoveId::fixed(1), &Fleet::new(vec![held]));
    assert!(matches!(refused, Err(Refused::Held { holds: 1, .. })), "{refused:?}");
}

#[test]
fn a_state_store_that_went_back_moves_nothing() {
    let state = MigrationState::new("rows".parse().unwrap());
    for adopted in [Adopted::new(7, MoveId::fixed(1)), Adopted::new(0, MoveId::fixed(2))] {
        let ahead = lease("a", None).adopting(adopted);
        let fleet = Fleet::new(vec![ahead]);
        let refused = state.transition(&Move::to(Phase::DualWrite), MoveId::fixed(3), &fleet);
        assert!(matches!(refused, Err(Refused::StateWentBack { .. })), "{refused:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cohort_ahead_is_served_by_its_own_phase() {
    let world = World::new(Phase::DualWrite);
    world.take(Move::StartCohort { share: Share::percent(50) });
    world.take(Move::cohort_to(Phase::Cutover));
    world.take(Move::Complete(world.ticket().finish(0, 0)));
    world.take(Move::cohort_to(Phase::Live));

    world.legacy.always_read(Fault::Hang);
    let (salt, half) = (world.tracker.state().salt(), Share::percent(50));
    let ahead: Vec<u32> = (0..100).filter(|key| half.holds(Bucket::of(key, salt))).collect();
    assert!((30..70).contains(&ahead.len()));
    for key in ahead {
        world.rows.save((key, "row")).await.unwrap();
        assert!(world.rows.find(&key).await.unwrap().is_some(), "read from modern");
        assert!(world.legacy.inner().read(&key).await.unwrap().value.is_some(), "written to both");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_killed_between_two_writes_is_found_by_the_sweep() {
    for phase in [Phase::DualWrite, Phase::Cutover, Phase::Live] {
        let world = World::new(phase);
        world.put(&world.modern, stamp(1), Some(OLD)).await;
        // All that is left of the write: nobody noted anything.
        world.put(&world.legacy, stamp(2), Some(NEW)).await;
        let report = world.sweep().run(world.ticket(), std::future::pending()).await.unwrap();
        assert_eq!((report.to_modern, report.is_clean()), (1, true), "{phase}");
        assert_eq!(world.values().await, (Some(NEW), Some(NEW)), "{phase}");
    }
}
