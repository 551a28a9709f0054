//! The way back.

use std::sync::Arc;

use strangler_fig::controller::{Before, ControllerConfig, ControllerError, GateFn, NoWay};
use strangler_fig::phase::{Phase, Refused};

use crate::support::{SECOND, World, ann, node_name, state_with_cohort, words};

#[tokio::test(start_paused = true)]
async fn a_rollback_ends_in_dual_write_or_one_phase_back() {
    for (from, to) in [
        (Phase::DualWrite, Phase::LegacyOnly),
        (Phase::Shadow, Phase::DualWrite),
        (Phase::Cutover, Phase::DualWrite),
        (Phase::Live, Phase::DualWrite),
        (Phase::RampDown, Phase::DualWrite),
        (Phase::ModernOnly, Phase::DualWrite),
        (Phase::Halted, Phase::DualWrite),
    ] {
        let world = World::new(from).await;
        let back = world.controller().roll_back(&ann()).await.unwrap();
        assert_eq!(back.state.base().phase, to, "{from}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_lies_behind_the_beginning() {
    let world = World::new(Phase::LegacyOnly).await;
    let error = world.controller().roll_back(&ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::NoWay(NoWay::NothingBehind)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn inside_the_legacy_family_a_silent_node_does_not_matter() {
    for from in [Phase::DualWrite, Phase::Shadow, Phase::Cutover] {
        let world = World::new(from).await;
        world.nodes[1].falls_silent();
        let before = tokio::time::Instant::now();
        let back = world.controller().roll_back(&ann()).await.unwrap();
        assert_eq!(back.steps.len(), 1, "{from}");
        assert!(before.elapsed().is_zero(), "{from}");
        assert_eq!(back.steps[0].waited_for, None, "{from}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_begins_at_once_from_wherever_it_begins() {
    for from in [Phase::Live, Phase::RampDown, Phase::ModernOnly] {
        let world = World::new(from).await;
        // A third node has not even started, and never will.
        let mut world = world;
        world.join(node_name(3), strangler_fig::phase::TrackerConfig::default()).await;
        world.nodes.iter().for_each(crate::support::Node::falls_silent);
        let first = world.state().await;
        world.controller().roll_back(&ann()).await.unwrap_err();
        let state = world.state().await;
        assert_eq!(state.base().phase, Phase::Cutover, "{from}");
        let began = state.history().iter().find(|it| it.epoch == first.epoch() + 1).unwrap();
        assert_eq!(began.at_unix_ms, crate::support::NOON);
    }
}

#[tokio::test(start_paused = true)]
async fn a_phase_that_has_not_settled_is_left_at_once() {
    let world = World::new(Phase::RampDown).await;
    let controller = world.controller();
    controller.advance_to(Phase::ModernOnly, &ann()).await.unwrap();
    world.nodes[1].falls_silent(); // it stays in `RampDown`
    let error = controller.roll_back(&ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::Waiting { .. }), "{error:?}");
    assert_eq!(world.state().await.base().phase, Phase::Cutover);
}

#[tokio::test(start_paused = true)]
async fn from_live_it_waits_until_the_fleet_has_settled_and_says_so() {
    let world = World::new(Phase::Live).await;
    let back = world.controller().roll_back(&ann()).await.unwrap();
    assert_eq!(words(&back), ["to cutover", "to dual_write"]);
    let [first, second] = &back.steps[..] else { panic!("{back:?}") };
    assert_eq!((first.waited_for.as_ref(), first.waited.as_millis()), (None, 0));
    assert!(matches!(second.waited_for, Some(Refused::Unsettled { .. })), "{second:?}");
    assert!(second.waited <= SECOND * 2, "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stays_behind_is_named_and_asked_again_it_goes_on() {
    let world = World::new(Phase::Live).await;
    world.nodes[1].falls_silent();
    let controller = world.controller();
    let error = controller.roll_back(&ann()).await.unwrap_err();
    let ControllerError::Waiting { step, waited, source: Refused::Unsettled { node, .. } } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!((step.as_str(), node), ("to dual_write", world.nodes[1].tracker.node().unwrap()));
    assert_eq!(waited.as_secs(), 60);
    assert!(error.is_retryable());
    assert_eq!(world.state().await.base().phase, Phase::Cutover);

    world.nodes[1].tracker.poll().await.unwrap();
    let back = controller.roll_back(&ann()).await.unwrap();
    assert_eq!(words(&back), ["to dual_write"]);
}

#[tokio::test(start_paused = true)]
async fn no_gate_is_asked_on_the_way_back() {
    for asked_by in ["roll_back", "advance_to"] {
        let world = World::new(Phase::Live).await;
        let mut controller = world.controller();
        for phase in Phase::ALL {
            let gate = GateFn::new("never", |_| Box::pin(async { panic!("it was asked") }));
            controller = controller.with_gate(Before::Entering(phase), Arc::new(gate));
        }
        let back = match asked_by {
            "roll_back" => controller.roll_back(&ann()).await,
            _ => controller.advance_to(Phase::LegacyOnly, &ann()).await,
        };
        let steps = back.unwrap_or_else(|error| panic!("{asked_by}: {error:?}"));
        assert_eq!(steps.steps.len(), 2, "{asked_by}");
        let plan = controller.plan(Phase::LegacyOnly).await.unwrap();
        assert!(plan.steps.iter().all(|step| step.gates.is_empty()), "{plan}");
    }
}

#[tokio::test(start_paused = true)]
async fn base_and_cohort_come_back_together() {
    let world = World::at(state_with_cohort(Phase::Shadow, Phase::Live), 2).await;
    let back = world.controller().roll_back(&ann()).await.unwrap();
    assert_eq!((back.state.base().phase, back.state.cohort()), (Phase::Shadow, None));
    assert_eq!(words(&back), ["cohort to cutover", "cohort to shadow", "cohort ends"]);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_is_told_at_once_and_finds_the_move_made() {
    let world = World::new(Phase::Live).await;
    let config = ControllerConfig::default().with_settle_wait(std::time::Duration::ZERO);
    let error = world.controller_with(config).roll_back(&ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::Waiting { .. }), "{error:?}");
    assert_eq!(world.state().await.base().phase, Phase::Cutover);
}
