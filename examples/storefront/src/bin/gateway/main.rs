//! The gateway in front of monolith and services.
//!
//! | variable | |
//! |---|---|
//! | `LISTEN` | its address |
//! | `MONOLITH_URL` | what answers all that nobody else does |
//! | `USER_SERVICE_URL`, `ORDER_SERVICE_URL`, `INVENTORY_SERVICE_URL`, `PAYMENT_SERVICE_URL` | the services |
//! | `NODE` | its name in the fleet |
//! | `STATE_URL` | where the state of the users' migration is |
//!
//! A life that was evicted (it was stopped for longer than its lease) ends with an error: whoever supervises it begins another.

use std::net::SocketAddr;
use std::sync::Arc;

use storefront::Failed;
use storefront::chassis::{Telemetry, required};
use storefront::gateway::{Services, Web, routes};
use storefront::users::Node;
use strangler_fig::gateway::Upstream;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let telemetry = Telemetry::install("gateway")?;
    let address: SocketAddr = required("LISTEN")?;
    let web = Web::new();
    let at = |name: &str| upstream(&web, name);
    let monolith = at("MONOLITH_URL")?;
    let services = Services {
        users: at("USER_SERVICE_URL")?,
        orders: at("ORDER_SERVICE_URL")?,
        inventory: at("INVENTORY_SERVICE_URL")?,
        payments: at("PAYMENT_SERVICE_URL")?,
    };
    let node = Node::join(&telemetry).await?;
    let routes = routes(monolith, services, node.tracker().clone(), node.observer().clone())?;
    node.serve(address, routes, &telemetry).await
}

/// What is at the URL of this variable.
fn upstream(web: &Web, name: &str) -> Result<Arc<dyn Upstream>, Failed> {
    let base: String = required(name)?;
    Ok(web.upstream(&base).map_err(|error| format!("{name}: {error}"))?)
}
