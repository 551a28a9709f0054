use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    EventSubscriber, EventSubscription, SubscriptionLimits, SubscriptionName, Topic,
};

use crate::KafkaConfig;
use crate::sender::Sender;
use crate::subscription::KafkaSubscription;

/// A bus on Kafka. It connects when it is first used, and again by itself; each subscription has connections of its own.
///
/// ```
/// use kafka_adapter::{KafkaBus, KafkaConfig};
///
/// let bus = KafkaBus::new(KafkaConfig::new("kafka-1:9092,kafka-2:9092").with_prefix("shop"));
/// ```
#[derive(Debug, Clone)]
pub struct KafkaBus {
    pub(crate) config: Arc<KafkaConfig>,
    pub(crate) sender: Arc<Sender>,
}

impl KafkaBus {
    /// That of some brokers.
    #[must_use]
    pub fn new(config: KafkaConfig) -> Self {
        Self { config: Arc::new(config), sender: Arc::default() }
    }
}

#[async_trait]
impl EventSubscriber for KafkaBus {
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError> {
        let opened = KafkaSubscription::open(self.clone(), name, topics, limits).await?;
        Ok(Box::new(opened))
    }
}
