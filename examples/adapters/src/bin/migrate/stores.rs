use std::sync::Arc;

use adapters::mariadb::{MariadbDatabase, MariadbRepository};
use adapters::postgres::{
    CHECKPOINT_SCHEMA, CUSTOMER_SCHEMA, PostgresCheckpointStore, PostgresDatabase,
    PostgresRepairQueue, PostgresRepository, REPAIR_QUEUE_SCHEMA,
};
use mysql_async::prelude::Queryable;
use strangler_fig::backfill::CheckpointStore;
use strangler_fig::phase::{MigrationName, MigrationState, PhaseTracker};
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::repository::MigrationRepository;
use tokio_postgres::NoTls;

use crate::options::{Options, Place};
use crate::{Outcome, environment, state};

pub(crate) type Customers = MigrationRepository<MariadbRepository, PostgresRepository>;

/// Both sides, and what the workers write down.
pub(crate) struct Stores {
    pub(crate) customers: Customers,
    pub(crate) checkpoints: Arc<dyn CheckpointStore>,
    pub(crate) repairs: Arc<dyn RepairQueue>,
    /// How many rows legacy holds, about.
    pub(crate) expected: u64,
    /// Which rule rows are joined by.
    tracker: Arc<PhaseTracker>,
}

impl Stores {
    pub(crate) async fn open(options: &Options) -> Outcome<Self> {
        let expected = counted(&options.legacy).await?;
        prepare(&options.modern).await?;
        let legacy = MariadbRepository::new(MariadbDatabase::new(&options.legacy.url)?);
        let modern = PostgresDatabase::new(&options.modern.url)?;
        let sides = (legacy, PostgresRepository::new(modern.clone()));
        // Last: whatever fails after it would leave its lease behind.
        let tracker = tracker(options.is_alone).await?;
        Ok(Self {
            customers: MigrationRepository::new(sides.0, sides.1, Arc::clone(&tracker))?,
            checkpoints: Arc::new(PostgresCheckpointStore::new(modern.clone())),
            repairs: Arc::new(PostgresRepairQueue::new(modern)),
            expected,
            tracker,
        })
    }

    pub(crate) async fn release(self) {
        state::release(&self.tracker, "migrate").await;
    }
}

/// The phase of the fleet, if there is one. Without, legacy is the primary, and wins: that would undo what a fleet that has
/// crossed has written, so it has to be said.
async fn tracker(is_alone: bool) -> Outcome<Arc<PhaseTracker>> {
    let name = environment("MIGRATION").unwrap_or_else(|| "customers".to_owned());
    let migration: MigrationName = name.parse()?;
    match (environment("STATE_URL"), is_alone) {
        (Some(url), false) => state::follow(state::open(&url).await?, migration, "migrate").await,
        (None, true) => Ok(PhaseTracker::detached(MigrationState::new(migration))),
        (Some(_), true) => Err("STATE_URL names a fleet, and --alone says there is none".into()),
        (None, false) => Err("STATE_URL is not set; if no fleet serves the stores: --alone".into()),
    }
}

async fn counted(legacy: &Place) -> Outcome<u64> {
    let cannot = |error| format!("legacy, {}, cannot be counted: {error}", legacy.said_by);
    let mut conn = mysql_async::Conn::from_url(&legacy.url).await.map_err(cannot)?;
    let counted: Option<u64> =
        conn.query_first("SELECT COUNT(*) FROM customer").await.map_err(cannot)?;
    conn.disconnect().await?;
    Ok(counted.unwrap_or_default())
}

/// Makes the tables that PostgreSQL has not got yet.
async fn prepare(modern: &Place) -> Outcome<()> {
    let cannot = |error| format!("modern, {}, cannot be prepared: {error}", modern.said_by);
    let (client, connection) = tokio_postgres::connect(&modern.url, NoTls).await.map_err(cannot)?;
    tokio::spawn(connection);
    let tables = [
        ("customer", CUSTOMER_SCHEMA),
        ("backfill_job", CHECKPOINT_SCHEMA),
        ("repair_entry", REPAIR_QUEUE_SCHEMA),
    ];
    for (table, schema) in tables {
        let found = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await;
        if !found.map_err(cannot)?.get::<_, bool>(0) {
            client.batch_execute(schema).await.map_err(cannot)?;
        }
    }
    Ok(())
}
