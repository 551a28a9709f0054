//! The state service as one process reaches it.

use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    EvictionGround, MigrationName, MigrationState, MigrationStateService, Move, NodeId, NodeLease,
    PartName, Phase, Revision, Versioned,
};

use super::link::Link;

/// The state service, behind a link.
#[derive(Debug)]
pub(crate) struct ReachedService {
    service: Arc<InMemoryStateService>,
    link: Link,
    /// Whether it is told of changes.
    is_hinted: bool,
}

impl ReachedService {
    pub(crate) fn new(service: &Arc<InMemoryStateService>, link: Link, is_hinted: bool) -> Self {
        Self { service: Arc::clone(service), link: link.into_service(), is_hinted }
    }
}

#[async_trait]
impl MigrationStateService for ReachedService {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        let (service, state) = (Arc::clone(&self.service), state.clone());
        self.link.change(0, move || async move { service.create(&state).await }).await
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        self.link.look(1, self.service.current(name)).await
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        let (service, next) = (Arc::clone(&self.service), next.clone());
        let (network, life) = (Arc::clone(self.link.network()), self.link.process().life);
        let effect = move || async move {
            let moved = service.compare_and_set(expected, &next).await;
            if let (Ok(_), Some(made)) = (&moved, next.history().last()) {
                network.trace.say(life, format_args!("moved: {}", made.step));
                network.trace.count(moved_how(&made.step));
                if made.actor.as_ref().is_some_and(|actor| actor.as_str() == "rollback-guard") {
                    network.trace.count("moved by the guard");
                }
            }
            moved
        };
        self.link.change(2, effect).await
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        let (service, name, lease) = (Arc::clone(&self.service), name.clone(), lease.clone());
        let effect = move || async move { service.renew_lease(&name, &lease).await };
        self.link.change(3, effect).await
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        let (service, name, node) = (Arc::clone(&self.service), name.clone(), node.clone());
        let effect = move || async move { service.release_lease(&name, &node).await };
        self.link.change(4, effect).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        self.link.look(5, self.service.leases(name)).await
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        let (service, name, seen) = (Arc::clone(&self.service), name.clone(), seen.clone());
        let effect = move || async move { service.evict(&name, &seen).await };
        self.link.change(6, effect).await
    }

    async fn changed(&self, name: &MigrationName, seen: Revision) {
        if !self.is_hinted || self.link.process().is_dead() {
            return std::future::pending().await;
        }
        self.link.process().reaches_the_service().await;
        self.service.changed(name, seen).await;
    }
}

/// A move, for the count of what happened.
fn moved_how(step: &Move) -> &'static str {
    match step {
        Move::Phase { part: PartName::Base, to } => to.name(),
        Move::Phase { part: PartName::Cohort, to: Phase::Live } => "cohort to live",
        Move::Phase { part: PartName::Cohort, to: Phase::Cutover } => "cohort to cutover",
        Move::Phase { .. } => "cohort elsewhere",
        Move::StartCohort { .. } => "cohort begins",
        Move::GrowCohort { .. } => "cohort grows",
        Move::EndCohort => "cohort ends",
        Move::Complete(_) => "sweep",
        Move::Evict { ground: EvictionGround::LeaseRanOut, .. } => "evicted: lease ran out",
        Move::Evict { .. } => "evicted: has ended",
        _ => "other",
    }
}
