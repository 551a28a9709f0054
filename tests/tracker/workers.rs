//! A process that only copies, checks or repairs.

use std::num::NonZeroU32;

use strangler_fig::phase::{
    MigrationStateService, Move, MoveError, NodeRole, Phase, PhaseTracker, Refused, Standing,
    TrackerConfig, TrackerError, take_step,
};

use crate::name;
use crate::node::{Rows, World, poll};

fn worker() -> TrackerConfig {
    TrackerConfig::default().with_role(NodeRole::Worker)
}

async fn refused(world: &World, step: Move) -> Refused {
    match take_step(&*world.service, &name(), &step, None).await.unwrap_err() {
        MoveError::Refused(refused) => refused,
        error => panic!("{error:?}"),
    }
}

async fn with_worker() -> (World, Rows, Rows) {
    let world = World::new().await;
    let node = world.node("node-1").await;
    let copies = world.node_with("copies", worker()).await;
    (world, node, copies)
}

#[tokio::test(start_paused = true)]
async fn it_is_not_one_of_the_nodes_expected() {
    let (world, node, copies) = with_worker().await;
    world.step(Move::ExpectNodes(NonZeroU32::new(2).unwrap())).await;
    world.step(Move::to(Phase::Cutover)).await;
    poll(&[&node, &copies]).await;
    let found = refused(&world, Move::to(Phase::Live)).await;
    assert_eq!(found, Refused::TooFewNodes { expected: 2, found: 1 });
}

#[tokio::test(start_paused = true)]
async fn crossings_wait_for_it_as_for_any_node() {
    let (world, node, copies) = with_worker().await;
    world.step(Move::to(Phase::Cutover)).await;
    poll(&[&node]).await;
    let found = refused(&world, Move::to(Phase::Live)).await;
    let named = copies.tracker().node().unwrap();
    assert!(matches!(&found, Refused::Unsettled { node, .. } if node == named), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_decommissions_while_it_runs() {
    let (world, node, copies) = with_worker().await;
    world.go_to(&[&node, &copies], Phase::ModernOnly).await;
    let named = copies.tracker().node().unwrap().clone();
    let found = refused(&world, Move::Decommission).await;
    assert_eq!(found, Refused::WorkerRunning { node: named });
}

#[tokio::test(start_paused = true)]
async fn it_does_not_start_once_legacy_was_decommissioned() {
    let (world, node, copies) = with_worker().await;
    world.go_to(&[&node, &copies], Phase::ModernOnly).await;
    copies.tracker().release().await.unwrap();
    world.step(Move::Decommission).await;
    let late =
        PhaseTracker::start(world.service.clone(), name(), "late".parse().unwrap(), worker());
    let late = late.await.unwrap_err();
    assert!(matches!(late, TrackerError::Decommissioned { .. }), "{late:?}");
    assert_eq!(world.leases().await.len(), 1, "it leaves no lease");
    world.node("node-2").await.save((1, "fig")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_that_registered_too_late_to_be_seen_closes_with_the_next_round() {
    let (world, node, copies) = with_worker().await;
    world.go_to(&[&node, &copies], Phase::ModernOnly).await;
    let lease = world.lease_of(&copies).await;
    world.service.release_lease(&name(), &lease.node).await.unwrap();
    world.step(Move::Decommission).await;
    let told = copies.tracker().poll().await.unwrap_err();
    assert!(matches!(told, TrackerError::Decommissioned { .. }), "{told:?}");
    assert!(!told.is_retryable() && copies.join(&1).await.is_err());
    assert_eq!(copies.tracker().health().standing, Standing::Closed);
    assert!(world.leases().await.iter().all(|lease| lease.role == NodeRole::Serving));
    poll(&[&node]).await;
    node.save((1, "fig")).await.unwrap();
}
