//! The user service: users in a PostgreSQL of its own, which is the modern side of their migration.
//!
//! | variable | |
//! |---|---|
//! | `LISTEN`, `GRPC_LISTEN` | its addresses |
//! | `DATABASE_URL` | its PostgreSQL |
//! | `NODE` | its name in the fleet |
//! | `STATE_URL` | where the migration's state is |
//! | `MONOLITH_URL` | the legacy side; empty once the monolith answers for users no more |
//! | `RUST_LOG` | what is logged; `info` if nothing is said |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector of traces, `http://host:port`; none if nothing is said |
//!
//! A life that was evicted (it was stopped for longer than its lease) ends with an error: whoever supervises it begins another.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::{
    CUSTOMER_SCHEMA, PostgresDatabase, PostgresRepairQueue, PostgresRepository, REPAIR_QUEUE_SCHEMA,
};
use axum::Router;
use storefront::Failed;
use storefront::chassis::{Telemetry, checked, made, required, run, setting};
use storefront::users::{Node, RemoteUsers, queries, remote, service};
use strangler_fig::phase::Phase;

/// How long the database may take.
const DEADLINE: Duration = Duration::from_secs(3);
const TABLES: [(&str, &str); 2] =
    [("customer", CUSTOMER_SCHEMA), ("repair_entry", REPAIR_QUEUE_SCHEMA)];
/// Nobody is there.
const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::main]
async fn main() -> ExitCode {
    run("user-service", serve).await
}

async fn serve(telemetry: Telemetry) -> Result<(), Failed> {
    let (address, url): (SocketAddr, String) = (required("LISTEN")?, required("DATABASE_URL")?);
    let grpc: SocketAddr = required("GRPC_LISTEN")?;
    let monolith = match setting("MONOLITH_URL", String::new())?.as_str() {
        "" => None,
        _ => Some(checked("MONOLITH_URL", remote)?),
    };
    made(&url, &TABLES).await?;
    let database = PostgresDatabase::with_deadline(&url, DEADLINE)?;
    let mut node = Node::join(&telemetry).await?;
    match routes(&mut node, monolith, database, grpc) {
        Ok(routes) => node.serve(address, routes, &telemetry).await,
        Err(error) => {
            node.leave().await;
            Err(error)
        }
    }
}

/// What it answers, of which the queries of `users.proto` are answered already, at `grpc`.
fn routes(
    node: &mut Node,
    monolith: Option<RemoteUsers>,
    database: PostgresDatabase,
    grpc: SocketAddr,
) -> Result<Router, Failed> {
    let phase = node.tracker().state().base().phase;
    let monolith = match monolith {
        Some(monolith) => monolith,
        None if phase == Phase::ModernOnly => remote(NOWHERE)?,
        None => {
            return Err(
                format!("MONOLITH_URL is empty, and legacy is still used: in {phase}").into()
            );
        }
    };
    let modern = PostgresRepository::new(database.clone());
    let queue = Arc::new(PostgresRepairQueue::new(database));
    let users = node.users(monolith, modern.clone(), queue.clone())?;
    queries(node, grpc, users.clone())?;
    Ok(service(users, Arc::new(modern), queue))
}
