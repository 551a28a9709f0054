use std::sync::Arc;
use std::time::Duration;

use adapters::nats::{Durability, NatsStateService};
use adapters::postgres::{PostgresDatabase, PostgresStateService, STATE_SCHEMA};
use adapters::redis::{RedisDatabase, RedisStateService};
use strangler_fig::phase::{
    MigrationName, MigrationStateService, NodeRole, OutagePolicy, PhaseTracker, TrackerConfig,
};

use crate::{Outcome, with_causes};

/// The bucket, or the prefix of the keys.
const PLACE: &str = "strangler";
/// While it works on records, a command is a node like any other. One that was killed is evicted by the controller once its
/// term is over.
const POLL: Duration = Duration::from_millis(200);
const FENCED: OutagePolicy = OutagePolicy::Fenced { term: Duration::from_secs(30) };

/// The store of the state that `STATE_URL` names.
pub(crate) async fn open(url: &str) -> Outcome<Arc<dyn MigrationStateService>> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("postgres" | "postgresql") => {
            prepare(url).await?;
            let database = PostgresDatabase::new(url)?;
            Ok(Arc::new(PostgresStateService::open(database).await?))
        }
        Some("redis") => {
            Ok(Arc::new(RedisStateService::open(RedisDatabase::new(url)?, PLACE).await?))
        }
        // Whoever copies this says what their servers do.
        Some("nats") => {
            let client = async_nats::connect(url).await?;
            Ok(Arc::new(NatsStateService::open(client, PLACE, Durability::SyncedAlways).await?))
        }
        Some(other) => {
            Err(format!("STATE_URL is postgres://, redis:// or nats://, not {other}:").into())
        }
        None => {
            Err("STATE_URL is postgres://, redis:// or nats://, and has no such beginning".into())
        }
    }
}

/// This process as a worker of the fleet, which follows the state until it is released.
pub(crate) async fn follow(
    service: Arc<dyn MigrationStateService>,
    migration: MigrationName,
    command: &str,
) -> Outcome<Arc<PhaseTracker>> {
    let node = format!("{command}-{}", std::process::id()).parse()?;
    let config = TrackerConfig::default()
        .with_role(NodeRole::Worker)
        .with_poll_interval(POLL)
        .with_outage_policy(FENCED);
    let tracker = PhaseTracker::start(service, migration, node, config).await?;
    let follower = Arc::clone(&tracker);
    tokio::spawn(async move { follower.run(std::future::pending()).await });
    Ok(tracker)
}

/// Gives its place in the fleet back. What was done is done: that this fails is told, and is not the outcome.
pub(crate) async fn release(tracker: &PhaseTracker, command: &str) {
    if let Err(error) = tracker.release().await {
        eprintln!("{command}: its lease stays until its term is over: {}", with_causes(&error));
    }
}

/// Makes the tables, if they are not there.
async fn prepare(url: &str) -> Outcome<()> {
    let cannot = |error: tokio_postgres::Error| {
        format!("the state that STATE_URL names cannot be prepared: {}", with_causes(&error))
    };
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.map_err(cannot)?;
    tokio::spawn(connection);
    let found = client.query_one("SELECT to_regclass('migration_state') IS NOT NULL", &[]).await;
    if !found.map_err(cannot)?.get::<_, bool>(0) {
        client.batch_execute(STATE_SCHEMA).await.map_err(cannot)?;
    }
    Ok(())
}
