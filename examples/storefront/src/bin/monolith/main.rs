//! The monolith: users, products, stock, orders and payments in one schema of MariaDB, with code that writes to users and to
//! stock directly.
//!
//! | variable | |
//! |---|---|
//! | `LISTEN` | its address |
//! | `DATABASE_URL` | MariaDB |
//! | `USER_CODE` | `on`; or `off`, once legacy was decommissioned: users are answered 410, and there is neither tracker nor worker. Before that it does not start |
//! | `DIRECT_WRITES` | `on`, or `off`: the newsletter writes through the repository too. Switch it off before `cutover`: as long as it is on, the direct writers have a place in the fleet that holds up every crossing |
//! | `NODE` | its name in the fleet |
//! | `STATE_URL` | where the migration's state is |
//! | `USER_SERVICE_URL` | the modern side |
//! | `RUST_LOG` | what is logged; `info` if nothing is said |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector of traces, `http://host:port`; none if nothing is said |
//!
//! A life that was evicted (it was stopped for longer than its lease) ends with an error: whoever supervises it begins another.

mod direct;
mod newsletter;
mod shop;
mod switch;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use adapters::mariadb::{MariadbDatabase, MariadbRepository};
use axum::Router;
use axum::routing::any;
use storefront::Failed;
use storefront::chassis::{Readiness, Telemetry, checked, required, run, serve, setting};
use storefront::users::{
    Answer, HttpRepairQueue, Node, RemoteUsers, internal, is_decommissioned, newsletter, remote,
    routes,
};
use strangler_fig::repository::MigrationRepository;

use newsletter::direct_newsletter;
use shop::Shop;
use switch::Switch;

type Users = MigrationRepository<MariadbRepository, RemoteUsers>;

/// How long the database may take.
const DEADLINE: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> ExitCode {
    run("monolith", monolith).await
}

async fn monolith(telemetry: Telemetry) -> Result<(), Failed> {
    let (address, url): (SocketAddr, String) = (required("LISTEN")?, required("DATABASE_URL")?);
    let direct_writes = setting("DIRECT_WRITES", Switch::On)?;
    let modern = match setting("USER_CODE", Switch::On)? {
        Switch::On => {
            let store = checked("USER_SERVICE_URL", remote)?;
            Some((store, Arc::new(checked("USER_SERVICE_URL", HttpRepairQueue::new)?)))
        }
        Switch::Off => None,
    };
    let database = MariadbDatabase::with_deadline(&url, DEADLINE)
        .map_err(|error| format!("DATABASE_URL: {}", error.with_causes()))?;
    let shop = Shop::open(&url).await.map_err(|error| format!("DATABASE_URL: {error}"))?;
    let Some((modern, repairs)) = modern else {
        if !is_decommissioned().await? {
            return Err("USER_CODE is off, and legacy was not decommissioned".into());
        }
        let routes = shop.routes().merge(moved());
        return serve(address, routes, Readiness::default(), &telemetry).await;
    };
    let mut node = Node::join(&telemetry).await?;
    match with_users(&mut node, &shop, database, modern, repairs, direct_writes).await {
        Ok(routes) => node.serve(address, routes, &telemetry).await,
        Err(error) => {
            node.leave().await;
            Err(error)
        }
    }
}

/// All that it answers while users are here, or are on their way.
async fn with_users(
    node: &mut Node,
    shop: &Shop,
    database: MariadbDatabase,
    modern: RemoteUsers,
    repairs: Arc<HttpRepairQueue>,
    direct_writes: Switch,
) -> Result<Router, Failed> {
    let legacy = MariadbRepository::new(database.clone());
    let users: Users = node.users(legacy.clone(), modern, repairs.clone())?;
    direct::follow(node, &users, database, repairs, direct_writes).await?;
    let news = match direct_writes {
        Switch::On => direct_newsletter(shop.clone()),
        Switch::Off => newsletter(users.clone()),
    };
    Ok(shop.routes().merge(routes(users)).merge(internal(Arc::new(legacy))).merge(news))
}

/// Where users were.
fn moved() -> Router {
    let moved = any(|| async { Answer::Moved });
    ["/users", "/users/{id}", "/internal/users/{*rest}", "/newsletter/{id}"]
        .into_iter()
        .fold(Router::new(), |routes, path| routes.route(path, moved.clone()))
}
