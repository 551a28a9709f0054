//! What a node's lease says, and when.

use std::time::Duration;

use strangler_fig::phase::{NodeRole, OutagePolicy, Phase, Scopes, TrackerConfig};
use strangler_fig::reconcile::Sweep;
use strangler_fig::repository::DivergenceReason;
use strangler_fig::stamp::StampScope;

use crate::name;
use crate::node::{SECOND, TERM, World, fenced};
use strangler_fig::phase::{MigrationStateService, PhaseTracker};

#[tokio::test(start_paused = true)]
async fn a_start_registers_and_then_reads_and_then_says_that_it_works_by_it() {
    let world = World::new().await;
    world.node("node-1").await;
    let calls = world.service.calls();
    assert_eq!(calls, ["create", "renew_lease", "leases", "current", "current", "renew_lease"]);
}

#[tokio::test(start_paused = true)]
async fn a_lease_carries_what_the_node_was_told_to_be() {
    let world = World::new().await;
    let scopes = Scopes { legacy: StampScope::Process, ..Scopes::default() };
    let config = TrackerConfig::default()
        .with_role(NodeRole::Worker)
        .with_scopes(scopes)
        .with_poll_interval(SECOND * 7)
        .with_outage_policy(OutagePolicy::Fenced { term: TERM });
    let tracker = PhaseTracker::start(world.service.clone(), name(), "w".parse().unwrap(), config);
    let tracker = tracker.await.unwrap();
    let lease = world.service.leases(&name()).await.unwrap().remove(0);
    assert_eq!(Some(&lease.node), tracker.node());
    assert_eq!((lease.role, lease.scopes), (NodeRole::Worker, scopes));
    assert_eq!((lease.interval, lease.term), (SECOND * 7, Some(TERM)));
    assert_eq!(lease.adopted, Some(tracker.state().adopted()));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_goes_on_by_itself_states_no_term() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    assert_eq!(world.lease_of(&node).await.term, None);
}

#[tokio::test(start_paused = true)]
async fn a_term_is_never_shorter_than_two_polls() {
    let world = World::new().await;
    let short = OutagePolicy::Fenced { term: SECOND };
    let config = TrackerConfig::default().with_outage_policy(short);
    let node = world.node_with("node-1", config.with_poll_interval(SECOND * 4)).await;
    assert_eq!(world.lease_of(&node).await.term, Some(SECOND * 8));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_polls_only_by_hand_may_be_fenced_too() {
    let world = World::new().await;
    let node = world.node_with("node-1", fenced().with_poll_interval(Duration::MAX)).await;
    assert!(world.lease_of(&node).await.term.is_some_and(|term| term > TERM));
    assert!(!node.tracker().is_fenced());
}

#[tokio::test(start_paused = true)]
async fn every_round_renews_the_lease_once_more() {
    let world = World::new().await;
    let node = world.node_with("node-1", fenced()).await;
    let first = world.lease_of(&node).await.renewal;
    for round in 1..=5 {
        node.tracker().poll().await.unwrap();
        assert_eq!(world.lease_of(&node).await.renewal, first + round);
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_sink_shows_in_the_lease_until_a_sweep_has_seen_every_key() {
    let world = World::new().await;
    let node = world.small("node-1", 1).await;
    world.go_to(&[&node], Phase::Cutover).await;
    for key in [1, 2] {
        node.sink().note(key, DivergenceReason::Mismatch, None);
    }
    node.tracker().poll().await.unwrap();
    let backlog = world.lease_of(&node).await.backlog;
    assert_eq!((backlog.keys, backlog.has_overflowed), (1, true));

    assert_eq!(node.sink().take(9).len(), 1);
    node.tracker().poll().await.unwrap();
    let backlog = world.lease_of(&node).await.backlog;
    assert_eq!((backlog.keys, backlog.has_overflowed), (0, true), "it forgot which keys");

    Sweep::new(&node).establish(&*world.service, std::future::pending()).await.unwrap();
    node.tracker().poll().await.unwrap();
    assert!(world.lease_of(&node).await.backlog.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_sinks_of_two_repositories_of_one_node_are_counted_together() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    let (legacy, modern) = (world.legacy.clone(), world.modern.clone());
    let other = crate::node::Rows::new(legacy, modern, node.tracker().clone()).unwrap();
    node.sink().note(1, DivergenceReason::Mismatch, None);
    other.sink().note(2, DivergenceReason::Mismatch, None);
    node.tracker().poll().await.unwrap();
    assert_eq!(world.lease_of(&node).await.backlog.keys, 2);
    drop(other);
    node.tracker().poll().await.unwrap();
    assert_eq!(world.lease_of(&node).await.backlog.keys, 1, "it is gone with its process");
}

#[tokio::test(start_paused = true)]
async fn a_hold_stands_in_the_next_lease() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    let hold = node.tracker().hold();
    node.tracker().poll().await.unwrap();
    assert_eq!(world.lease_of(&node).await.holds, 1);
    drop(hold);
    node.tracker().poll().await.unwrap();
    assert_eq!(world.lease_of(&node).await.holds, 0);
}
