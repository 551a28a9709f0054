use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use adapters::mariadb::{MariadbDatabase, MariadbOutboxStore};
use adapters::postgres::{PostgresDatabase, PostgresOutboxStore};
use strangler_fig::error::StoreError;
use strangler_fig::event::{OutboxRelay, OutboxStore, RelayConfig};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::resilience::Exponential;

use crate::bus::Bus;
use crate::{DEADLINE, Outcome};

/// So long do lanes stand still when a relay is killed.
pub(crate) const TERM: Duration = Duration::from_secs(12);
/// What is staged is to be on its way soon.
pub(crate) const POLL: Duration = Duration::from_millis(100);

pub(crate) async fn run(database: &str, bus: &Bus) -> Outcome {
    let pause = Exponential::between(Duration::from_millis(50), Duration::from_secs(2));
    let config = RelayConfig::default()
        .with_term(TERM)
        .with_poll_interval(POLL)
        .with_store_deadline(DEADLINE)
        .with_outage_backoff(pause);
    let relay = OutboxRelay::new(outbox(database)?, bus.publisher(), node()?).with_config(config);
    relay.run(pending()).await;
    Ok(())
}

/// Another one in each life.
pub(crate) fn node() -> Result<NodeId, Box<dyn std::error::Error + Send + Sync>> {
    Ok(NodeId { name: "relay".parse()?, incarnation: Incarnation::random()? })
}

pub(crate) fn outbox(url: &str) -> Result<Arc<dyn OutboxStore>, StoreError> {
    Ok(if url.starts_with("mysql") {
        Arc::new(MariadbOutboxStore::new(MariadbDatabase::with_deadline(url, DEADLINE)?))
    } else {
        Arc::new(PostgresOutboxStore::new(PostgresDatabase::with_deadline(url, DEADLINE)?))
    })
}
