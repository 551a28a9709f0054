use std::fmt;
use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    EventSubscriber, EventSubscription, SubscriptionLimits, SubscriptionName, Topic,
};

use super::RabbitmqConfig;
use super::connection::Sender;
use super::subscription::RabbitmqSubscription;

/// A bus on a `RabbitMQ` broker. It connects when it is first used, and again whenever its connection has failed; each
/// subscription has a connection of its own.
#[derive(Clone)]
pub struct RabbitmqBus {
    pub(super) url: Arc<str>,
    pub(super) config: Arc<RabbitmqConfig>,
    pub(super) sender: Arc<Sender>,
}

/// Without its URL, which has a password.
impl fmt::Debug for RabbitmqBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitmqBus").field("config", &self.config).finish_non_exhaustive()
    }
}

impl RabbitmqBus {
    /// That of the broker at `amqp://user:password@host:port/vhost`.
    #[must_use]
    pub fn new(url: &str, config: RabbitmqConfig) -> Self {
        Self { url: url.into(), config: Arc::new(config), sender: Arc::default() }
    }
}

#[async_trait]
impl EventSubscriber for RabbitmqBus {
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError> {
        let opened = RabbitmqSubscription::open(self.clone(), name, topics, limits).await?;
        Ok(Box::new(opened))
    }
}
