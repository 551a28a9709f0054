//! A monolith's changes on MariaDB, seen by triggers and carried to PostgreSQL.

use std::env;
use std::future::pending;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use adapters::mariadb::{
    ChangeMode, MariadbChangeFeed, MariadbCustomers, MariadbDatabase, MariadbStamps, PLAIN_SCHEMA,
};
use adapters::postgres::{CUSTOMER_SCHEMA, PostgresDatabase, PostgresRepository};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use strangler_fig::controller::{ChangeRequest, MigrationController};
use strangler_fig::memory::{InMemoryRepairQueue, InMemoryStateService};
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, Phase, PhaseTracker, TrackerConfig,
};
use strangler_fig::replicator::Replicator;
use strangler_fig::repository::{MigrationRepository, SideStamped};
use tokio::task::JoinSet;

use super::per_second;
use super::relaying::DATABASE;
use crate::error::Failure;
use crate::servers::{Servers, beside};

/// How many customers there are.
const ROWS: u64 = 2_000;
/// How many connections change them.
const CONNECTIONS: u64 = 8;

type Legacy = SideStamped<MariadbCustomers, MariadbStamps>;
type Customers = MigrationRepository<Legacy, PostgresRepository>;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Replicated {
    /// Changes carried over in a second.
    pub(crate) rate: f64,
    /// Changes committed in a second, the triggers at work.
    pub(crate) commits: f64,
}

async fn connected(url: &str) -> Result<Conn, Failure> {
    let opts = OptsBuilder::from_opts(Opts::from_url(url)?).prefer_socket(false);
    Ok(Conn::new(opts).await?)
}

/// Commits the changes, and then carries them over.
pub(crate) async fn measured(servers: &Servers, changes: u64) -> Result<Replicated, Failure> {
    let server = env::var("MARIADB_URL");
    let server = server.unwrap_or_else(|_| "mysql://root@127.0.0.1:3306/test".to_owned());
    let mut first = connected(&server).await?;
    let gone = format!("DROP DATABASE IF EXISTS {DATABASE}");
    first.query_drop(&gone).await?;
    first.query_drop(format!("CREATE DATABASE {DATABASE}")).await?;
    let removed = format!("SET client_min_messages = error ;; {gone} WITH (FORCE)");
    servers.sql(None, &format!("{removed} ;; CREATE DATABASE {DATABASE}"))?;
    servers.sql(Some(DATABASE), CUSTOMER_SCHEMA)?;
    let measured = changed(&beside(&server, DATABASE), &servers.database(DATABASE), changes).await;
    first.query_drop(&gone).await?;
    servers.sql(None, &removed)?;
    measured
}

async fn changed(legacy: &str, modern: &str, changes: u64) -> Result<Replicated, Failure> {
    let mut conn = connected(legacy).await?;
    conn.query_drop(PLAIN_SCHEMA).await?;
    conn.query_drop(format!(
        "INSERT INTO plain_customer (id, name, email, balance, joined, visits, is_active, seal)
         SELECT CONCAT('customer-', LPAD(seq, 6, '0')), 'Ada', 'ada@example.org', 10.5,
             '2020-01-01 00:00:00', 1, 1, NULL
         FROM seq_1_to_{ROWS}"
    ))
    .await?;
    let feed = MariadbChangeFeed::new(MariadbDatabase::marked(legacy)?, ChangeMode::Records);
    feed.install().await?;
    let customers = migrating(legacy, modern).await?;

    let began = Instant::now();
    let mut loops = JoinSet::new();
    for part in 0..CONNECTIONS {
        let conn = connected(legacy).await?;
        loops.spawn(change(conn, (part..changes).step_by(usize::try_from(CONNECTIONS)?)));
    }
    while let Some(ended) = loops.join_next().await {
        ended??;
    }
    let commits = per_second(changes, began.elapsed().as_secs_f64());

    let replicator =
        Replicator::new(&customers, Arc::new(feed), Arc::<InMemoryRepairQueue>::default());
    let began = Instant::now();
    let report = replicator.catch_up(pending()).await?;
    let rate = per_second(changes, began.elapsed().as_secs_f64());
    println!("{report}; {commits:.0} commits/s, {rate:.0} changes/s carried over");
    if report.changes != changes || report.noted != 0 {
        return Err(Failure::new(format!("{changes} changes were made: {report}")));
    }
    Ok(Replicated { rate, commits })
}

/// Changes one row after the other, each in a transaction.
async fn change(mut conn: Conn, numbers: impl Iterator<Item = u64>) -> Result<(), Failure> {
    let sql = "UPDATE plain_customer SET visits = visits + 1 WHERE id = ?";
    for n in numbers {
        // A prime: neighbours do not meet.
        let key = format!("customer-{:06}", n * 7_919 % ROWS + 1);
        conn.exec_drop(sql, (key,)).await?;
        if conn.affected_rows() != 1 {
            return Err(Failure::new("a change has found no row"));
        }
    }
    Ok(())
}

/// A repository of a migration that writes both.
async fn migrating(legacy: &str, modern: &str) -> Result<Customers, Failure> {
    let (service, name) =
        (Arc::new(InMemoryStateService::default()), "customers".parse::<MigrationName>()?);
    let state = MigrationState::new(name.clone()).with_nodes_expected(NonZeroU32::MIN);
    service.create(&state).await?;
    let config = TrackerConfig::default();
    let tracker =
        PhaseTracker::start(service.clone(), name.clone(), "bench".parse()?, config).await?;
    let following = tracker.clone();
    tokio::spawn(async move { following.run(pending()).await });
    let legacy = MariadbCustomers::new(MariadbDatabase::marked(legacy)?).stamped();
    let modern = PostgresRepository::new(PostgresDatabase::new(modern)?);
    let customers = Customers::new(legacy, modern, tracker)?;
    let controller = MigrationController::new(service, name);
    let request = ChangeRequest::new("bench".parse()?, "to be measured".parse()?);
    controller.advance_to(Phase::DualWrite, &request).await?;
    Ok(customers)
}
