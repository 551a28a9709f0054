//! One step at a time.

use std::sync::Arc;

use strangler_fig::controller::{Before, ControllerError, GateFn, GateReading, NoWay};
use strangler_fig::phase::{Evidence, Phase};

use crate::support::{NOON, SECOND, World, ann, told, words};

const LADDER: [&str; 7] = [
    "to dual_write",
    "to shadow",
    "to cutover",
    "a sweep was clean",
    "to live",
    "to ramp_down",
    "to modern_only",
];

#[tokio::test(start_paused = true)]
async fn each_advance_takes_one_step_up_to_modern_only() {
    let world = World::new(Phase::LegacyOnly).await;
    let controller = world.controller();
    for (epoch, step) in (1..).zip(LADDER) {
        let advanced = controller.advance(&ann()).await.unwrap();
        assert_eq!(words(&advanced), [step]);
        assert_eq!((advanced.state.epoch(), advanced.steps[0].epoch), (epoch, epoch));
        assert_eq!(advanced.state, world.state().await);
    }
    assert_eq!(world.state().await.base().phase, Phase::ModernOnly);
}

#[tokio::test(start_paused = true)]
async fn nothing_lies_ahead_of_modern_only() {
    let world = World::new(Phase::ModernOnly).await;
    let error = world.controller().advance(&ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::NoWay(NoWay::NothingAhead)));
    assert_eq!(told(&error), "there is no way on: nothing lies ahead but to decommission legacy");
    assert!(!error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn each_step_is_recorded_with_its_actor_its_reason_its_time_and_what_the_gates_saw() {
    let world = World::new(Phase::LegacyOnly).await;
    let gate = GateFn::new("queue", |_| Box::pin(async { GateReading::open("nothing waits") }));
    let controller = world.controller().with_gate(Before::Entering(Phase::Shadow), Arc::new(gate));
    for _ in 0..2 {
        world.clock.advance(SECOND);
        controller.advance(&ann()).await.unwrap();
    }
    let state = world.state().await;
    let [first, second] = [0, 1].map(|at| state.history().iter().nth(at).unwrap());
    for (record, epoch) in [(first, 1), (second, 2)] {
        assert_eq!(record.epoch, epoch);
        assert_eq!(record.actor.as_ref().unwrap().as_str(), "ann");
        assert_eq!(record.reason.as_ref().unwrap().as_str(), "OPS-12");
        assert_eq!(record.at_unix_ms, NOON + epoch * 1_000);
    }
    assert_eq!(second.move_id, state.move_id());
    assert_eq!(first.evidence, []);
    assert_eq!(second.evidence, [Evidence::new("queue", "nothing waits", false)]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_waits_for_the_fleet_says_for_what_and_how_long() {
    let world = World::new(Phase::Cutover).await;
    let controller = world.controller();
    let (shadow, cutover) = (Phase::Shadow, Phase::Cutover);
    controller.advance_to(shadow, &ann()).await.unwrap();
    controller.advance_to(cutover, &ann()).await.unwrap();
    let advanced = controller.advance(&ann()).await.unwrap();
    let waited_for = advanced.steps[0].waited_for.as_ref().unwrap().to_string();
    assert!(waited_for.contains("has not settled"), "{waited_for}");
    assert!(advanced.steps[0].waited > SECOND / 2 && advanced.steps[0].waited < SECOND * 3);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_waits_for_nothing_has_waited_for_no_time() {
    let world = World::new(Phase::LegacyOnly).await;
    let advanced = world.controller().advance(&ann()).await.unwrap();
    assert_eq!((advanced.steps[0].waited.as_millis(), &advanced.steps[0].waited_for), (0, &None));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_sweep_is_no_time_waited() {
    let mut world = World::new(Phase::Cutover).await;
    world.sweeps_take(SECOND * 600);
    world.settles().await;
    let advanced = world.controller().advance(&ann()).await.unwrap();
    assert_eq!(words(&advanced), ["a sweep was clean"]);
    assert_eq!(advanced.steps[0].waited.as_secs(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_sweeper_the_way_ends_at_the_sweep() {
    let world = World::new(Phase::Cutover).await;
    let error = world.bare().advance_to(Phase::Live, &ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::NoSweeper), "{error:?}");
    assert_eq!(world.state().await.epoch(), 1);
}
