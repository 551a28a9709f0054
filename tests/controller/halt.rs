//! Away from a modern store that is gone.

use std::sync::Arc;

use strangler_fig::controller::{Before, ControllerError, GateFn, NoWay};
use strangler_fig::phase::{Move, Phase, Refused};

use crate::replay::replay;
use crate::support::{World, after, ann, state_in, state_with_cohort, words};

#[tokio::test(start_paused = true)]
async fn from_live_all_stops_and_goes_on_in_legacy_only() {
    let world = World::new(Phase::Live).await;
    let halted = world.controller().halt(&ann()).await.unwrap();
    assert_eq!(words(&halted), ["to halted", "to legacy_only"]);
    assert!(matches!(halted.steps[1].waited_for, Some(Refused::Unsettled { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_cohort_in_live_is_taken_along() {
    for (base, steps) in [
        (
            Phase::Live,
            &["to halted", "cohort to halted", "to legacy_only", "cohort to legacy_only"][..],
        ),
        (Phase::LegacyOnly, &["cohort to halted", "cohort to legacy_only"][..]),
        (Phase::Cutover, &["cohort to halted", "to legacy_only", "cohort to legacy_only"][..]),
    ] {
        let first = state_with_cohort(base, Phase::Live);
        let world = World::at(first.clone(), 2).await;
        let halted = world.controller().halt(&ann()).await.unwrap();
        let mut steps = steps.to_vec();
        steps.push("cohort ends");
        assert_eq!(words(&halted), steps, "{base}");
        assert_eq!(replay(&first, &halted.state), Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_silent_node_it_is_halted_and_goes_on_when_asked_again() {
    let world = World::new(Phase::Live).await;
    world.nodes[1].falls_silent();
    let controller = world.controller();
    let error = controller.halt(&ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::Waiting { .. }), "{error:?}");
    assert_eq!(world.state().await.base().phase, Phase::Halted);
    world.nodes[1].tracker.poll().await.unwrap();
    assert_eq!(words(&controller.halt(&ann()).await.unwrap()), ["to legacy_only"]);
}

#[tokio::test(start_paused = true)]
async fn from_halted_the_way_to_live_is_open() {
    let world = World::new(Phase::Halted).await;
    let advanced = world.controller().advance_to(Phase::Live, &ann()).await.unwrap();
    assert_eq!(words(&advanced), ["to live"]);
}

#[tokio::test(start_paused = true)]
async fn where_legacy_is_not_complete_it_is_refused() {
    let live_again = after(&state_in(Phase::RampDown), &Move::to(Phase::Live));
    let back_in_cutover = after(&live_again, &Move::to(Phase::Cutover));
    for first in [live_again, back_in_cutover] {
        let world = World::at(first.clone(), 2).await;
        let error = world.controller().halt(&ann()).await.unwrap_err();
        let ControllerError::Refused { source, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*source, Refused::LegacyIncomplete);
        assert_eq!(world.state().await, first, "nothing moved");
    }
}

#[tokio::test(start_paused = true)]
async fn where_legacy_was_left_behind_there_is_no_way() {
    for phase in [Phase::RampDown, Phase::ModernOnly] {
        let world = World::new(phase).await;
        let error = world.controller().halt(&ann()).await.unwrap_err();
        let ControllerError::NoWay(why) = error else { panic!("{error:?}") };
        assert_eq!(why, NoWay::LegacyLeftBehind { phase });
    }
}

#[tokio::test(start_paused = true)]
async fn it_needs_nothing_from_modern() {
    for from in [Phase::Cutover, Phase::Live] {
        let world = World::new(from).await;
        let mut controller = world.bare().with_config(world.config()); // nobody sweeps
        for phase in Phase::ALL {
            let gate = GateFn::new("modern", |_| Box::pin(async { panic!("modern is gone") }));
            controller = controller.with_gate(Before::Entering(phase), Arc::new(gate));
        }
        let halted = controller.halt(&ann()).await.unwrap();
        assert_eq!(halted.state.base().phase, Phase::LegacyOnly, "{from}");
    }
}

#[tokio::test(start_paused = true)]
async fn on_the_legacy_side_there_is_nothing_to_halt() {
    for from in [Phase::LegacyOnly, Phase::DualWrite, Phase::Shadow] {
        let world = World::new(from).await;
        assert_eq!(world.controller().halt(&ann()).await.unwrap().steps, [], "{from}");
    }
}
