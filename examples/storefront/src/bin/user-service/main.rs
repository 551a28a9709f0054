//! The user service: users in a PostgreSQL of its own, which is the modern side of their migration.
//!
//! | variable | |
//! |---|---|
//! | `LISTEN`, `GRPC_LISTEN` | its addresses |
//! | `DATABASE_URL` | its PostgreSQL |
//! | `NODE` | its name in the fleet |
//! | `STATE_URL` | where the migration's state is |
//! | `MONOLITH_URL` | the legacy side; empty once the monolith answers for users no more |
//!
//! A life that was evicted (it was stopped for longer than its lease) ends with an error: whoever supervises it begins another.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::{
    CUSTOMER_SCHEMA, PostgresDatabase, PostgresRepairQueue, PostgresRepository, REPAIR_QUEUE_SCHEMA,
};
use storefront::Failed;
use storefront::chassis::{Telemetry, made, required, setting};
use storefront::users::{Node, queries, remote, service};
use strangler_fig::phase::Phase;

/// How long the database may take.
const DEADLINE: Duration = Duration::from_secs(3);
const TABLES: [(&str, &str); 2] =
    [("customer", CUSTOMER_SCHEMA), ("repair_entry", REPAIR_QUEUE_SCHEMA)];
/// Nobody is there.
const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let telemetry = Telemetry::install("user-service")?;
    let (address, url): (SocketAddr, String) = (required("LISTEN")?, required("DATABASE_URL")?);
    let monolith: String = setting("MONOLITH_URL", String::new())?;
    made(&url, &TABLES).await.map_err(|error| format!("DATABASE_URL: {error}"))?;
    let database = PostgresDatabase::with_deadline(&url, DEADLINE)?;
    let modern = PostgresRepository::new(database.clone());
    let queue = Arc::new(PostgresRepairQueue::new(database));
    let mut node = Node::join(&telemetry).await?;
    let phase = node.tracker().state().base().phase;
    if monolith.is_empty() && phase != Phase::ModernOnly {
        node.leave().await;
        return Err(format!("MONOLITH_URL is empty, and legacy is still used: in {phase}").into());
    }
    let monolith = if monolith.is_empty() { NOWHERE } else { &monolith };
    let users = node.users(remote(monolith), modern.clone(), queue.clone())?;
    queries(&mut node, required("GRPC_LISTEN")?, users.clone())?;
    let routes = service(users, Arc::new(modern), queue);
    node.serve(address, routes, &telemetry).await
}
