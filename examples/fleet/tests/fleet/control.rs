use std::sync::Arc;
use std::time::Duration;

use fleet::operator::Goal;
use fleet::stage::{Stage, migration};
use strangler_fig::controller::{
    Before, ChangeRequest, ControllerConfig, ControllerError, FleetSettled, MigrationController,
};
use strangler_fig::phase::{MigrationStateService, Move, MoveError, Phase, Refused, take_step};
use tokio::time::sleep;

use crate::attacker::cross;
use crate::server::stage;

const SHORT: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(30);
/// The load before and after what is done to the fleet.
const LOAD: Duration = Duration::from_millis(1_500);

/// Stops the first node where it has read the phase, `LegacyOnly`, and planned a
/// write by it, and legacy has not seen the write; then brings the migration into
/// `Cutover` as the rules allow, and every row into both stores.
async fn stop_node_1_before_legacy(stage: &Stage) {
    let mut node = stage.crew.node(0).await;
    node.order("arm").await;
    node.says("held", PATIENCE).await.unwrap();
    node.stop().unwrap();
    stage.desk.operator.go(Goal::Whole(Phase::Cutover)).await.unwrap();
    stage.desk.operator.level().await.unwrap();
}

/// Lets the first node, and its write, go on.
async fn resume_node_1(stage: &Stage) {
    let mut node = stage.crew.node(0).await;
    node.resume().unwrap();
    node.order("open").await;
}

/// Resolves when every other node works by `epoch`.
async fn adopted(stage: &Stage, epoch: u64) {
    let others = stage.crew.len() - 1;
    loop {
        let leases = stage.desk.service.leases(&migration()).await.unwrap();
        let nodes = leases.iter().filter(|lease| lease.node.name.as_str().starts_with("node-"));
        let there = |adopted: strangler_fig::phase::Adopted| adopted.epoch >= epoch;
        if nodes.filter(|lease| lease.adopted.is_some_and(there)).count() >= others {
            return;
        }
        sleep(SHORT).await;
    }
}

/// Asks every way that the crate has, forced where it can be, to cross now.
async fn every_way_is_barred(stage: &Stage) {
    let (service, name) = (stage.desk.service.clone(), migration());
    let crossing = take_step(&*service, &name, &Move::to(Phase::Live), None).await;
    let Err(MoveError::Refused(Refused::Unsettled { node, .. })) = crossing else {
        panic!("{crossing:?}");
    };
    assert_eq!(node.name.as_str(), "node-1");

    let config = ControllerConfig::default()
        .with_poll_interval(SHORT)
        .with_settle_wait(Duration::from_millis(300));
    let controller = MigrationController::new(service, name)
        .with_config(config)
        .with_sweeper(stage.desk.operator.sweeper())
        .with_gate(Before::Entering(Phase::Live), Arc::new(FleetSettled));
    let request = ChangeRequest::new("mallory".parse().unwrap(), "now".parse().unwrap());
    let forced = request.forcing("fleet_settled");
    let refused = controller.advance_to(Phase::Live, &forced).await;
    assert!(matches!(refused, Err(ControllerError::Waiting { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crossing_before_the_fleet_has_settled_is_found() {
    // The first node looks at the state once a minute.
    let stage = stage(&[PATIENCE * 2, SHORT, SHORT]).await;
    sleep(LOAD).await;
    stop_node_1_before_legacy(&stage).await;
    every_way_is_barred(&stage).await;

    adopted(&stage, cross(&*stage.desk.service).await).await;
    resume_node_1(&stage).await;
    sleep(LOAD).await;

    let ending = stage.judge().await.unwrap();
    stage.close().await.unwrap();
    println!("{ending}");
    assert!(ending.verdict().lost > 0, "the last read shows it too: {ending}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_crossing_by_the_rules_waits_for_the_node_and_loses_nothing() {
    let stage = stage(&[SHORT; 3]).await;
    sleep(LOAD).await;
    stop_node_1_before_legacy(&stage).await;
    every_way_is_barred(&stage).await;

    resume_node_1(&stage).await;
    stage.desk.operator.reach(Goal::Whole(Phase::Live)).await.unwrap();
    sleep(LOAD).await;

    let ending = stage.judge().await.unwrap();
    stage.close().await.unwrap();
    assert!(ending.is_clean(), "{ending}");
}
