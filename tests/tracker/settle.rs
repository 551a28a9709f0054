//! A large fleet that only polls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, Move, NodeId, NodeLease, Phase,
    PhaseTracker, Revision, TrackerConfig, Versioned, take_step,
};
use tokio::time::Instant;

use crate::name;

const NODES: u32 = 1_000;
const INTERVALS: u32 = 20;
const INTERVAL: Duration = Duration::from_secs(1);

/// Counts calls, and gives no hints.
#[derive(Debug, Default)]
struct Counted {
    inner: InMemoryStateService,
    currents: Mutex<u64>,
    renewals: Mutex<BTreeMap<NodeId, u64>>,
}

#[async_trait]
impl MigrationStateService for Counted {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        self.inner.create(state).await
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        *self.currents.lock().unwrap() += 1;
        self.inner.current(name).await
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        self.inner.compare_and_set(expected, next).await
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        *self.renewals.lock().unwrap().entry(lease.node.clone()).or_default() += 1;
        self.inner.renew_lease(name, lease).await
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        self.inner.release_lease(name, node).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        self.inner.leases(name).await
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        self.inner.evict(name, seen).await
    }
}

/// A fleet that has started at times spread over one interval.
async fn fleet() -> Arc<Counted> {
    let service = Arc::new(Counted::default());
    let state = MigrationState::new(name()).with_nodes_expected(NODES.try_into().unwrap());
    service.create(&state).await.unwrap();
    for number in 0..NODES {
        let (service, node) = (service.clone(), format!("node-{number}").parse().unwrap());
        tokio::spawn(async move {
            tokio::time::sleep(INTERVAL * number / NODES).await;
            let config = TrackerConfig::default().with_poll_interval(INTERVAL);
            let tracker = PhaseTracker::start(service, name(), node, config).await.unwrap();
            tracker.run(std::future::pending()).await.unwrap();
        });
    }
    tokio::time::sleep(INTERVAL * 3).await;
    service
}

#[tokio::test(start_paused = true)]
async fn a_thousand_nodes_settle_within_two_polls_of_a_move_without_any_hint() {
    let service = fleet().await;
    let state = take_step(&*service, &name(), &Move::to(Phase::Cutover), None).await.unwrap();
    let moved = Instant::now();
    let settled = |leases: Vec<NodeLease>| {
        leases.iter().all(|lease| lease.adopted.is_some_and(|it| it.epoch >= state.epoch()))
    };
    while !settled(service.leases(&name()).await.unwrap()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(moved.elapsed() <= INTERVAL * 2, "not settled after {:?}", moved.elapsed());
    }
    let intervals = moved.elapsed().as_secs_f64() / INTERVAL.as_secs_f64();
    println!("figure fleet.settle_1000.intervals = {intervals:.2}");
}

#[tokio::test(start_paused = true)]
async fn a_node_asks_for_the_state_once_and_renews_once_in_each_interval() {
    let service = fleet().await;
    let before = (*service.currents.lock().unwrap(), service.renewals.lock().unwrap().clone());
    tokio::time::sleep(INTERVAL * INTERVALS).await;
    let asked = *service.currents.lock().unwrap() - before.0;
    // A timer of tokio may be late by a millisecond each time.
    let (least, most) = (u64::from(INTERVALS - 1), u64::from(INTERVALS));
    assert!((least * 1_000..=most * 1_000).contains(&asked), "{asked}");
    for (node, renewals) in &*service.renewals.lock().unwrap() {
        let renewed = renewals - before.1[node];
        assert!((least..=most).contains(&renewed), "{node}: {renewed}");
    }
}
