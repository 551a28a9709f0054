//! Two services, their operator, and what follows the monolith.

use std::collections::BTreeMap;
use std::future::pending;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use adapters::customer::Customer;
use adapters::mariadb::{
    ChangeMode, MariadbChangeFeed, MariadbCustomers, MariadbDatabase, MariadbStamps, PLAIN_SCHEMA,
};
use adapters::postgres::{CUSTOMER_SCHEMA, PostgresDatabase, PostgresRepository};
use mysql_async::prelude::Queryable;
use strangler_fig::backfill::Backfiller;
use strangler_fig::consistency::{CheckReport, ConsistencyChecker, Verdict};
use strangler_fig::controller::{ChangeRequest, ControllerError, MigrationController};
use strangler_fig::event::{LagSource, OutsideWriters};
use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryStateService};
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeRole, PhaseTracker, TrackerConfig,
};
use strangler_fig::reconcile::{Reconciler, RepairPump, RepairQueue, Sweep};
use strangler_fig::replicator::{Replicator, ReplicatorConfig, ReplicatorError, ReplicatorReport};
use strangler_fig::repository::{MigrationRepository, SideStamped};
use tokio::task::JoinHandle;

use crate::monolith::{Made, Monolith, connected, plant};
use crate::servers::Servers;

const ROWS: u32 = 2_000;

type Legacy = SideStamped<MariadbCustomers, MariadbStamps>;
pub(crate) type Customers = MigrationRepository<Legacy, PostgresRepository>;

pub(crate) fn name() -> MigrationName {
    "customers".parse().unwrap()
}

pub(crate) fn ann() -> ChangeRequest {
    ChangeRequest::new("ann".parse().unwrap(), "OPS-12".parse().unwrap())
}

/// An error with all its causes, in one line.
pub(crate) fn told(error: &ControllerError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |it| it.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

pub(crate) struct World {
    servers: Servers,
    pub(crate) service: Arc<InMemoryStateService>,
    /// Two that serve, and one that works.
    nodes: Vec<Customers>,
    tasks: Vec<JoinHandle<()>>,
    pub(crate) feed: Arc<MariadbChangeFeed>,
    pub(crate) repairs: Arc<InMemoryRepairQueue>,
    /// The monolith's place in the fleet.
    pub(crate) writers: OutsideWriters,
    monolith: Option<Monolith>,
    services: Option<Services>,
    saved: BTreeMap<Vec<u8>, Option<Customer>>,
}

/// Traffic through the crate.
struct Services {
    is_over: Arc<AtomicBool>,
    task: JoinHandle<BTreeMap<Vec<u8>, Option<Customer>>>,
}

/// A replicator that runs until the keys cross.
pub(crate) struct Replicating(JoinHandle<Result<ReplicatorReport, ReplicatorError>>);

impl Replicating {
    pub(crate) async fn ended(self) -> ReplicatorReport {
        match self.0.await.unwrap() {
            Err(error @ ReplicatorError::Crossed { .. }) => error.report().clone(),
            other => panic!("it ends when the keys have crossed: {other:?}"),
        }
    }
}

impl World {
    pub(crate) async fn new(mode: ChangeMode) -> Self {
        let servers = Servers::new().await;
        servers.on_mariadb(PLAIN_SCHEMA, &servers.legacy()).await;
        servers.on_postgres(CUSTOMER_SCHEMA, &servers.modern()).await;
        plant(&mut connected(&servers.legacy()).await, ROWS).await;
        let database = MariadbDatabase::marked(&servers.legacy()).unwrap();
        let feed = Arc::new(MariadbChangeFeed::new(database, mode));
        feed.install().await.unwrap();

        let service = Arc::new(InMemoryStateService::default());
        let state = MigrationState::new(name()).with_nodes_expected(NonZeroU32::new(2).unwrap());
        service.create(&state).await.unwrap();
        let writers = "monolith".parse().unwrap();
        let writers = OutsideWriters::register(service.clone(), name(), writers).await.unwrap();
        let (mut nodes, mut tasks) = (Vec::new(), Vec::new());
        for (node, role) in [
            ("service-1", NodeRole::Serving),
            ("service-2", NodeRole::Serving),
            ("replicator", NodeRole::Worker),
        ] {
            let config = TrackerConfig::default().with_role(role);
            let node = node.parse().unwrap();
            let tracker = PhaseTracker::start(service.clone(), name(), node, config).await.unwrap();
            let legacy = MariadbDatabase::marked(&servers.legacy()).unwrap();
            let legacy = MariadbCustomers::new(legacy).stamped();
            let modern = PostgresRepository::new(PostgresDatabase::new(&servers.modern()).unwrap());
            nodes.push(Customers::new(legacy, modern, tracker.clone()).unwrap());
            tasks.push(tokio::spawn(async move {
                let _ = tracker.run(pending()).await;
            }));
        }
        Self {
            servers,
            service,
            nodes,
            tasks,
            feed,
            repairs: Arc::default(),
            writers,
            monolith: None,
            services: None,
            saved: BTreeMap::new(),
        }
    }

    pub(crate) fn controller(&self) -> MigrationController {
        MigrationController::new(self.service.clone(), name())
            .with_sweeper(Arc::new(Sweep::new(&self.nodes[2])))
    }

    pub(crate) async fn state(&self) -> MigrationState {
        self.service.current(&name()).await.unwrap().unwrap().state
    }

    pub(crate) fn replicator(&self) -> Replicator<MariadbChangeFeed, Legacy, PostgresRepository> {
        let config = ReplicatorConfig::default().with_poll_interval(Duration::from_millis(100));
        Replicator::new(&self.nodes[2], self.feed.clone(), self.repairs.clone())
            .with_config(config)
            .with_outside(self.writers.clone())
    }

    /// A replicator runs from now on.
    pub(crate) fn replicate(&self) -> Replicating {
        let replicator = self.replicator();
        Replicating(tokio::spawn(async move { replicator.run(pending()).await }))
    }

    /// Every node knows the phase. One that does not yet writes legacy alone, also keys beyond those that the backfill has
    /// found when it began: these are left to the sweep before the crossing, and no check before it is to find them.
    pub(crate) async fn all_follow(&self) {
        for node in &self.nodes {
            node.tracker().poll().await.unwrap();
        }
    }

    pub(crate) async fn backfill(&self) {
        let checkpoints = Arc::new(InMemoryCheckpointStore::default());
        let job = "customers".parse().unwrap();
        let backfiller = Backfiller::new(&self.nodes[2], checkpoints, self.repairs.clone(), job);
        let report = backfiller.run(pending()).await.unwrap();
        assert!(report.is_done && report.failed == 0, "{report}: {:?}", report.failed_keys);
    }

    pub(crate) fn monolith_begins(&mut self) {
        self.monolith = Some(Monolith::begin(&self.servers.legacy(), ROWS));
    }

    /// Waits until it has made so many changes.
    pub(crate) async fn monolith_has_made(&self, changes: u64) {
        while self.monolith.as_ref().unwrap().changes() < changes {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether it has kept its pace so far.
    #[expect(clippy::print_stderr, reason = "it is told how fast it went, whether it fails or not")]
    pub(crate) fn monolith_kept_pace(&self) -> bool {
        let per_second = self.monolith.as_ref().unwrap().per_second();
        eprintln!("the monolith makes {per_second:.0} changes a second");
        per_second > 150.0
    }

    pub(crate) async fn monolith_ends(&mut self) -> Made {
        self.monolith.take().unwrap().end().await
    }

    /// Services save and delete customers of their own, about forty a second.
    pub(crate) fn services_begin(&mut self) {
        let is_over = Arc::<AtomicBool>::default();
        let (nodes, over) = (self.nodes.clone(), is_over.clone());
        let task = tokio::spawn(async move {
            let (mut saved, mut random) = (BTreeMap::new(), fastrand::Rng::with_seed(7));
            for round in 0_i64.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let customer = customer(random.u32(0..50), round);
                let (node, key) = (&nodes[random.usize(0..2)], customer.id.clone());
                let is_deleted = random.u8(0..8) == 0;
                // Made again until it is acknowledged: a definition in the making turns some away.
                for attempt in 0.. {
                    let done = if is_deleted {
                        node.delete(&key).await.map(drop)
                    } else {
                        node.save(customer.clone()).await.map(drop)
                    };
                    match done {
                        Ok(()) => break,
                        Err(error) => assert!(attempt < 20, "a service gives up: {error:?}"),
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                saved.insert(key, (!is_deleted).then_some(customer));
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            saved
        });
        self.services = Some(Services { is_over, task });
    }

    pub(crate) async fn services_end(&mut self) {
        let services = self.services.take().unwrap();
        services.is_over.store(true, Ordering::Relaxed);
        self.saved.extend(services.task.await.unwrap());
        for node in &self.nodes {
            node.drained().await;
        }
    }

    /// Nothing that was acknowledged to a service was lost.
    pub(crate) async fn services_lost_nothing(&self) {
        assert!(self.saved.len() > 20);
        for (key, last) in &self.saved {
            assert_eq!(self.nodes[0].find(key).await.unwrap(), *last, "of {key:?}");
        }
    }

    pub(crate) async fn caught_up(&self) {
        for _ in 0..600 {
            if self.feed.lag().await.unwrap().oldest.is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("replication stays behind: {:?}", self.feed.lag().await);
    }

    /// What a service could not write to modern was noted by its node, and what the replicator could not, in the queue.
    pub(crate) async fn repair_what_was_noted(&self) {
        let until = Instant::now() + Duration::from_mins(2);
        let reconciler = Reconciler::new(&self.nodes[2], self.repairs.clone());
        loop {
            for node in &self.nodes {
                RepairPump::new(node.sink(), self.repairs.clone()).pump().await.unwrap();
            }
            reconciler.drain(pending()).await.unwrap();
            let depth = self.repairs.depth().await.unwrap();
            if depth.is_empty() {
                return;
            }
            let parked = self.repairs.parked(None, NonZeroUsize::MIN).await.unwrap();
            assert!(parked.is_empty() && Instant::now() < until, "{depth:?} {parked:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Both sides are the same.
    pub(crate) async fn is_consistent(&self, when: &str) {
        let report: CheckReport<_> = ConsistencyChecker::new(&self.nodes[2]).full(pending()).await;
        let is_consistent = report.verdict == Verdict::Consistent;
        assert!(is_consistent, "{when}: {report} {:?} {:?}", report.kept, report.unsettled_keys);
    }

    /// Repairs what a check finds to differ.
    pub(crate) async fn reconcile(&self) {
        let checker =
            ConsistencyChecker::new(&self.nodes[2]).with_repair_queue(self.repairs.clone());
        checker.full(pending()).await;
        let reconciler = Reconciler::new(&self.nodes[2], self.repairs.clone());
        reconciler.drain(pending()).await.unwrap();
    }

    pub(crate) async fn on_legacy(&self, sql: &str) {
        connected(&self.servers.legacy()).await.query_drop(sql).await.unwrap();
    }

    pub(crate) async fn drop_all(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        drop(self.nodes);
        drop(self.feed);
        self.servers.drop_all().await;
    }
}

/// A customer whom services know, in its `round`th content.
fn customer(n: u32, round: i64) -> Customer {
    Customer {
        id: format!("of-a-service-{n:03}").into_bytes(),
        name: format!("Edsger {round}"),
        email: None,
        balance: round,
        joined: 1_700_000_000_000_000,
        visits: round,
        is_active: true,
        seal: None,
    }
}
