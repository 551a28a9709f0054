//! The monolith: users, products, stock, orders and payments in one schema of MariaDB, with code that writes to users and to
//! stock directly.
//!
//! | variable | |
//! |---|---|
//! | `LISTEN` | its address |
//! | `DATABASE_URL` | MariaDB |
//! | `USER_CODE` | `on`, or `off`: users are answered 410, and there is neither tracker nor worker |
//! | `DIRECT_WRITES` | `on`, or `off`: the newsletter writes through the repository too. Switch it off before `cutover`: as long as it is on, the direct writers have a place in the fleet that holds up every crossing |
//! | `NODE` | its name in the fleet |
//! | `STATE_URL` | where the migration's state is |
//! | `USER_SERVICE_URL` | the modern side |
//!
//! A life that was evicted (it was stopped for longer than its lease) ends with an error: whoever supervises it begins another.

mod direct;
mod newsletter;
mod shop;
mod switch;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adapters::mariadb::{MariadbDatabase, MariadbRepository};
use axum::Router;
use axum::routing::any;
use storefront::Failed;
use storefront::chassis::{Readiness, Telemetry, required, serve, setting};
use storefront::users::{
    Answer, HttpRepairQueue, Node, RemoteUsers, internal, newsletter, remote, routes,
};
use strangler_fig::repository::MigrationRepository;

use newsletter::direct_newsletter;
use shop::Shop;
use switch::Switch;

type Users = MigrationRepository<MariadbRepository, RemoteUsers>;

/// How long the database may take.
const DEADLINE: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let telemetry = Telemetry::install("monolith")?;
    let (address, url): (SocketAddr, String) = (required("LISTEN")?, required("DATABASE_URL")?);
    let shop = Shop::open(&url).await.map_err(|error| format!("DATABASE_URL: {error}"))?;
    if setting("USER_CODE", Switch::On)? == Switch::Off {
        let routes = shop.routes().merge(moved());
        return serve(address, routes, Readiness::default(), &telemetry).await;
    }
    let service: String = required("USER_SERVICE_URL")?;
    let direct_writes = setting("DIRECT_WRITES", Switch::On)?;
    let repairs = Arc::new(HttpRepairQueue::new(&service)?);
    let database = MariadbDatabase::with_deadline(&url, DEADLINE)?;
    let mut node = Node::join(&telemetry).await?;
    let legacy = MariadbRepository::new(database.clone());
    let users: Users = node.users(legacy.clone(), remote(&service), repairs.clone())?;
    if let Err(error) = direct::follow(&mut node, &users, database, repairs, direct_writes).await {
        node.leave().await;
        return Err(error);
    }
    let news = match direct_writes {
        Switch::On => direct_newsletter(shop.clone()),
        Switch::Off => newsletter(users.clone()),
    };
    let routes = shop.routes().merge(routes(users)).merge(internal(Arc::new(legacy))).merge(news);
    node.serve(address, routes, &telemetry).await
}

/// Where users were.
fn moved() -> Router {
    let moved = any(|| async { Answer::Moved });
    ["/users", "/users/{id}", "/internal/users/{*rest}", "/newsletter/{id}"]
        .into_iter()
        .fold(Router::new(), |routes, path| routes.route(path, moved.clone()))
}
