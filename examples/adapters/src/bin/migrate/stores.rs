use std::sync::Arc;

use adapters::mariadb::{MariadbDatabase, MariadbRepository};
use adapters::postgres::{
    CHECKPOINT_SCHEMA, CUSTOMER_SCHEMA, PostgresCheckpointStore, PostgresDatabase,
    PostgresRepairQueue, PostgresRepository, REPAIR_QUEUE_SCHEMA,
};
use mysql_async::prelude::Queryable;
use strangler_fig::backfill::CheckpointStore;
use strangler_fig::phase::{MigrationState, PhaseTracker};
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::repository::MigrationRepository;
use tokio_postgres::NoTls;

use crate::Outcome;
use crate::options::Options;

pub(crate) type Customers = MigrationRepository<MariadbRepository, PostgresRepository>;

/// Both sides, and what the workers write down.
pub(crate) struct Stores {
    pub(crate) customers: Customers,
    pub(crate) checkpoints: Arc<dyn CheckpointStore>,
    pub(crate) repairs: Arc<dyn RepairQueue>,
    /// How many rows legacy holds, about.
    pub(crate) expected: u64,
}

impl Stores {
    pub(crate) async fn open(options: &Options) -> Outcome<Self> {
        let expected = counted(&options.legacy).await?;
        prepare(&options.modern).await?;
        let legacy = MariadbRepository::new(MariadbDatabase::new(&options.legacy)?);
        let modern = PostgresDatabase::new(&options.modern)?;
        // Not part of a fleet: legacy is the primary, and wins.
        let tracker = PhaseTracker::detached(MigrationState::new("customers".parse()?));
        let sides = (legacy, PostgresRepository::new(modern.clone()));
        Ok(Self {
            customers: MigrationRepository::new(sides.0, sides.1, tracker)?,
            checkpoints: Arc::new(PostgresCheckpointStore::new(modern.clone())),
            repairs: Arc::new(PostgresRepairQueue::new(modern)),
            expected,
        })
    }
}

async fn counted(url: &str) -> Outcome<u64> {
    let cannot = |error| format!("legacy, MARIADB_URL, cannot be counted: {error}");
    let mut conn = mysql_async::Conn::from_url(url).await.map_err(cannot)?;
    let counted: Option<u64> =
        conn.query_first("SELECT COUNT(*) FROM customer").await.map_err(cannot)?;
    conn.disconnect().await?;
    Ok(counted.unwrap_or_default())
}

/// Makes the tables that PostgreSQL has not got yet.
async fn prepare(url: &str) -> Outcome<()> {
    let cannot = |error| format!("modern, POSTGRES_URL, cannot be prepared: {error}");
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(cannot)?;
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
