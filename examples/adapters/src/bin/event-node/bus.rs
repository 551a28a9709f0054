//! The bus, as everybody who uses it has to see it.

use std::sync::Arc;
use std::time::Duration;

use adapters::nats::{Durability, NatsBus, NatsBusConfig};
use adapters::rabbitmq::{RabbitmqBus, RabbitmqConfig};
use async_nats::ConnectOptions;
use strangler_fig::event::{
    EventPublisher, EventSubscriber, SubscriptionLimits, SubscriptionName, Topic,
};
use tokio::time::sleep;

/// A consumer that was killed keeps what it had from the others for no longer.
pub(crate) const HIDDEN_FOR: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);

/// One of either kind.
#[derive(Debug, Clone)]
pub(crate) enum Bus {
    Rabbitmq(Arc<RabbitmqBus>),
    Nats(Arc<NatsBus>),
}

impl Bus {
    /// That at `url`; waits for it.
    pub(crate) async fn open(url: &str) -> Self {
        if url.starts_with("amqp") {
            return Self::Rabbitmq(Arc::new(RabbitmqBus::new(url, RabbitmqConfig::default())));
        }
        loop {
            if let Some(bus) = nats(url).await {
                return Self::Nats(Arc::new(bus));
            }
            sleep(PAUSE).await;
        }
    }

    pub(crate) fn subscriber(&self) -> Arc<dyn EventSubscriber> {
        match self.clone() {
            Self::Rabbitmq(bus) => bus,
            Self::Nats(bus) => bus,
        }
    }

    #[allow(dead_code, reason = "who judges does not publish")]
    pub(crate) fn publisher(&self) -> Arc<dyn EventPublisher> {
        match self.clone() {
            Self::Rabbitmq(bus) => bus,
            Self::Nats(bus) => bus,
        }
    }
}

async fn nats(url: &str) -> Option<NatsBus> {
    let options =
        ConnectOptions::new().ignore_discovered_servers().reconnect_delay_callback(|_| PAUSE);
    let client = options.connect(url).await.ok()?;
    let config = NatsBusConfig::new("events", Durability::SyncedAlways).with_partitions(4);
    NatsBus::open(client, config).await.ok()
}

pub(crate) fn topic() -> Topic {
    "orders".parse().expect("it is a topic")
}

pub(crate) fn subscription() -> SubscriptionName {
    "billing".parse().expect("it is a name")
}

pub(crate) fn limits() -> SubscriptionLimits {
    SubscriptionLimits { hidden_for: HIDDEN_FOR, ..SubscriptionLimits::default() }
}
