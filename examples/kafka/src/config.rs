use std::fmt;
use std::num::NonZeroU16;
use std::time::Duration;

use rdkafka::ClientConfig;
use strangler_fig::error::StoreError;
use strangler_fig::event::{SubscriptionName, Topic};

/// What a message leaves free for the headers of one that is given up.
const HEADERS_ROOM: usize = 8 << 10;
/// The longest name of a topic.
const NAME_MAX: usize = 249;
const DEAD: &str = ".dead";

/// Where the topics of Kafka come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KafkaTopics {
    /// The bus creates what is missing.
    Created {
        /// How many partitions a topic has: so many receivers may work at once.
        partitions: NonZeroU16,
        /// On how many brokers each message is.
        replicas: NonZeroU16,
    },
    /// They are there, or the brokers create them when they are asked for (`auto.create.topics.enable`).
    Found,
}

/// How a [`KafkaBus`](crate::KafkaBus) uses its brokers.
#[derive(Clone)]
pub struct KafkaConfig {
    servers: String,
    prefix: String,
    pub(crate) topics: KafkaTopics,
    pub(crate) message_max: usize,
    pub(crate) deadline: Duration,
    settings: Vec<(String, String)>,
    receiver_settings: Vec<(String, String)>,
}

/// Of what is set, the names: a value may be a password.
impl fmt::Debug for KafkaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |settings: &[(String, String)]| -> Vec<String> {
            settings.iter().map(|(name, _)| name.clone()).collect()
        };
        f.debug_struct("KafkaConfig")
            .field("servers", &self.servers)
            .field("prefix", &self.prefix)
            .field("topics", &self.topics)
            .field("message_max", &self.message_max)
            .field("deadline", &self.deadline)
            .field("settings", &names(&self.settings))
            .field("receiver_settings", &names(&self.receiver_settings))
            .finish()
    }
}

impl KafkaConfig {
    /// Of the brokers at `host:port`, several apart by commas: the prefix `strangler`; topics created with four partitions
    /// on three brokers; 1,000,000 bytes for a message, which brokers take unless their `message.max.bytes` was changed;
    /// 10 s for each call.
    #[must_use]
    pub fn new(servers: &str) -> Self {
        let one = NonZeroU16::MIN;
        let (partitions, replicas) = (one.saturating_add(3), one.saturating_add(2));
        Self {
            servers: servers.to_owned(),
            prefix: "strangler".to_owned(),
            topics: KafkaTopics::Created { partitions, replicas },
            message_max: 1_000_000,
            deadline: Duration::from_secs(10),
            settings: Vec::new(),
            receiver_settings: Vec::new(),
        }
    }

    /// What the names of topics and groups begin with.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// Where topics come from.
    #[must_use]
    pub fn with_topics(mut self, topics: KafkaTopics) -> Self {
        self.topics = topics;
        self
    }

    /// How many bytes a message may have: one that has more is rejected before it is sent. The brokers must take 8 KiB
    /// more.
    #[must_use]
    pub fn with_message_max(mut self, bytes: usize) -> Self {
        self.message_max = bytes;
        self
    }

    /// How long each call may take. Opening a subscription may take six times as long: it waits for its group.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// A setting of librdkafka for every client, `compression.type` say. Those that the bus rests on it sets itself.
    #[must_use]
    pub fn with_setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A setting of librdkafka for receivers only, `session.timeout.ms` say.
    #[must_use]
    pub fn with_receiver_setting(mut self, name: &str, value: &str) -> Self {
        self.receiver_settings.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in &self.settings {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.servers);
        config
    }

    pub(crate) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        let deadline = self.deadline.as_millis().clamp(1, 1 << 30).to_string();
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", deadline)
            .set("message.max.bytes", (self.message_max + HEADERS_ROOM).max(1_000).to_string())
            // As Java's clients choose it.
            .set("partitioner", "murmur2_random");
        config
    }

    pub(crate) fn receiver(&self, group: &str) -> ClientConfig {
        let mut config = self.client();
        for (name, value) in &self.receiver_settings {
            config.set(name, value);
        }
        config
            .set("group.id", group)
            .set("group.protocol", "classic")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // Where the broker has deleted what is next.
            .set("auto.offset.reset", "earliest");
        config
    }

    /// The topic of Kafka.
    pub(crate) fn topic(&self, topic: &Topic) -> Result<String, StoreError> {
        let name = format!("{}.{topic}", self.prefix);
        if name.ends_with(DEAD) {
            let why = format!("{name} is where a subscription's dead letters go");
            return Err(StoreError::rejected(why));
        }
        fits(name)
    }

    /// The topic of the bus.
    pub(crate) fn topic_of(&self, name: &str) -> Option<Topic> {
        if name.ends_with(DEAD) {
            return None;
        }
        name.strip_prefix(&self.prefix)?.strip_prefix('.')?.parse().ok()
    }

    pub(crate) fn dead_topic(&self, name: &SubscriptionName) -> Result<String, StoreError> {
        fits(format!("{}.{name}{DEAD}", self.prefix))
    }

    pub(crate) fn group(&self, name: &SubscriptionName) -> String {
        format!("{}.{name}", self.prefix)
    }
}

fn fits(name: String) -> Result<String, StoreError> {
    if name.len() <= NAME_MAX {
        Ok(name)
    } else {
        Err(StoreError::rejected(format!("a topic of Kafka has at most {NAME_MAX} bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_of_kafka_tells_its_topic_and_is_nobodys_dead_letters() {
        let config = KafkaConfig::new("localhost:9092").with_prefix("shop");
        let topic: Topic = "eu.orders".parse().unwrap();
        assert_eq!(config.topic(&topic).unwrap(), "shop.eu.orders");
        assert_eq!(config.topic_of("shop.eu.orders"), Some(topic));
        let dead = config.dead_topic(&"billing".parse().unwrap()).unwrap();
        assert_eq!(dead, "shop.billing.dead");
        assert_eq!((config.topic_of(&dead), config.topic_of("shopping.orders")), (None, None));
        assert!(config.topic(&"billing.dead".parse().unwrap()).is_err());
        let long = KafkaConfig::new("localhost:9092").with_prefix(&"x".repeat(249));
        assert!(long.topic(&"orders".parse().unwrap()).is_err());
    }
}
