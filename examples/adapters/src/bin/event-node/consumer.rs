use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::event::{ConsumerConfig, EventConsumer, EventEnvelope, EventHandler};
use strangler_fig::resilience::Exponential;

use crate::bus::{Bus, limits, subscription, topic};
use crate::mariadb::MariadbEffects;
use crate::postgres::PostgresEffects;
use crate::{DEADLINE, Outcome};

/// Time to die in, between an effect and its acknowledgement.
pub(crate) const MOMENT: Duration = Duration::from_millis(20);

pub(crate) async fn run(database: &str, bus: &Bus, asks_inbox: bool) -> Outcome {
    let handler: Arc<dyn EventHandler> = if database.starts_with("mysql") {
        Arc::new(MariadbEffects::new(database, asks_inbox)?)
    } else {
        Arc::new(PostgresEffects::new(database, asks_inbox)?)
    };
    let config = ConsumerConfig::default()
        .with_limits(limits())
        .with_deadline(DEADLINE)
        .with_backoff(Exponential::between(Duration::from_millis(50), Duration::from_secs(2)));
    let consumer = EventConsumer::new(bus.subscriber(), subscription(), vec![topic()], handler);
    consumer.with_config(config).run(pending()).await?;
    Ok(())
}

/// The number of an event within its key.
pub(crate) fn number(event: &EventEnvelope) -> Result<i64, StoreError> {
    let json = event.payload.as_json().ok_or_else(|| StoreError::rejected("it has no number"))?;
    json.read().map_err(StoreError::rejected)
}
