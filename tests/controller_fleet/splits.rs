//! What would split a fleet, or bring back the dead, and does not.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::controller::{
    Before, ChangeRequest, ControllerError, GateFn, GateReading, GiveUpTheWayBack, GuardConfig,
    GuardOutcome, MigrationController, ProcessHasEnded, RollbackGuard, SignalSource, Signals,
    Target,
};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{InMemoryRepository, InMemoryStateService};
use strangler_fig::phase::{
    Fleet, MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Phase,
    PhaseTracker, Revision, Share, Standing, TrackerConfig, TrackerError, Versioned,
};
use strangler_fig::reconcile::{Sweep, SweepError};
use strangler_fig::repository::MigrationRepository;

use crate::support::SECOND;

type Store = InMemoryRepository<u32, (u32, &'static str)>;
type Rows = MigrationRepository<Store, Store>;

/// A way to a service that shows an old state, or is cut.
#[derive(Debug)]
struct Link {
    to: Arc<InMemoryStateService>,
    shows: Mutex<Option<Versioned>>,
    is_cut: Mutex<bool>,
}

impl Link {
    fn to(service: &Arc<InMemoryStateService>) -> Arc<Self> {
        let to = Arc::clone(service);
        Arc::new(Self { to, shows: Mutex::default(), is_cut: Mutex::default() })
    }

    fn up(&self) -> Result<&InMemoryStateService, StoreError> {
        let is_cut = *self.is_cut.lock().unwrap();
        if is_cut { Err(StoreError::unavailable("cut")) } else { Ok(&self.to) }
    }
}

#[async_trait]
impl MigrationStateService for Link {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        self.up()?.create(state).await
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        let shown = self.shows.lock().unwrap().clone();
        if shown.is_some() { Ok(shown) } else { self.up()?.current(name).await }
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        self.up()?.compare_and_set(expected, next).await
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        self.up()?.renew_lease(name, lease).await
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        self.up()?.release_lease(name, node).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        self.up()?.leases(name).await
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        self.up()?.evict(name, seen).await
    }
}

fn name() -> MigrationName {
    "rows".parse().unwrap()
}

fn ann() -> ChangeRequest {
    ChangeRequest::new("ann".parse().unwrap(), "OPS-12".parse().unwrap())
}

async fn begun() -> (Arc<InMemoryStateService>, Arc<Link>) {
    let service = Arc::new(InMemoryStateService::default());
    service.create(&MigrationState::new(name())).await.unwrap();
    let link = Link::to(&service);
    (service, link)
}

async fn start(link: &Arc<Link>, node: &str) -> Result<Arc<PhaseTracker>, TrackerError> {
    let config = TrackerConfig::default();
    PhaseTracker::start(link.clone(), name(), node.parse().unwrap(), config).await
}

/// A node that follows, and its two stores.
async fn serving(link: &Arc<Link>, node: &str) -> Rows {
    let tracker = start(link, node).await.unwrap();
    let follower = Arc::clone(&tracker);
    tokio::spawn(async move { follower.run(pending()).await });
    let [legacy, modern] = [(); 2].map(|()| Store::new(|row| row.0));
    Rows::new(legacy, modern, tracker).unwrap()
}

fn controller(service: &Arc<InMemoryStateService>, rows: &Rows) -> MigrationController {
    let sweep = Arc::new(Sweep::new(rows));
    MigrationController::new(service.clone(), name()).with_sweeper(sweep)
}

#[tokio::test(start_paused = true)]
async fn no_node_starts_by_a_state_that_another_has_left_behind() {
    let (service, link) = begun().await;
    let rows = serving(&link, "node-1").await;
    let old = service.current(&name()).await.unwrap();
    controller(&service, &rows).advance_to(Phase::Live, &ann()).await.unwrap();
    tokio::time::sleep(SECOND * 3).await;
    *link.shows.lock().unwrap() = old;
    tokio::time::sleep(SECOND * 3).await;
    assert_eq!(rows.tracker().health().standing, Standing::WentBack);

    let restarted = start(&link, "node-2").await.unwrap_err();
    assert!(matches!(restarted, TrackerError::Behind { shown: 0, .. }), "{restarted}");
    assert_eq!(service.leases(&name()).await.unwrap().len(), 1, "it left no lease behind");

    let kept = rows.tracker().release().await.unwrap_err();
    assert!(matches!(kept, TrackerError::Witness { .. }), "{kept}");
    assert_eq!(service.leases(&name()).await.unwrap().len(), 1, "what it shows stays");
}

#[tokio::test(start_paused = true)]
async fn once_legacy_is_decommissioned_a_serving_node_copies_nothing() {
    let (service, link) = begun().await;
    let rows = serving(&link, "node-1").await;
    rows.save((1, "fig")).await.unwrap();
    let operator = controller(&service, &rows);
    operator.advance_to(Phase::ModernOnly, &ann()).await.unwrap();
    tokio::time::sleep(SECOND * 3).await;
    rows.delete(&1).await.unwrap();
    operator.decommission(GiveUpTheWayBack::of(name()), &ann()).await.unwrap();
    tokio::time::sleep(SECOND * 3).await;
    let fleet = Fleet::new(service.leases(&name()).await.unwrap());
    rows.tracker().state().tombstones_may_go(&fleet).unwrap();
    rows.modern().uproot(&1); // purged

    let joined = rows.join(&1).await.unwrap_err();
    assert_eq!(joined.kind(), StoreErrorKind::Rejected, "{joined}");
    let ticket = rows.tracker().state().begin_sweep(&fleet);
    let swept = Sweep::new(&rows).run(ticket, pending()).await;
    assert!(matches!(swept, Err(SweepError::Decommissioned)), "{swept:?}");
    assert_eq!(rows.find(&1).await.unwrap(), None, "the dead stay dead");
}

#[tokio::test(start_paused = true)]
async fn by_its_name_no_node_is_evicted_of_which_two_lives_are_silent() {
    let (service, link) = begun().await;
    let rows = serving(&link, "node-1").await;
    let dead = start(&link, "node-2").await.unwrap().node().cloned().unwrap();
    let other_way = Link::to(&service);
    let cut_off = serving(&other_way, "node-2").await;
    tokio::time::sleep(SECOND * 3).await;
    *other_way.is_cut.lock().unwrap() = true;

    let operator = controller(&service, &rows);
    let by_name = ProcessHasEnded::of("node-2".parse().unwrap());
    let refused = operator.evict(by_name, &ann()).await.unwrap_err();
    let ControllerError::SeveralLives { lives, .. } = &refused else { panic!("{refused}") };
    assert!(lives.len() == 2 && lives.contains(&dead), "{refused}");
    operator.evict(ProcessHasEnded::of_life(dead), &ann()).await.unwrap();
    let waits = operator.advance_to(Phase::Live, &ann()).await.unwrap_err();
    assert!(matches!(waits, ControllerError::Waiting { .. }), "{waits}");
    assert!(cut_off.save((1, "acknowledged")).await.is_ok());
    assert_eq!(cut_off.tracker().word().base(), Phase::LegacyOnly);
}

#[tokio::test(start_paused = true)]
async fn keys_that_enter_a_phase_by_the_end_of_a_cohort_pass_its_gates() {
    let (service, link) = begun().await;
    let rows = serving(&link, "node-1").await;
    let free = controller(&service, &rows);
    free.set_share(Share::percent(90), &ann()).await.unwrap();
    free.advance_to(Target::Base(Phase::Cutover), &ann()).await.unwrap();
    let shut = GateFn::new("shut", |_| Box::pin(async { GateReading::closed("never") }));
    let gated = controller(&service, &rows);
    let gated = gated.with_gate(Before::Entering(Phase::Cutover), Arc::new(shut));
    let refused = gated.set_share(Share::NONE, &ann()).await.unwrap_err();
    assert!(matches!(refused, ControllerError::Blocked { .. }), "{refused}");
}

/// Takes its time, and then says that modern fails.
#[derive(Debug)]
struct Slow;

#[async_trait]
impl SignalSource for Slow {
    async fn signals(&self, _window: Duration) -> Result<Signals, StoreError> {
        tokio::time::sleep(SECOND * 4).await;
        Ok(Signals::default().with_operations(1_000, 0).with_side_failures(0, 900))
    }
}

#[tokio::test(start_paused = true)]
async fn a_guard_does_not_halt_on_a_judgement_that_is_over() {
    let (service, link) = begun().await;
    let rows = serving(&link, "node-1").await;
    let operator = Arc::new(controller(&service, &rows));
    operator.advance_to(Phase::Live, &ann()).await.unwrap();
    tokio::time::sleep(SECOND * 3).await;
    let config = GuardConfig::default().with_halt();
    let guard = RollbackGuard::new(operator.clone(), Arc::new(Slow)).with_config(config);
    let looking = tokio::spawn(async move { guard.look().await });
    tokio::time::sleep(SECOND / 10).await;
    operator.roll_back(&ann()).await.unwrap();
    operator.advance_to(Phase::Cutover, &ann()).await.unwrap();
    let outcome = looking.await.unwrap();
    assert!(matches!(outcome, GuardOutcome::Failed { .. }), "{outcome:?}");
    let state = service.current(&name()).await.unwrap().unwrap().state;
    assert_eq!(state.base().phase, Phase::Cutover);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_means_never_to_poll_can_be_looked_at() {
    let (service, link) = begun().await;
    let config = TrackerConfig::default().with_poll_interval(Duration::MAX);
    let node = "node-1".parse().unwrap();
    PhaseTracker::start(link.clone(), name(), node, config).await.unwrap();
    let status = MigrationController::new(service, name()).status().await.unwrap();
    assert!(!status.nodes[0].is_silent);
}
