//! What a node says of itself, however it stands.

use strangler_fig::phase::{
    MigrationState, MigrationStateService, Phase, PhaseTracker, Standing, TrackerHealth,
};

use crate::name;
use crate::node::{SECOND, TERM, World, fenced};
use crate::texts::Outage;

fn json(health: &TrackerHealth) -> serde_json::Value {
    serde_json::to_value(health).unwrap()
}

fn stands(tracker: &PhaseTracker, standing: Standing, named: &str, serves: bool) {
    let health = tracker.health();
    assert_eq!(health.standing, standing);
    assert_eq!(standing.serves(), serves);
    assert_eq!(json(&health)["standing"], named);
    assert_eq!(tracker.word().is_closed(), !serves, "{standing}: it says what it does");
}

#[tokio::test(start_paused = true)]
async fn one_that_follows_nobody_says_so() {
    let tracker = PhaseTracker::detached(MigrationState::new(name()));
    stands(&tracker, Standing::Detached, "detached", true);
    let health = tracker.health();
    assert_eq!((health.node, health.followed_ago, health.failures), (None, None, 0));
}

#[tokio::test(start_paused = true)]
async fn one_that_follows_tells_since_when() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    world.go(&[&node], Phase::DualWrite).await;
    tokio::time::advance(SECOND * 3).await;
    stands(node.tracker(), Standing::Following, "following", true);
    let health = node.tracker().health();
    assert_eq!(health.followed_ago, Some(SECOND * 3));
    assert_eq!(health.adopted.epoch, 1);
    assert_eq!(json(&health)["node"]["name"], "node-1");
    assert_eq!(json(&health)["followed_ago_seconds"], 3.0);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_cut_off_counts_its_failures_and_tells_the_last() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    world.service.go(Some(Outage::Refuses));
    for _ in 0..3 {
        assert!(node.tracker().poll().await.is_err());
    }
    stands(node.tracker(), Standing::CutOff, "cut_off", true);
    let health = node.tracker().health();
    assert_eq!(health.failures, 3);
    assert!(health.error.as_ref().unwrap().contains("down"), "{health:?}");
    assert!(json(&health)["error"].as_str().unwrap().contains("down"));
}

#[tokio::test(start_paused = true)]
async fn one_under_a_store_that_went_back_says_so() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    world.go(&[&node], Phase::DualWrite).await;
    world.service.overwrite(Some(MigrationState::new(name()).to_document()));
    assert!(node.tracker().poll().await.is_err());
    stands(node.tracker(), Standing::WentBack, "went_back", true);
    world.service.go(Some(Outage::Refuses));
    assert!(node.tracker().poll().await.is_err());
    stands(node.tracker(), Standing::CutOff, "cut_off", true);
}

#[tokio::test(start_paused = true)]
async fn one_whose_lease_ran_out_says_so_and_why_it_could_not_renew() {
    let world = World::new().await;
    let node = world.node_with("node-1", fenced()).await;
    world.service.go(Some(Outage::Refuses));
    assert!(node.tracker().poll().await.is_err());
    tokio::time::advance(TERM).await;
    stands(node.tracker(), Standing::Fenced, "fenced", false);
    assert!(node.tracker().health().error.unwrap().contains("down"));
    world.service.go(None);
    node.tracker().poll().await.unwrap();
    stands(node.tracker(), Standing::Following, "following", true);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_evicted_says_so_for_good() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    let lease = world.lease_of(&node).await;
    world.service.evict(&name(), &lease).await.unwrap();
    for _ in 0..2 {
        assert!(node.tracker().poll().await.is_err());
        stands(node.tracker(), Standing::Evicted, "evicted", false);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_gave_its_lease_back_is_closed() {
    let world = World::new().await;
    let node = world.node_with("node-1", fenced()).await;
    node.tracker().release().await.unwrap();
    stands(node.tracker(), Standing::Closed, "closed", false);
    tokio::time::advance(TERM).await;
    stands(node.tracker(), Standing::Closed, "closed", false);
}
