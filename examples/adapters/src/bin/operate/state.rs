use std::sync::Arc;

use adapters::nats::{Durability, NatsStateService};
use adapters::postgres::{PostgresDatabase, PostgresStateService, STATE_SCHEMA};
use adapters::redis::{RedisDatabase, RedisStateService};
use strangler_fig::phase::MigrationStateService;

use crate::{Outcome, with_causes};

/// The bucket, or the prefix of the keys.
const PLACE: &str = "strangler";

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
