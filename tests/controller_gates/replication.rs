//! How far replication is behind, and whether writers outside are off.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::controller::{
    FleetSettled, OutsideWritersOff, ReplicationLagBelow, read_within,
};
use strangler_fig::error::StoreError;
use strangler_fig::event::{FeedLag, LagSource};
use strangler_fig::phase::{Fleet, Move, NodeRole, Phase};

use super::support::{MINUTE, Mode, World, closed, node, open};

#[derive(Debug)]
struct Lag(Mode, FeedLag);

#[async_trait]
impl LagSource for Lag {
    async fn lag(&self) -> Result<FeedLag, StoreError> {
        self.0.act().await.map(|()| self.1)
    }
}

fn gate(oldest: Option<Duration>, pending: Option<u64>, age_max: Duration) -> ReplicationLagBelow {
    ReplicationLagBelow::new(Arc::new(Lag(Mode::Works, FeedLag::new(oldest, pending))), age_max)
}

#[tokio::test(start_paused = true)]
async fn what_is_carried_over_soon_enough_opens_it() {
    let world = World::of(1);
    let none = gate(None, Some(0), Duration::ZERO);
    assert_eq!(open(&world.read(&none).await), "no change waits");
    let soon = gate(Some(MINUTE), Some(3), MINUTE);
    open(&world.read(&soon).await);
    let late = gate(Some(MINUTE * 2), Some(37), MINUTE);
    let saw = "the oldest of 37 changes waits for 120s, allowed are 60s";
    assert_eq!(closed(&world.read(&late).await), saw);
    let uncounted = gate(Some(MINUTE * 2), None, MINUTE);
    let saw = "the oldest change waits for 120s, allowed are 60s";
    assert_eq!(closed(&world.read(&uncounted).await), saw);
}

#[tokio::test(start_paused = true)]
async fn with_no_time_allowed_all_must_be_settled() {
    let fresh = gate(Some(Duration::ZERO), Some(1), Duration::ZERO);
    closed(&World::of(1).read(&fresh).await);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_does_not_answer_closes_it() {
    let world = World::of(1);
    let fleet = Fleet::new(world.leases.clone());
    let step = Move::to(Phase::Cutover);
    let context = strangler_fig::controller::GateContext::new(&world.state, &fleet, &step);
    for mode in [Mode::Fails, Mode::Hangs, Mode::Panics] {
        let gate = ReplicationLagBelow::new(Arc::new(Lag(mode, FeedLag::default())), MINUTE);
        closed(&read_within(&gate, &context, MINUTE).await);
    }
}

#[tokio::test(start_paused = true)]
async fn writers_outside_close_their_gate_until_they_are_off() {
    let mut world = World::of(2);
    open(&world.read(&OutsideWritersOff).await);
    world.leases.push(node(9).with_role(NodeRole::Outside));
    assert_eq!(closed(&world.read(&OutsideWritersOff).await), "node-9 has not been switched off");
}

#[tokio::test(start_paused = true)]
async fn a_fleet_with_writers_outside_has_not_settled_and_says_so() {
    let mut world = World::of(2);
    world.leases.push(node(9).with_role(NodeRole::Outside));
    let reading = world.read(&FleetSettled).await;
    let saw = closed(&reading);
    assert!(saw.contains("writers outside the crate (node-9"), "{saw}");
    assert!(saw.ends_with("have not been switched off"), "{saw}");
    // They are named before a node that only lags.
    world.leases.insert(0, node(7));
    assert!(closed(&world.read(&FleetSettled).await).contains("node-9"));
    // And they stand in for no node that is expected.
    world.leases.retain(|lease| lease.role == NodeRole::Outside);
    assert!(closed(&world.read(&FleetSettled).await).contains("0 of 2 nodes hold a lease"));
}
