//! A fleet under a service that can be made to fail, to race, and to look away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::async_trait;
use strangler_fig::controller::{ChangeRequest, ControllerConfig, MigrationController};
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    Adopted, Incarnation, MigrationName, MigrationState, MigrationStateService, MoveRecord, NodeId,
    NodeLease, OutagePolicy, PhaseTracker, Revision, TrackerConfig, Versioned,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const TERM: Duration = Duration::from_secs(30);
pub(crate) const MARGIN: Duration = Duration::from_secs(2);

/// What goes wrong with the next eviction.
#[derive(Debug, Clone)]
pub(crate) enum Spoilt {
    /// The node renews just before.
    Renewal(Adopted),
    /// The node goes on just before: its round had this answer on the way all the time.
    Round(Arc<PhaseTracker>, Versioned),
    /// It is refused, as if whoever asks had died.
    Outage,
}

#[derive(Debug, Default)]
pub(crate) struct Service {
    pub(crate) inner: InMemoryStateService,
    pub(crate) spoilt: Mutex<Option<Spoilt>>,
    pub(crate) late: Mutex<Option<Versioned>>,
    /// Evicts whatever lease is stored: what the contract forbids.
    pub(crate) ignores_the_lease: bool,
    /// By whose chance calls take their time, there and back.
    pub(crate) is_slow: Option<Mutex<Rng>>,
}

impl Service {
    async fn on_the_way(&self, millis: u64) {
        if let Some(rng) = &self.is_slow {
            let millis = rng.lock().unwrap().u64(0..millis);
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
    }
}

#[async_trait]
impl MigrationStateService for Service {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        self.inner.create(state).await
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        let late = self.late.lock().unwrap().take();
        if late.is_some() {
            return Ok(late);
        }
        self.on_the_way(100).await;
        let found = self.inner.current(name).await;
        self.on_the_way(800).await;
        found
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        self.inner.compare_and_set(expected, next).await
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        self.on_the_way(100).await;
        let renewed = self.inner.renew_lease(name, lease).await;
        self.on_the_way(100).await;
        renewed
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        self.inner.release_lease(name, node).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        self.inner.leases(name).await
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        let spoilt = self.spoilt.lock().unwrap().take();
        match spoilt {
            Some(Spoilt::Outage) => return Err(StoreError::unavailable("down")),
            Some(Spoilt::Renewal(adopted)) => {
                let mut renewed = seen.clone().adopting(adopted);
                renewed.renewal += 1;
                self.inner.renew_lease(name, &renewed).await?;
            }
            Some(Spoilt::Round(tracker, answer)) => {
                *self.late.lock().unwrap() = Some(answer);
                tracker.poll().await.unwrap();
            }
            None => {}
        }
        self.on_the_way(3_000).await;
        if !self.ignores_the_lease {
            return self.inner.evict(name, seen).await;
        }
        let stored = self.inner.leases(name).await?;
        let stored = stored.into_iter().find(|lease| lease.node == seen.node);
        self.inner.evict(name, stored.as_ref().unwrap_or(seen)).await
    }
}

pub(crate) fn name() -> MigrationName {
    "rows".parse().unwrap()
}

pub(crate) fn request() -> ChangeRequest {
    ChangeRequest::new("ann".parse().unwrap(), "its host burnt down".parse().unwrap())
}

pub(crate) async fn service() -> Arc<Service> {
    let service = Arc::new(Service::default());
    service.create(&MigrationState::new(name())).await.unwrap();
    service
}

pub(crate) fn fenced() -> TrackerConfig {
    TrackerConfig::default().with_outage_policy(OutagePolicy::Fenced { term: TERM })
}

pub(crate) async fn start(
    service: &Arc<Service>,
    node: &str,
    life: u128,
    config: TrackerConfig,
) -> Arc<PhaseTracker> {
    let config = config.with_incarnation(Incarnation::fixed(life));
    PhaseTracker::start(service.clone(), name(), node.parse().unwrap(), config).await.unwrap()
}

/// Follows until the handle is aborted.
pub(crate) fn following(tracker: &Arc<PhaseTracker>) -> tokio::task::JoinHandle<()> {
    let tracker = tracker.clone();
    tokio::spawn(async move {
        let _ = tracker.run(std::future::pending()).await;
    })
}

pub(crate) fn controller(service: &Arc<Service>) -> MigrationController {
    let config = ControllerConfig::default()
        .with_drift_margin(MARGIN)
        .with_settle_wait(SECOND * 3_600)
        .with_poll_interval(SECOND / 2);
    MigrationController::new(service.clone(), name()).with_config(config)
}

pub(crate) async fn state(service: &Service) -> MigrationState {
    service.current(&name()).await.unwrap().unwrap().state
}

pub(crate) async fn leases(service: &Service) -> Vec<NodeLease> {
    service.leases(&name()).await.unwrap()
}

pub(crate) async fn lives(service: &Service) -> Vec<NodeId> {
    leases(service).await.into_iter().map(|lease| lease.node).collect()
}

pub(crate) fn id(node: &str, life: u128) -> NodeId {
    NodeId { name: node.parse().unwrap(), incarnation: Incarnation::fixed(life) }
}

pub(crate) async fn last_record(service: &Service) -> MoveRecord {
    state(service).await.history().last().unwrap().clone()
}
