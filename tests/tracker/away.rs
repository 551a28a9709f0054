//! A node that goes on by itself and is away: nobody crosses without it, whatever
//! they try.

use std::sync::Arc;

use strangler_fig::controller::{
    Before, ChangeRequest, ControllerConfig, ControllerError, GateFn, GateReading,
    MigrationController,
};
use strangler_fig::phase::{Move, MoveError, NodeId, Phase, Refused, take_step};
use strangler_fig::reconcile::Sweep;

use crate::name;
use crate::node::{Rows, SECOND, World, following, poll};

fn request() -> ChangeRequest {
    ChangeRequest::new("ann".parse().unwrap(), "OPS-12".parse().unwrap()).forcing("approval")
}

/// One that waits for long, evicts whom it may, and whose gates are all forced.
fn controller(world: &World, sweeper: &Rows) -> MigrationController {
    let config = ControllerConfig::default().with_settle_wait(SECOND * 600);
    let gate = || {
        Arc::new(GateFn::new("approval", |_| {
            Box::pin(std::future::ready(GateReading::closed("never")))
        }))
    };
    let entering = [Phase::Cutover, Phase::Live, Phase::DualWrite, Phase::LegacyOnly];
    let controller = MigrationController::new(world.service.clone(), name()).with_config(config);
    let controller = controller.with_sweeper(Arc::new(Sweep::new(sweeper)));
    entering
        .into_iter()
        .fold(controller, |controller, phase| controller.with_gate(Before::Entering(phase), gate()))
}

/// A fleet in `phase` of which `node-2` has stopped following.
async fn left_in(phase: Phase) -> (World, Rows, NodeId) {
    let world = World::new().await;
    let (node, away) = (world.node("node-1").await, world.node("node-2").await);
    world.go_to(&[&node, &away], phase).await;
    (world, node, away.tracker().node().unwrap().clone())
}

fn names<T: std::fmt::Debug>(refused: Result<T, ControllerError>, away: &NodeId) {
    let error = refused.unwrap_err();
    let ControllerError::Waiting { waited, source, .. } = error else { panic!("{error:?}") };
    assert!(waited >= SECOND * 600);
    assert!(matches!(&source, Refused::Unsettled { node, .. } if node == away), "{source:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_crosses_forward_without_it() {
    let (world, node, away) = left_in(Phase::Shadow).await;
    let follower = following(&node);
    names(controller(&world, &node).advance_to(Phase::Live, &request()).await, &away);
    assert_eq!(world.state().await.base().phase, Phase::Cutover);
    let direct = take_step(&*world.service, &name(), &Move::to(Phase::Live), None).await;
    let Err(MoveError::Refused(Refused::Unsettled { node, .. })) = direct else {
        panic!("{direct:?}")
    };
    assert_eq!(node, away);
    follower.abort();
}

#[tokio::test(start_paused = true)]
async fn nobody_crosses_back_without_it() {
    let (world, node, away) = left_in(Phase::Live).await;
    let follower = following(&node);
    names(controller(&world, &node).roll_back(&request()).await, &away);
    assert_eq!(world.state().await.base().phase, Phase::Cutover);
    names(controller(&world, &node).advance_to(Phase::LegacyOnly, &request()).await, &away);
    follower.abort();
}

#[tokio::test(start_paused = true)]
async fn nobody_leaves_a_halt_for_legacy_without_it() {
    let (world, node, away) = left_in(Phase::Live).await;
    let follower = following(&node);
    names(controller(&world, &node).halt(&request()).await, &away);
    assert_eq!(world.state().await.base().phase, Phase::Halted);
    for to in [Phase::DualWrite, Phase::LegacyOnly] {
        let direct = take_step(&*world.service, &name(), &Move::to(to), None).await;
        assert!(matches!(direct, Err(MoveError::Refused(Refused::Unsettled { .. }))), "{direct:?}");
    }
    controller(&world, &node).advance_to(Phase::Live, &request()).await.unwrap();
    follower.abort();
}

#[tokio::test(start_paused = true)]
async fn once_it_is_back_the_crossing_goes_on() {
    let world = World::new().await;
    let (node, away) = (world.node("node-1").await, world.node("node-2").await);
    world.go_to(&[&node, &away], Phase::Shadow).await;
    let follower = following(&node);
    let controller = controller(&world, &node);
    let crossing =
        tokio::spawn(async move { controller.advance_to(Phase::Live, &request()).await });
    tokio::time::sleep(SECOND * 500).await;
    assert_eq!(away.tracker().word().base(), Phase::Shadow, "it has seen nothing");
    away.save((1, "fig")).await.unwrap();
    let back = following(&away);
    crossing.await.unwrap().unwrap();
    poll(&[&node, &away]).await;
    assert_eq!(away.find(&1).await.unwrap(), Some((1, "fig")));
    assert_eq!(node.find(&1).await.unwrap(), Some((1, "fig")));
    for task in [follower, back] {
        task.abort();
    }
}
