use std::sync::Arc;

use adapters::mariadb::{MariadbDatabase, MariadbRepository};
use adapters::postgres::{
    PostgresCheckpointStore, PostgresDatabase, PostgresRepairQueue, PostgresRepository,
};
use strangler_fig::controller::{
    BackfillComplete, Before, MigrationController, RejectionsZero, RepairQueueEmpty,
};
use strangler_fig::phase::{MigrationName, MigrationStateService, Phase, PhaseTracker};
use strangler_fig::reconcile::Sweep;
use strangler_fig::repository::MigrationRepository;

use crate::{Outcome, state};

/// As the command `migrate` calls its job.
const BACKFILL: &str = "customers";

/// Gates over what is in the two stores, for looking.
pub(crate) fn gated(controller: MigrationController, modern: &str) -> Outcome<MigrationController> {
    let database = PostgresDatabase::new(modern)?;
    let checkpoints = Arc::new(PostgresCheckpointStore::new(database.clone()));
    let repairs = Arc::new(PostgresRepairQueue::new(database));
    let copied = BackfillComplete::new(checkpoints, BACKFILL.parse()?);
    let (cutover, live) = (Before::Entering(Phase::Cutover), Before::Entering(Phase::Live));
    Ok(controller
        .with_gate(cutover, Arc::new(copied))
        .with_gate(cutover, Arc::new(RejectionsZero::new(repairs.clone())))
        .with_gate(live, Arc::new(RepairQueueEmpty::new(repairs))))
}

/// This process as a worker that sweeps.
pub(crate) struct Worker {
    pub(crate) tracker: Arc<PhaseTracker>,
    pub(crate) sweep: Arc<Sweep<MariadbRepository, PostgresRepository>>,
}

impl Worker {
    /// Registers it and follows the state, until it is released.
    pub(crate) async fn start(
        service: Arc<dyn MigrationStateService>,
        migration: MigrationName,
        (legacy, modern): (&str, &str),
    ) -> Outcome<Self> {
        // Before a place in the fleet is taken: what fails after that leaves its lease behind.
        let legacy = MariadbRepository::new(MariadbDatabase::new(legacy)?);
        let modern = PostgresRepository::new(PostgresDatabase::new(modern)?);
        let tracker = state::follow(service, migration, "operate").await?;
        let customers = MigrationRepository::new(legacy, modern, tracker.clone())?;
        Ok(Self { tracker, sweep: Arc::new(Sweep::new(&customers)) })
    }
}
