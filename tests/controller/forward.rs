//! From every state to every target.

use strangler_fig::controller::{ControllerError, NoWay, Target};
use strangler_fig::phase::{MigrationState, PartName, Phase, Refused, Share, TrackerConfig};

use crate::replay::replay;
use crate::support::{
    SECOND, World, ann, left_behind_with_a_cohort, node_name, state_in, state_with_cohort, words,
};
use crate::walk::{shape, states};

#[tokio::test(start_paused = true)]
async fn the_whole_goes_to_live_in_five_steps() {
    let world = World::new(Phase::LegacyOnly).await;
    let advanced = world.controller().advance_to(Phase::Live, &ann()).await.unwrap();
    let steps = ["to dual_write", "to shadow", "to cutover", "a sweep was clean", "to live"];
    assert_eq!(words(&advanced), steps);
}

#[tokio::test(start_paused = true)]
async fn a_cohort_leads_the_base_follows_and_they_merge() {
    let state = state_with_cohort(Phase::DualWrite, Phase::DualWrite);
    let world = World::at(state, 2).await;
    let advanced = world.controller().advance_to(Phase::Live, &ann()).await.unwrap();
    let steps = [
        "cohort to shadow",
        "cohort to cutover",
        "a sweep was clean",
        "cohort to live",
        "to shadow",
        "to cutover",
        "a sweep was clean",
        "to live",
        "cohort grows to 100.00 %",
    ];
    assert_eq!(words(&advanced), steps);
    assert_eq!((advanced.state.base().phase, advanced.state.cohort()), (Phase::Live, None));
}

#[tokio::test(start_paused = true)]
async fn a_cohort_goes_alone_where_it_alone_is_sent() {
    let world = World::at(state_with_cohort(Phase::DualWrite, Phase::DualWrite), 2).await;
    let controller = world.controller();
    let there = controller.advance_to(Target::Cohort(Phase::Live), &ann()).await.unwrap().state;
    let phase = |name| there.part(name).unwrap().phase;
    assert_eq!([phase(PartName::Base), phase(PartName::Cohort)], [Phase::DualWrite, Phase::Live]);
    let back = controller.advance_to(Target::Cohort(Phase::DualWrite), &ann()).await.unwrap();
    assert_eq!(words(&back), ["cohort to cutover", "cohort to dual_write"]);
}

#[tokio::test(start_paused = true)]
async fn once_legacy_was_left_a_cohort_waits_for_the_base_where_modern_answers_for_both() {
    let world = World::new(Phase::LegacyOnly).await;
    let controller = world.controller();
    controller.advance_to(Phase::ModernOnly, &ann()).await.unwrap();
    controller.advance_to(Phase::DualWrite, &ann()).await.unwrap();
    controller.set_share(Share::percent(30), &ann()).await.unwrap();
    controller.advance_to(Target::Cohort(Phase::Cutover), &ann()).await.unwrap();
    let there = controller.advance_to(Phase::Live, &ann()).await.unwrap();
    let steps = [
        "to shadow",
        "to cutover",
        "a sweep was clean",
        "cohort to live",
        "to live",
        "cohort grows to 100.00 %",
    ];
    assert_eq!(words(&there), steps);
}

/// Goes from `first` to `target`, replays what happened, and answers how it ended.
async fn go(first: &MigrationState, target: Target) -> Result<MigrationState, ControllerError> {
    let world = World::at(first.clone(), 2).await;
    let end = world.controller().advance_to(target, &ann()).await;
    let last = world.state().await;
    assert!(last.epoch() - first.epoch() < 20, "{} to {target} has no end", shape(first));
    assert_eq!(replay(first, &last), Ok(()), "{} to {target}", shape(first));
    end.map(|advanced| advanced.state)
}

#[tokio::test(start_paused = true)]
async fn every_phase_is_reached_from_every_phase() {
    for from in Phase::ALL {
        for to in Phase::ALL.into_iter().filter(|to| *to != Phase::Halted) {
            let end = go(&state_in(from), to.into()).await;
            let there = end.unwrap_or_else(|error| panic!("{from} to {to}: {error:?}"));
            assert_eq!((there.base().phase, there.cohort()), (to, None), "{from} to {to}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_phase_is_reached_with_a_cohort_in_every_phase() {
    let bases = [Phase::LegacyOnly, Phase::DualWrite, Phase::Shadow, Phase::Cutover, Phase::Live];
    let cohorts = bases.into_iter().chain([Phase::Halted]);
    let pairs = bases.into_iter().flat_map(|base| cohorts.clone().map(move |it| (base, it)));
    for (base, cohort) in pairs.filter(|(base, it)| *base != Phase::Live || !is_behind(*it)) {
        for to in Phase::ALL.into_iter().filter(|to| *to != Phase::Halted) {
            let end = go(&state_with_cohort(base, cohort), to.into()).await;
            let there = end.unwrap_or_else(|error| panic!("{base}, {cohort} to {to}: {error:?}"));
            let parts = [PartName::Base, PartName::Cohort].into_iter();
            for part in parts.filter_map(|name| there.part(name)) {
                assert_eq!(part.phase, to, "{base}, {cohort} to {to}");
            }
            let is_modern = |it| [Phase::Live, Phase::Halted].contains(&it);
            let stays_two = to == Phase::Cutover && !is_modern(base) && is_modern(cohort);
            assert_eq!(there.cohort().is_some(), stays_two, "{base}, {cohort} to {to}");
        }
    }
}

fn is_behind(phase: Phase) -> bool {
    [Phase::LegacyOnly, Phase::DualWrite, Phase::Shadow].contains(&phase)
}

#[tokio::test(start_paused = true)]
async fn from_wherever_moves_lead_every_way_comes_to_an_end() {
    for first in states(2, 60) {
        for to in Phase::ALL.into_iter().filter(|to| *to != Phase::Halted) {
            let end = go(&first, to.into()).await;
            let there = end.unwrap_or_else(|error| panic!("{} to {to}: {error:?}", shape(&first)));
            assert_eq!(there.base().phase, to, "{}", shape(&first));
            // A cohort goes there, or it is told why not.
            let end = go(&first, Target::Cohort(to)).await;
            let is_there =
                |state: &MigrationState| state.cohort().is_some_and(|it| it.part.phase == to);
            match end {
                Ok(state) => assert!(is_there(&state), "{}", shape(&first)),
                Err(ControllerError::NoWay(_)) => {}
                Err(ControllerError::Refused { source, .. }) => {
                    let queries = Refused::NoStoreForQueries;
                    assert_eq!(source, queries, "{} to {to}", shape(&first));
                }
                Err(error) => panic!("{} to {to}: {error:?}", shape(&first)),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_modern_only_the_way_back_takes_one_sweep() {
    for from in [Phase::RampDown, Phase::ModernOnly] {
        let world = World::new(from).await;
        let advanced = world.controller().advance_to(Phase::LegacyOnly, &ann()).await.unwrap();
        let steps = ["to live", "to cutover", "a sweep was clean", "to legacy_only"];
        assert_eq!(words(&advanced), steps, "{from}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_sweep_serves_a_base_and_a_cohort_that_both_go_back() {
    let world = World::at(left_behind_with_a_cohort(), 2).await;
    let advanced = world.controller().advance_to(Phase::DualWrite, &ann()).await.unwrap();
    let sweeps = words(&advanced).iter().filter(|step| *step == "a sweep was clean").count();
    assert_eq!(sweeps, 1, "{:?}", words(&advanced));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_waits_for_the_part_that_came_to_cutover_last() {
    let mut world = World::at(left_behind_with_a_cohort(), 1).await;
    let slow = TrackerConfig::default().with_poll_interval(SECOND * 7);
    world.join(node_name(2), slow).await;
    let controller = world.controller();
    let moved = controller.advance_to(Target::Cohort(Phase::Cutover), &ann()).await;
    moved.unwrap();
    tokio::time::sleep(SECOND * 10).await;
    let back = controller.roll_back(&ann()).await.unwrap();
    let steps = ["to cutover", "a sweep was clean", "to dual_write", "cohort to dual_write"];
    assert_eq!(words(&back)[..4], steps);
}

#[tokio::test(start_paused = true)]
async fn a_cohort_alone_does_not_go_back_where_legacy_is_complete_only_with_the_base() {
    let world = World::at(left_behind_with_a_cohort(), 2).await;
    let back = world.controller().advance_to(Target::Cohort(Phase::DualWrite), &ann()).await;
    let error = back.unwrap_err();
    assert!(matches!(error, ControllerError::NoWay(NoWay::LegacyIncomplete)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn halted_is_no_target() {
    let world = World::new(Phase::Live).await;
    let error = world.controller().advance_to(Phase::Halted, &ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::NoWay(NoWay::Halted)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_there_takes_no_step() {
    let world = World::new(Phase::Shadow).await;
    let advanced = world.controller().advance_to(Phase::Shadow, &ann()).await.unwrap();
    assert_eq!((advanced.steps.len(), advanced.state.epoch()), (0, 2));
}
