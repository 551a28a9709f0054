use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType};
use futures::TryStreamExt;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    EventSubscriber, EventSubscription, SubscriptionLimits, SubscriptionName, Topic,
};

use super::Durability;
use super::consumers::{Part, topics_of, wanted};
use super::error::asked;
use super::publisher::{REASON, TOPIC};
use super::subscription::NatsSubscription;

/// How a [`NatsBus`] uses its stream.
#[derive(Debug, Clone)]
pub struct NatsBusConfig {
    pub(super) prefix: String,
    pub(super) partitions: u16,
    pub(super) message_max: usize,
    pub(super) deadline: Duration,
    pub(super) durability: Durability,
}

impl NatsBusConfig {
    /// Eight partitions, 10 s for each call, and messages as large as the server takes them, in the stream `prefix`.
    #[must_use]
    pub fn new(prefix: &str, durability: Durability) -> Self {
        Self {
            prefix: prefix.to_owned(),
            partitions: 8,
            message_max: usize::MAX,
            deadline: Duration::from_secs(10),
            durability,
        }
    }

    /// Into how many parts the keys of a topic fall: of each part one message is in flight at a time. One at least;
    /// never changed once something is there.
    #[must_use]
    pub fn with_partitions(mut self, partitions: u16) -> Self {
        self.partitions = partitions.max(1);
        self
    }

    /// How many bytes a message may have, if the server takes as many.
    #[must_use]
    pub fn with_message_max(mut self, bytes: usize) -> Self {
        self.message_max = bytes;
        self
    }

    /// How long each call may take.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The stream of what was given up.
    pub(super) fn dead_stream(&self) -> String {
        format!("{}-dead", self.prefix)
    }

    pub(super) fn dead_subject(&self, name: &SubscriptionName) -> String {
        format!("{}-dead.{name}", self.prefix)
    }
}

/// A bus on JetStream: a stream that keeps a message until every subscription has settled it, and a second one for what
/// was given up.
///
/// Each subscription has a durable consumer for each topic and partition, and each of those one unsettled message at a
/// time: with more the server redelivers them in another order (issue 6114 of the server). So throughput comes from
/// partitions.
#[derive(Debug, Clone)]
pub struct NatsBus {
    pub(super) context: Context,
    pub(super) config: Arc<NatsBusConfig>,
}

impl NatsBus {
    /// The bus in the streams `prefix` and `prefix-dead`, which are made if there are none.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Rejected`: there is such a stream, and it is another's.
    pub async fn open(client: Client, config: NatsBusConfig) -> Result<Self, StoreError> {
        let context = ContextBuilder::new().timeout(config.deadline).build(client);
        let kept = |name: String, retention| Config {
            subjects: vec![format!("{name}.>")],
            name,
            retention,
            storage: StorageType::File,
            num_replicas: config.durability.replicas(),
            ..Config::default()
        };
        // What nobody subscribes to is not kept, and what all have settled goes.
        let events = kept(config.prefix.clone(), RetentionPolicy::Interest);
        let dead = kept(config.dead_stream(), RetentionPolicy::Limits);
        for kept in [events, dead] {
            let retention = kept.retention;
            let stream = context.get_or_create_stream(kept).await.map_err(asked)?;
            if stream.cached_info().config.retention != retention {
                let why = format!("the stream {} is another's", stream.cached_info().config.name);
                return Err(StoreError::rejected(why));
            }
        }
        Ok(Self { context, config: Arc::new(config) })
    }

    /// What a subscription has given up, at most so many; it stays where it is.
    ///
    /// # Errors
    ///
    /// `Unavailable`: ask again. `Rejected`: something else is in that stream.
    pub async fn dead_letters(
        &self,
        name: &SubscriptionName,
        limit: usize,
    ) -> Result<Vec<NatsDeadLetter>, StoreError> {
        let stream = self.context.get_stream(self.config.dead_stream()).await.map_err(asked)?;
        let (subject, state) = (self.config.dead_subject(name), &stream.cached_info().state);
        let mut found = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            // One that was removed meanwhile is no letter any more.
            let Ok(message) = stream.get_raw_message(sequence).await else { continue };
            if message.subject.as_str() != subject || found.len() == limit {
                continue;
            }
            let text =
                |name| message.headers.get(name).map(ToString::to_string).unwrap_or_default();
            found.push(NatsDeadLetter {
                topic: text(TOPIC).parse().map_err(StoreError::rejected)?,
                reason: serde_json::from_str(&text(REASON)).map_err(StoreError::rejected)?,
                bytes: message.payload.to_vec(),
            });
        }
        Ok(found)
    }

    /// The consumers of a subscription, once for each of its topics and partitions; made where there are none.
    pub(super) async fn consumers(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Vec<Part>, StoreError> {
        let stream = self.context.get_stream(&self.config.prefix).await.map_err(asked)?;
        let known: Vec<_> = stream.consumers().try_collect().await.map_err(asked)?;
        let topics = topics_of(name, topics, &known, &self.config);
        let mut parts = Vec::new();
        for topic in topics {
            for partition in 0..self.config.partitions {
                let consumer = wanted(name, &topic, partition, limits, &self.config);
                let consumer = stream.create_consumer(consumer).await.map_err(asked)?;
                parts.push(Part { topic: topic.clone(), consumer });
            }
        }
        Ok(parts)
    }
}

/// What was given up, as its stream has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsDeadLetter {
    /// Where it was sent to.
    pub topic: Topic,
    /// As they came.
    pub bytes: Vec<u8>,
    /// Why.
    pub reason: String,
}

#[async_trait]
impl EventSubscriber for NatsBus {
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError> {
        let opened = async {
            let parts = self.consumers(name, topics, limits).await?;
            Ok::<_, StoreError>(NatsSubscription::new(self.clone(), name, limits, parts))
        };
        match tokio::time::timeout(self.config.deadline, opened).await {
            Ok(opened) => Ok(Box::new(opened?)),
            Err(late) => Err(StoreError::unknown(late)),
        }
    }
}
