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

mod services;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use storefront::Failed;
use storefront::chassis::{Telemetry, required};
use storefront::users::Node;
use strangler_fig::gateway::tower::{GatewayService, ServiceUpstream};
use strangler_fig::gateway::{Body, Gateway, GatewayConfig, Upstream};
use strangler_fig::phase::Side;
use strangler_fig::resilience::Policy;
use strangler_fig::route::{RouteTable, TableHandle};

use services::Services;

const ROUTES: &str = include_str!("routes.json");
/// How long monolith and services may take with what is not safe, and the monolith with all else.
const DEADLINE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let telemetry = Telemetry::install("gateway")?;
    let address: SocketAddr = required("LISTEN")?;
    let client = client();
    let at = |name: &str| upstream(&client, name);
    let legacy = at("MONOLITH_URL")?;
    let modern = Services {
        users: at("USER_SERVICE_URL")?,
        orders: at("ORDER_SERVICE_URL")?,
        inventory: at("INVENTORY_SERVICE_URL")?,
        payments: at("PAYMENT_SERVICE_URL")?,
    };
    let tables = TableHandle::new(RouteTable::from_document(ROUTES)?);
    let node = Node::join(&telemetry).await?;
    let config = GatewayConfig::default()
        .with_legacy_deadline(DEADLINE)
        .with_write_deadline(DEADLINE)
        .with_served_by();
    let gateway = Gateway::builder(tables, legacy, Arc::new(modern))
        // No breaker: one for four services would close three of them for the fourth.
        .with_policy(Side::Modern, Policy::new("modern"))
        .with_tracker(node.tracker().clone())
        .with_observer(node.observer().clone())
        .with_config(config)
        .build()?;
    let routes = Router::new()
        // What services ask of each other is nobody else's.
        .route("/internal/{*rest}", any(|| async { StatusCode::NOT_FOUND }))
        .fallback_service(GatewayService::new(gateway));
    node.serve(address, routes, &telemetry).await
}

type HttpClient = Client<HttpConnector, Body>;

fn client() -> HttpClient {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

/// What is at the URL of this variable.
fn upstream(client: &HttpClient, name: &str) -> Result<Arc<dyn Upstream>, Failed> {
    let base: String = required(name)?;
    let upstream = ServiceUpstream::new(client.clone()).surely_unsent(Error::is_connect);
    Ok(Arc::new(upstream.at(&base).map_err(|error| format!("{name}: {error}"))?))
}
