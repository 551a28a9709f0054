//! The gateway in front of monolith and services: its route table, and what it asks of whom. A process, or a test, brings the
//! addresses and the migration that it follows.

mod services;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use strangler_fig::gateway::tower::{GatewayService, ServiceUpstream};
use strangler_fig::gateway::{Body, Gateway, GatewayConfig, Upstream};
use strangler_fig::observe::Observer;
use strangler_fig::phase::{PhaseTracker, Side};
use strangler_fig::resilience::{Exponential, Policy, Retry, RetryBudget};
use strangler_fig::route::{RouteTable, TableHandle};

pub use services::Services;

use crate::Failed;

const ROUTES: &str = include_str!("routes.json");
/// How long monolith and services may take with what is not safe, and the monolith with all else.
const DEADLINE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(1);

/// All that the gateway answers, between the monolith and the services.
///
/// # Errors
///
/// Never: the route table is one.
pub fn routes(
    monolith: Arc<dyn Upstream>,
    services: Services,
    tracker: Arc<PhaseTracker>,
    observer: Arc<dyn Observer>,
) -> Result<Router, Failed> {
    let tables = TableHandle::new(RouteTable::from_document(ROUTES)?);
    let config = GatewayConfig::default()
        .with_legacy_deadline(DEADLINE)
        .with_write_deadline(DEADLINE)
        .with_served_by();
    let gateway = Gateway::builder(tables, monolith, Arc::new(services))
        .with_policy(Side::Legacy, policy("legacy"))
        .with_policy(Side::Modern, policy("modern"))
        .with_tracker(tracker)
        .with_observer(observer)
        .with_config(config)
        .build()?;
    Ok(Router::new()
        // What services ask of each other is nobody else's.
        .route("/internal/{*rest}", any(|| async { StatusCode::NOT_FOUND }))
        .fallback_service(GatewayService::new(gateway)))
}

/// What is safe is asked again: a process that was just replaced has left connections behind. No breaker: one for four
/// services would close three of them for the fourth.
fn policy(name: &'static str) -> Policy {
    let retry = Retry::new(Exponential::default().with_count(2));
    Policy::new(name).with_retry(retry.with_budget(RetryBudget::default()))
}

/// How monolith and services are reached. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Web(Client<HttpConnector, Body>);

impl Web {
    /// No connection yet.
    #[must_use]
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// What is at `base`.
    ///
    /// # Errors
    ///
    /// It is no URL, or more than scheme, host and port.
    pub fn upstream(&self, base: &str) -> Result<Arc<dyn Upstream>, Failed> {
        let upstream = ServiceUpstream::new(self.0.clone()).surely_unsent(Error::is_connect);
        Ok(Arc::new(upstream.at(base)?))
    }
}

impl Default for Web {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use strangler_fig::phase::{Bucket, MigrationState};
    use strangler_fig::route::{RequestHead, Trackers};

    use super::*;

    fn tables() -> RouteTable {
        RouteTable::from_document(ROUTES).unwrap()
    }

    /// Whichever side gets a write writes to both: they share a repository, not the gateway.
    #[test]
    fn nothing_is_odd_but_that_writes_go_to_one_side() {
        let tables = tables();
        let warnings: Vec<_> = tables.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings.iter().all(|it| it.ends_with("its writes go to one side only")));
    }

    #[test]
    fn users_go_where_the_migration_is_and_all_else_where_it_belongs() {
        let (tables, state) = (tables(), MigrationState::new("customers".parse().unwrap()));
        let followed = Trackers::default().with_tracker(PhaseTracker::detached(state));
        let side = |method, path| {
            tables.decide_in(&RequestHead::new(method, path), &followed).primary.unwrap()
        };
        let followed = ["/users/ada", "/users"];
        assert_eq!(followed.map(|path| side("GET", path)), [Side::Legacy; 2]);
        assert_eq!(side("POST", "/newsletter/ada"), Side::Legacy);
        let modern = ["/orders/1", "/stock/p-1", "/reservations/1", "/payments/1"];
        assert_eq!(modern.map(|path| side("GET", path)), [Side::Modern; 4]);
        assert_eq!(side("POST", "/orders"), Side::Modern);
        assert_eq!(["/products", "/checkout"].map(|path| side("GET", path)), [Side::Legacy; 2]);
    }

    #[tokio::test]
    async fn gateway_and_repository_agree_about_every_key() {
        let tables = tables();
        let state = MigrationState::new("customers".parse().unwrap());
        let salt = state.salt();
        let followed = Trackers::default().with_tracker(PhaseTracker::detached(state));
        for (path, key) in [("/users/ada", "ada"), ("/users/a%20b", "a b"), ("/users/%C3%A9", "é")]
        {
            let request = RequestHead::new("GET", path);
            let bucket = tables.decide_in(&request, &followed).bucket;
            assert_eq!(bucket, Some(Bucket::of(&key.as_bytes().to_vec(), salt)), "{path}");
        }
    }
}
