//! What holds a move up, and what goes through.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use strangler_fig::controller::{
    Before, ChangeRequest, ControllerConfig, ControllerError, GateFn, GateReading, GiveUpTheWayBack,
};
use strangler_fig::phase::{MigrationState, Phase, Refused, Share};

use crate::support::{SECOND, World, ann, name, state_in, words};

/// Closed, and why.
fn closed(gate: &str) -> Arc<GateFn> {
    Arc::new(GateFn::new(gate, |_| Box::pin(async { GateReading::closed("3 keys wait") })))
}

fn forcing(gates: &[&str]) -> ChangeRequest {
    gates.iter().fold(ann(), |request, gate| request.forcing(*gate))
}

#[tokio::test(start_paused = true)]
async fn a_closed_gate_holds_up_with_its_name_and_what_it_saw() {
    let world = World::new(Phase::DualWrite).await;
    let controller =
        world.controller().with_gate(Before::Entering(Phase::Cutover), closed("queue"));
    let error = controller.advance_to(Phase::Live, &ann()).await.unwrap_err();
    assert_eq!(error.to_string(), "\"to cutover\" is held up by closed gates: queue (3 keys wait)");
    assert!(matches!(error, ControllerError::Blocked { .. }) && error.is_retryable());
    assert_eq!(world.state().await.base().phase, Phase::Shadow, "it went as far as it could");
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_opens_lets_the_move_pass() {
    let world = World::new(Phase::Shadow).await;
    let is_open = Arc::new(AtomicBool::new(false));
    let asked = is_open.clone();
    let gate = GateFn::new("door", move |_| {
        let reading = GateReading::of(asked.load(Ordering::SeqCst), "as it is");
        Box::pin(async { reading })
    });
    let controller = world.controller().with_gate(Before::Entering(Phase::Cutover), Arc::new(gate));
    controller.advance(&ann()).await.unwrap_err();
    is_open.store(true, Ordering::SeqCst);
    assert_eq!(words(&controller.advance(&ann()).await.unwrap()), ["to cutover"]);
}

#[tokio::test(start_paused = true)]
async fn a_forced_gate_is_passed_and_the_history_says_so() {
    let world = World::new(Phase::Shadow).await;
    let before = Before::Entering(Phase::Cutover);
    let controller =
        world.controller().with_gate(before, closed("queue")).with_gate(before, closed("copy"));
    let error = controller.advance(&forcing(&["queue"])).await.unwrap_err();
    let ControllerError::Blocked { gates, .. } = error else { panic!("{error:?}") };
    assert_eq!(gates.iter().map(|gate| gate.name.as_str()).collect::<Vec<_>>(), ["copy"]);

    let state = controller.advance(&forcing(&["queue", "copy"])).await.unwrap().state;
    let evidence = &state.history().last().unwrap().evidence;
    let told: Vec<_> = evidence.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["queue: 3 keys wait (forced)", "copy: 3 keys wait (forced)"]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_gate_is_an_error_before_anything_moves() {
    let world = World::new(Phase::ModernOnly).await;
    let controller = world.controller().with_gate(Before::Growing, closed("queue"));
    let request = forcing(&["queue", "quue"]);
    let confirmation = GiveUpTheWayBack::of(name());
    for error in [
        controller.advance(&request).await,
        controller.advance_to(Phase::Live, &request).await,
        controller.set_share(Share::percent(10), &request).await,
        controller.decommission(confirmation, &request).await,
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "there is no gate \"quue\" to force");
    }
    assert_eq!(world.state().await.epoch(), state_in(Phase::ModernOnly).epoch());
}

/// What is refused though every gate is forced.
async fn refused_though_forced(first: MigrationState, to: Phase) -> Refused {
    let world = World::at(first, 2).await;
    world.nodes.iter().for_each(crate::support::Node::falls_silent);
    let mut controller =
        world.controller_with(ControllerConfig::default().with_settle_wait(SECOND));
    for phase in Phase::ALL {
        controller = controller.with_gate(Before::Entering(phase), closed("all"));
    }
    match controller.advance_to(to, &forcing(&["all"])).await.unwrap_err() {
        ControllerError::Refused { source, .. } | ControllerError::Waiting { source, .. } => source,
        error => panic!("{error:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_rules_of_the_protocol_are_no_gates() {
    // R2, and what a sweep needs.
    let crossing = refused_though_forced(state_in(Phase::Shadow), Phase::Live).await;
    assert!(matches!(crossing, Refused::Unsettled { .. }), "{crossing:?}");
    // R3.
    let back = refused_though_forced(state_in(Phase::Live), Phase::DualWrite).await;
    assert!(matches!(back, Refused::Unsettled { .. }), "{back:?}");
    // R1, the exception.
    let halted = state_in(Phase::Halted);
    let down = refused_though_forced(halted.clone(), Phase::RampDown).await;
    assert!(matches!(down, Refused::Unsettled { .. }), "{down:?}");
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_panics_or_hangs_is_closed() {
    let panics = GateFn::new("panics", |_| Box::pin(async { panic!("on purpose") }));
    let hangs = GateFn::new("hangs", |_| Box::pin(std::future::pending()));
    for (gate, saw) in [(panics, "the gate panicked"), (hangs, "no answer within 10s")] {
        let world = World::new(Phase::Shadow).await;
        let before = Before::Entering(Phase::Cutover);
        let controller = world.controller().with_gate(before, Arc::new(gate));
        let error = controller.advance(&ann()).await.unwrap_err();
        let ControllerError::Blocked { gates, .. } = error else { panic!("{error:?}") };
        assert_eq!(gates[0].saw, saw);
        assert_eq!(world.state().await.base().phase, Phase::Shadow);
    }
}

#[tokio::test(start_paused = true)]
async fn growth_and_the_end_have_gates_of_their_own() {
    let world = World::new(Phase::DualWrite).await;
    let controller = world.controller().with_gate(Before::Growing, closed("steady"));
    let error = controller.set_share(Share::percent(10), &ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::Blocked { .. }), "{error:?}");

    let world = World::new(Phase::ModernOnly).await;
    let controller = world.controller().with_gate(Before::Decommissioning, closed("archive"));
    let confirmation = GiveUpTheWayBack::of(name());
    let error = controller.decommission(confirmation, &ann()).await.unwrap_err();
    assert!(matches!(error, ControllerError::Blocked { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn every_gate_before_a_cohort_s_move_is_asked_of_it_too() {
    let world = World::at(crate::support::state_with_cohort(Phase::Shadow, Phase::Shadow), 2).await;
    let controller =
        world.controller().with_gate(Before::Entering(Phase::Cutover), closed("queue"));
    let error = controller.advance(&ann()).await.unwrap_err();
    assert!(error.to_string().starts_with("\"cohort to cutover\" is held up"), "{error}");
}
