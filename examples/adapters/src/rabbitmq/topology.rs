use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{EventKey, Lane, SubscriptionName, Topic};

use super::error::{opened, within};
use super::{QueueKind, RabbitmqConfig};

/// From version 4.0 on a quorum queue drops what has come twenty times, unless told otherwise; those of before know no
/// other way to say never.
const DELIVERIES_MAX: i32 = i32::MAX;

impl RabbitmqConfig {
    pub(super) fn exchange(&self) -> Result<ShortString, StoreError> {
        short(self.prefix.clone())
    }

    /// Where a message of `key` goes.
    pub(super) fn routing_key(
        &self,
        topic: &Topic,
        key: &EventKey,
    ) -> Result<ShortString, StoreError> {
        short(routed(topic, Lane::of(key, self.partitions).0))
    }

    pub(super) fn queues(&self, name: &SubscriptionName) -> Result<Vec<ShortString>, StoreError> {
        (0..self.partitions.get()).map(|p| short(format!("{}.{name}.{p}", self.prefix))).collect()
    }

    pub(super) fn dead_queue(&self, name: &SubscriptionName) -> Result<ShortString, StoreError> {
        short(format!("{}.{name}.dead", self.prefix))
    }

    /// The queue that keeps how many partitions there are.
    pub(super) fn agreement(&self) -> Result<ShortString, StoreError> {
        short(format!("{}.partitions", self.prefix))
    }

    fn arguments(&self) -> FieldTable {
        let mut arguments = FieldTable::default();
        let kind = match self.queues {
            QueueKind::Quorum => "quorum",
            QueueKind::Classic => "classic",
        };
        arguments.insert("x-queue-type".into(), AMQPValue::LongString(kind.into()));
        arguments
    }

    fn arguments_of_partition(&self) -> FieldTable {
        let mut arguments = self.arguments();
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        if self.queues == QueueKind::Quorum {
            arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERIES_MAX));
        }
        arguments
    }

    /// What a bus has before anybody subscribes.
    pub(super) async fn declare_bus(&self, channel: &Channel) -> Result<(), StoreError> {
        self.agree(channel).await?;
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let (name, none) = (self.exchange()?, FieldTable::default());
        let declared = channel.exchange_declare(name, ExchangeKind::Direct, options, none);
        within(self.deadline, declared, opened).await
    }

    /// Says into how many partitions keys fall, or that they do already: with another number messages would go where
    /// nobody looks, or change their order. A broker compares what a queue may hold with what it was declared with, so an
    /// empty queue keeps the number.
    async fn agree(&self, channel: &Channel) -> Result<(), StoreError> {
        let mut arguments = self.arguments();
        let partitions = i32::from(self.partitions.get());
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(partitions));
        self.declare_queue(channel, self.agreement()?, arguments).await.map_err(|error| match error
            .kind()
        {
            StoreErrorKind::Rejected => StoreError::rejected(format!(
                "the bus {} has not {partitions} partitions of {:?} queues: {}",
                self.prefix,
                self.queues,
                error.with_causes()
            )),
            _ => error,
        })
    }

    /// The queues of a subscription, bound to these topics; those it was bound to before it keeps.
    pub(super) async fn declare(
        &self,
        channel: &Channel,
        name: &SubscriptionName,
        topics: &[Topic],
    ) -> Result<(), StoreError> {
        self.declare_bus(channel).await?;
        let arguments = self.arguments_of_partition();
        for (p, queue) in (0..).zip(self.queues(name)?) {
            self.declare_queue(channel, queue.clone(), arguments.clone()).await?;
            for topic in topics {
                let (exchange, key) = (self.exchange()?, short(routed(topic, p))?);
                let (options, none) = (QueueBindOptions::default(), FieldTable::default());
                let bound = channel.queue_bind(queue.clone(), exchange, key, options, none);
                within(self.deadline, bound, opened).await?;
            }
        }
        self.declare_queue(channel, self.dead_queue(name)?, self.arguments()).await
    }

    async fn declare_queue(
        &self,
        channel: &Channel,
        queue: ShortString,
        arguments: FieldTable,
    ) -> Result<(), StoreError> {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        let declared = channel.queue_declare(queue, options, arguments);
        within(self.deadline, declared, opened).await.map(|_| ())
    }
}

fn routed(topic: &Topic, partition: u16) -> String {
    format!("{partition}.{topic}")
}

/// The topic of a routing key.
pub(super) fn topic_of(routing_key: &str) -> Option<Topic> {
    routing_key.split_once('.')?.1.parse().ok()
}

/// Names of AMQP have at most 255 bytes.
fn short(name: String) -> Result<ShortString, StoreError> {
    ShortString::try_new(name).map_err(StoreError::rejected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_routing_key_tells_its_topic() {
        let topic: Topic = "shop.orders".parse().unwrap();
        assert_eq!(topic_of(&routed(&topic, 3)), Some(topic));
        assert_eq!((topic_of("orders"), topic_of("3.")), (None, None));
    }
}
