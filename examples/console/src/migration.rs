//! The airports of the quickstart on their way from one `SQLite` database to another, with all that watches over them.

use std::error::Error;
use std::fmt;
use std::future::pending;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::async_trait;
use strangler_fig::backfill::{BackfillConfig, Backfiller};
use strangler_fig::consistency::{CheckReport, CheckerConfig, ConsistencyChecker};
use strangler_fig::controller::{
    Before, ControllerConfig, ControllerError, GuardConfig, LastVerification, LiveSignals,
    MigrationController, MismatchRateBelow, Rate, RepairQueueEmpty, RollbackGuard,
    VerificationSource,
};
use strangler_fig::memory::{
    InMemoryCheckpointStore, InMemoryRepairQueue, InMemorySagaJournal, InMemoryStateService,
};
use strangler_fig::observe::Observers;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, Phase, PhaseTracker, Share, Side,
    TrackerConfig,
};
use strangler_fig::reconcile::{Reconciler, ReconcilerConfig, RepairQueue, Sweep};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::resilience::Policy;
use strangler_fig::stamp::StampClock;
use strangler_fig::status::{
    MigrationStatus, SagaStatuses, SagasConfig, StatusBoard, StatusConfig,
};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::airport::Airport;
use crate::airports::Migrating;
use crate::desk::Desk;
use crate::fields::Fields;
use crate::link::ModernLink;
use crate::listing::listed;
use crate::load::call;
use crate::stores::Stores;
use crate::ways::Ways;

/// How many callers there are.
const CALLERS: usize = 4;
/// How many comparisons must tell before modern is trusted.
const SAMPLES_MIN: NonZeroU64 = NonZeroU64::new(50).unwrap();
/// How often the stores are checked against each other, and how often the queue of repairs is looked at.
const CHECK_EVERY: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The migration, from here until it is dropped.
pub struct Migration {
    controller: Arc<MigrationController>,
    board: Arc<StatusBoard>,
    queue: Arc<InMemoryRepairQueue>,
    checkpoints: Arc<InMemoryCheckpointStore>,
    ways: Arc<Ways>,
    sagas: Arc<InMemorySagaJournal>,
    verified: Arc<LastVerification>,
    last_check: Arc<Mutex<Option<CheckReport<String>>>>,
    policies: [Policy; 2],
    /// Its databases.
    #[expect(dead_code, reason = "its databases go when it goes")]
    stores: Stores,
    observers: Arc<Observers>,
    tasks: JoinSet<()>,
}

impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migration").field("controller", &self.controller).finish_non_exhaustive()
    }
}

impl Migration {
    /// Fills the old database with these airports, and lets callers in.
    ///
    /// # Errors
    ///
    /// What the databases report.
    pub async fn start(airports: Vec<Airport>, seed: u64) -> Result<Self, Box<dyn Error>> {
        let stores = Stores::open(&airports).await?;
        let (legacy, modern) =
            (stores.legacy.clone().stamped(), ModernLink::good(stores.modern.clone()));
        let name: MigrationName = "airports".parse()?;
        let service = Arc::new(InMemoryStateService::default());
        service.create(&MigrationState::new(name.clone())).await?;

        // One board sees what the repository and all workers tell, beside the signals of gates and guard.
        let guard = GuardConfig::default().with_samples_min(SAMPLES_MIN);
        let board = Arc::new(StatusBoard::new(StatusConfig::default().following(&guard)));
        let signals = Arc::new(LiveSignals::default());
        let observers = Arc::new(
            Observers::default().with_observer(board.clone()).with_observer(signals.clone()),
        );

        let config = TrackerConfig::default().with_observer(observers.clone());
        let tracker =
            PhaseTracker::start(service.clone(), name.clone(), "node-1".parse()?, config).await?;
        let policies = ["legacy", "modern"].map(Policy::standard);
        let config = MigrationConfig::default()
            .with_shadow_share(Share::WHOLE)
            .with_policy(Side::Legacy, policies[0].clone())
            .with_policy(Side::Modern, policies[1].clone())
            .with_observer(observers.clone());
        let stamps = Arc::new(StampClock::new()?);
        let repository =
            MigrationRepository::with_parts(legacy, modern, tracker.clone(), stamps, config)?;

        let queue = Arc::new(InMemoryRepairQueue::default());
        let checkpoints = Arc::new(InMemoryCheckpointStore::default());
        let controller = MigrationController::new(service, name)
            .with_config(ControllerConfig::default().with_observer(observers.clone()))
            .with_sweeper(Arc::new(Sweep::new(&repository)));
        let ways = Arc::new(Ways::new(checkpoints.clone()));
        let controller = Arc::new(gated(controller, &signals, &ways, &queue));

        let mut migration = Self {
            controller: controller.clone(),
            board,
            queue,
            sagas: Arc::default(),
            verified: Arc::default(),
            last_check: Arc::default(),
            policies,
            checkpoints,
            ways,
            stores,
            observers,
            tasks: JoinSet::new(),
        };
        let guard = RollbackGuard::new(controller, signals).with_config(guard);
        migration.tasks.spawn(async move { guard.run(pending()).await });
        migration.tasks.spawn(async move {
            let _ = tracker.run(pending()).await;
        });
        listed(migration.sagas.clone()).await?;
        migration.work(&repository, &Arc::from(airports), seed)?;
        Ok(migration)
    }

    /// What copies, checks and repairs; and the callers.
    fn work(
        &mut self,
        repository: &Migrating,
        airports: &Arc<[Airport]>,
        seed: u64,
    ) -> Result<(), Box<dyn Error>> {
        let config = ReconcilerConfig::default().with_observer(self.observers.clone());
        let reconciler = Reconciler::new(repository, self.queue.clone()).with_config(config);
        self.tasks.spawn(async move {
            let _ = reconciler.run(pending()).await;
        });
        let config =
            BackfillConfig::default().with_expected_records(u64::try_from(airports.len())?);
        let (checkpoints, queue) = (self.checkpoints.clone(), self.queue.clone());
        let (copied, ways) = (repository.clone(), self.ways.clone());
        self.tasks.spawn(async move {
            let mut done = None;
            loop {
                let state = copied.tracker().state();
                let job = ways.job(&state);
                if state.base().phase != Phase::LegacyOnly && done.as_ref() != Some(&job) {
                    let (checkpoints, queue) = (checkpoints.clone(), queue.clone());
                    let backfiller = Backfiller::new(&copied, checkpoints, queue, job.clone());
                    let backfiller = backfiller.with_config(config.clone());
                    let copying = backfiller.run(has_returned(&copied)).await;
                    done = copying.is_ok_and(|report| report.is_done).then_some(job);
                }
                sleep(LOOK_EVERY).await;
            }
        });
        let config = CheckerConfig::default().with_observer(self.observers.clone());
        let checker =
            ConsistencyChecker::new(repository).with_config(config).with_comparator(Fields);
        let (verified, last) = (self.verified.clone(), self.last_check.clone());
        self.tasks.spawn(async move {
            loop {
                sleep(CHECK_EVERY).await;
                let report = checker.full(pending()).await;
                verified.record(&report);
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
            }
        });
        let mut rng = Rng::with_seed(seed);
        for _ in 0..CALLERS {
            self.tasks.spawn(call(Arc::new(repository.clone()), airports.clone(), rng.fork()));
        }
        Ok(())
    }
}

/// Resolves when there is nothing to be copied any more.
async fn has_returned(repository: &Migrating) {
    while repository.tracker().state().base().phase != Phase::LegacyOnly {
        sleep(LOOK_EVERY).await;
    }
}

/// What is asked before moves forward.
fn gated(
    controller: MigrationController,
    signals: &Arc<LiveSignals>,
    ways: &Arc<Ways>,
    queue: &Arc<InMemoryRepairQueue>,
) -> MigrationController {
    let window = Duration::from_mins(1);
    let mismatches = MismatchRateBelow::new(signals.clone(), Rate::percent(1), window);
    let mismatches = mismatches.with_samples_min(SAMPLES_MIN);
    let repaired = RepairQueueEmpty::new(queue.clone());
    controller
        // What was not copied yet would differ when reads are compared.
        .with_gate(Before::Entering(Phase::Shadow), ways.clone())
        .with_gate(Before::Entering(Phase::Cutover), Arc::new(mismatches))
        .with_gate(Before::Entering(Phase::Cutover), Arc::new(repaired))
}

#[async_trait]
impl Desk for Migration {
    async fn status(&self) -> Result<MigrationStatus, ControllerError> {
        let mut status = self.board.status(&self.controller.status().await?);
        if let Ok(last) = self.verified.last().await {
            status = status.with_verification(last);
        }
        if let Ok(depth) = self.queue.depth().await {
            status = status.with_repairs(depth);
        }
        status = status.with_sagas(SagaStatuses::of(&*self.sagas, SagasConfig::default()).await);
        if let Some(report) = &*self.last_check.lock().unwrap_or_else(PoisonError::into_inner) {
            status = status.with_differences(report);
        }
        let breakers = self.policies.iter().filter_map(Policy::breaker);
        Ok(breakers.fold(status, MigrationStatus::with_breaker))
    }

    fn controller(&self) -> &Arc<MigrationController> {
        &self.controller
    }
}
