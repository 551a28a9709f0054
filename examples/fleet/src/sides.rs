use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::{
    PostgresCustomers, PostgresDatabase, PostgresRepairQueue, PostgresRepository, PostgresStamps,
    PostgresStateService,
};
use serde::{Deserialize, Serialize};
use strangler_fig::error::StoreError;
use strangler_fig::phase::{NodeId, PhaseTracker, TrackerConfig};
use strangler_fig::repository::{MigrationRepository, SideStamped};
use tokio::time::sleep;

use crate::Outcome;
use crate::gate::{Gate, Gated};

/// The name of the migration.
pub const MIGRATION: &str = "customers";

/// The monolith's table as it is, with stamps beside it.
pub type Legacy = Gated<SideStamped<PostgresCustomers, PostgresStamps>>;

/// The new table, with stamps and tombstones in its rows.
pub type Modern = PostgresRepository;

/// The customers while they move.
pub type Customers = MigrationRepository<Legacy, Modern>;

/// How long a store and the state service may take to answer. A process that is
/// stopped in the middle of a transaction holds others up for so long.
const STORE_DEADLINE: Duration = Duration::from_secs(3);
const STATE_DEADLINE: Duration = Duration::from_secs(2);
/// Between two attempts to reach the state service.
const RETRY: Duration = Duration::from_millis(100);

/// Where things are, as a process sees them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Urls {
    /// The state of the migration, by way of the link that can be taken away.
    pub state: String,
    /// The monolith's database.
    pub legacy: String,
    /// The new one.
    pub modern: String,
}

impl Urls {
    /// The state service, as soon as it can be reached: a node does not start
    /// without it.
    ///
    /// # Errors
    ///
    /// When waiting does not help.
    pub async fn service(&self) -> Outcome<Arc<PostgresStateService>> {
        let database = PostgresDatabase::with_deadline(&self.state, STATE_DEADLINE)?;
        loop {
            match PostgresStateService::open(database.clone()).await {
                Err(error) if error.is_retryable() => sleep(RETRY).await,
                opened => return Ok(Arc::new(opened?)),
            }
        }
    }

    /// Both sides, for a process that follows the state by `tracker`.
    ///
    /// # Errors
    ///
    /// When a URL is none.
    pub fn customers(&self, tracker: Arc<PhaseTracker>, gate: Arc<Gate>) -> Outcome<Customers> {
        let legacy = PostgresCustomers::new(database(&self.legacy)?).stamped();
        let modern = PostgresRepository::new(database(&self.modern)?);
        Ok(MigrationRepository::new(Gated::new(legacy, gate), modern, tracker)?)
    }

    /// The keys to be repaired, which outlive the process that noted them.
    ///
    /// # Errors
    ///
    /// When the URL is none.
    pub fn repairs(&self) -> Outcome<Arc<PostgresRepairQueue>> {
        Ok(Arc::new(PostgresRepairQueue::new(database(&self.modern)?)))
    }
}

/// Registers this process with the migration, as soon as the service can be
/// reached.
///
/// # Errors
///
/// When waiting does not help.
pub async fn register(
    service: &Arc<PostgresStateService>,
    node: &NodeId,
    config: TrackerConfig,
) -> Outcome<Arc<PhaseTracker>> {
    let config = config.with_incarnation(node.incarnation).with_call_deadline(STATE_DEADLINE);
    loop {
        let (service, name) = (Arc::clone(service), node.name.clone());
        let started = PhaseTracker::start(service, MIGRATION.parse()?, name, config.clone()).await;
        match started {
            Err(error) if error.is_retryable() => sleep(RETRY).await,
            started => return Ok(started?),
        }
    }
}

fn database(url: &str) -> Result<PostgresDatabase, StoreError> {
    PostgresDatabase::with_deadline(url, STORE_DEADLINE)
}
