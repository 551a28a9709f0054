//! A way back that was begun: who goes on with it, and what ends it.

use strangler_fig::controller::{GuardConfig, GuardOutcome};
use strangler_fig::phase::{
    Fleet, MigrationState, MigrationStateService, Move, MoveId, MoveNote, PartName, Phase,
};

use crate::support::{SECOND, Told, World, Wrong, actor, ann, fine, is_quiet, name, steps};

/// A guard takes one step of its way back and dies.
async fn begun(world: &World, step: Move, by: &str) -> MigrationState {
    let found = world.service.current(&name()).await.unwrap().unwrap();
    let fleet = Fleet::new(world.service.leases(&name()).await.unwrap());
    let next = found.state.transition(&step, MoveId::random().unwrap(), &fleet).unwrap();
    let note = MoveNote::of(by.parse().unwrap(), "500 of 1000 differed".parse().unwrap());
    let next = next.with_record(&step, note);
    world.service.compare_and_set(found.revision, &next).await.unwrap();
    tokio::time::sleep(SECOND * 2).await;
    next
}

async fn turned_round_by(by: &str) -> World {
    let world = World::new().await;
    world.ann_goes_to(Phase::Live).await;
    begun(&world, Move::to(Phase::Cutover), by).await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_new_guard_of_the_name_goes_on_though_nothing_is_wrong_any_more() {
    let world = turned_round_by("rollback-guard").await;
    world.signals.now(Told::These(fine()));
    let guard = world.guard(GuardConfig::default());
    assert_eq!(steps(&guard.look().await), ["to dual_write"]);
    assert!(is_quiet(&guard.look().await));
    assert!(world.signals.asked.lock().unwrap().len() == 1, "it needed no signals to go on");
}

#[tokio::test(start_paused = true)]
async fn one_of_another_name_leaves_it_alone() {
    let world = turned_round_by("rollback-guard").await;
    let other = GuardConfig::default().with_actor("another guard".parse().unwrap());
    assert!(is_quiet(&world.guard(other).look().await));
    assert_eq!(world.phases().await.0, Phase::Cutover);
}

#[tokio::test(start_paused = true)]
async fn an_operator_who_moves_after_it_ends_it() {
    let world = turned_round_by("rollback-guard").await;
    world.controller().advance_to(Phase::Live, &ann()).await.unwrap();
    world.ann_turns_round(PartName::Base).await;
    assert!(is_quiet(&world.guard(GuardConfig::default()).look().await));
    assert_eq!(world.phases().await.0, Phase::Cutover);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_fleet_does_not_end_it() {
    let world = turned_round_by("rollback-guard").await;
    world.controller().expect_nodes(1.try_into().unwrap(), &ann()).await.unwrap();
    begun(&world, Move::ExpectNodes(1.try_into().unwrap()), "ann").await;
    assert_eq!(steps(&world.guard(GuardConfig::default()).look().await), ["to dual_write"]);
}

#[tokio::test(start_paused = true)]
async fn a_halt_that_was_begun_comes_to_its_end_even_if_halts_are_no_longer_allowed() {
    let world = World::new().await;
    world.ann_goes_to(Phase::Live).await;
    begun(&world, Move::to(Phase::Halted), "rollback-guard").await;
    assert_eq!(steps(&world.guard(GuardConfig::default()).look().await), ["to legacy_only"]);
}

#[tokio::test(start_paused = true)]
async fn a_way_back_of_two_parts_is_gone_on_with_after_any_of_its_steps() {
    for dies_after in 0..=3 {
        let world = World::new().await;
        world.ann_goes_to(Phase::DualWrite).await;
        world.ann_brings_a_cohort_to(Phase::Live).await;
        world.step(Move::to(Phase::Cutover)).await;
        let way = [
            Move::to(Phase::DualWrite),
            Move::cohort_to(Phase::Cutover),
            Move::cohort_to(Phase::DualWrite),
        ];
        for step in way.into_iter().take(dies_after) {
            begun(&world, step, "rollback-guard").await;
        }
        let wrong = Wrong::Mismatches.signals();
        world.signals.now(Told::These(if dies_after == 0 { wrong } else { fine() }));
        let outcome = world.guard(GuardConfig::default().with_rollbacks_max(1)).look().await;
        assert!(!steps(&outcome).is_empty(), "after {dies_after}");
        assert_eq!(world.phases().await, (Phase::DualWrite, None), "after {dies_after}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_back_that_waits_for_a_node_is_tried_again_and_ends_when_it_is_back() {
    let world = World::new().await;
    world.ann_goes_to(Phase::Live).await;
    let config = strangler_fig::phase::TrackerConfig::default();
    let node = "node-2".parse().unwrap();
    let away =
        strangler_fig::phase::PhaseTracker::start(world.service.clone(), name(), node, config);
    let away = away.await.unwrap();
    world.signals.now(Told::These(Wrong::Mismatches.signals()));
    let guard = world.guard(GuardConfig::default());
    for _ in 0..3 {
        let outcome = guard.look().await;
        assert!(matches!(outcome, GuardOutcome::Failed { .. }), "{outcome:?}");
        assert_eq!(world.phases().await.0, Phase::Cutover);
    }
    away.poll().await.unwrap();
    assert_eq!(steps(&guard.look().await), ["to dual_write"]);
}

#[tokio::test(start_paused = true)]
async fn what_it_did_is_in_the_history_with_the_figures() {
    let world = World::new().await;
    world.ann_goes_to(Phase::Shadow).await;
    world.signals.now(Told::These(Wrong::Mismatches.signals()));
    world.guard(GuardConfig::default()).look().await;
    let state = world.state().await;
    let record = state.history().last().unwrap();
    assert_eq!(record.actor, Some(actor()));
    let reason = record.reason.as_ref().unwrap().as_str();
    assert_eq!(reason, "500 of 1000 comparisons differed in 60s");
}
