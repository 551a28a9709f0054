use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::stream::{Config, RawMessageErrorKind, RetentionPolicy, StorageType};
use futures::future::try_join_all;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    EventSubscriber, EventSubscription, SubscriptionLimits, SubscriptionName, Topic,
};

use tokio::time::{Instant, timeout_at};

use super::Durability;
use super::births::Births;
use super::consumers::Part;
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
    pub(super) tidy_every: Duration,
    pub(super) durability: Durability,
}

impl NatsBusConfig {
    /// Eight partitions, 10 s for each call and between two removals of what is settled, and messages as large as the
    /// server takes them, in the stream `prefix`.
    #[must_use]
    pub fn new(prefix: &str, durability: Durability) -> Self {
        Self {
            prefix: prefix.to_owned(),
            partitions: 8,
            message_max: usize::MAX,
            deadline: Duration::from_secs(10),
            tidy_every: Duration::from_secs(10),
            durability,
        }
    }

    /// Into how many parts the keys of a topic fall: of each part one message is in flight at a time. One at least.
    /// The first who opens the bus says so; another number is refused.
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

    /// How often a receiver removes from the stream what every subscription has settled.
    #[must_use]
    pub fn with_tidy_every(mut self, every: Duration) -> Self {
        self.tidy_every = every;
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

/// A bus on JetStream: a stream of messages, a second one for what was given up, and a bucket of where subscriptions began.
/// Receivers remove what every subscription has settled; what nobody subscribes to goes with it.
///
/// Each subscription has a durable consumer for each topic and partition, and each of those one unsettled message at a
/// time: with more the server redelivers them in another order (issue 6114 of the server). So throughput comes from
/// partitions.
///
/// A server that is killed may forget how far a consumer was, or the consumer itself. It begins again where the
/// subscription began, and is given once more what was not removed yet: nothing is skipped. A consumer that is gone is
/// made again by its receivers as soon as they find out.
#[derive(Debug, Clone)]
pub struct NatsBus {
    pub(super) context: Context,
    pub(super) config: Arc<NatsBusConfig>,
    pub(super) births: Births,
}

impl NatsBus {
    /// The bus in the streams `prefix` and `prefix-dead` and the bucket `prefix-subscriptions`, which are made if there
    /// are none.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Rejected`: there is such a stream, and it is another's, or the bus has another number of partitions.
    pub async fn open(client: Client, config: NatsBusConfig) -> Result<Self, StoreError> {
        let until = later(config.deadline);
        let context = ContextBuilder::new().timeout(config.deadline).build(client.clone());
        for name in [config.prefix.clone(), config.dead_stream()] {
            // Whatever its consumers do, it keeps what it has.
            let kept = Config {
                subjects: vec![format!("{name}.>")],
                name,
                retention: RetentionPolicy::Limits,
                storage: StorageType::File,
                num_replicas: config.durability.replicas(),
                ..Config::default()
            };
            let stream = context.get_or_create_stream(kept).await.map_err(asked)?;
            let is = &stream.cached_info().config;
            if is.retention != RetentionPolicy::Limits || is.storage != StorageType::File {
                return Err(StoreError::rejected(format!("the stream {} is another's", is.name)));
            }
        }
        let births = Births::open(client, &config.prefix, config.durability, until).await?;
        births.agree(config.partitions, until).await?;
        Ok(Self { context, config: Arc::new(config), births })
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
        // A stream that never had a message says 0 twice, and is asked for none.
        for sequence in state.first_sequence.max(1)..=state.last_sequence {
            let message = match stream.get_raw_message(sequence).await {
                Ok(message) => message,
                // One that was removed is no letter any more.
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => continue,
                Err(error) => return Err(asked(error)),
            };
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

    /// The parts of a subscription, each with its consumer: those it has, and those of `topics`, which begin here if they
    /// are new.
    async fn parts(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
        until: Instant,
    ) -> Result<Vec<(Part, PullConsumer)>, StoreError> {
        let mut births = self.births.of(name, until).await?;
        let stream = self.context.get_stream(&self.config.prefix).await.map_err(asked)?;
        let first = stream.cached_info().state.last_sequence + 1;
        for topic in topics {
            for partition in 0..self.config.partitions {
                if let Entry::Vacant(part) = births.entry((topic.clone(), partition)) {
                    let born = self.births.born(name, topic, partition, first, until);
                    part.insert(born.await?);
                }
            }
        }
        let parts = births.into_iter().map(|((topic, partition), first)| async move {
            let part = Part::new(name, topic, partition, first, limits, &self.config);
            let consumer = part.consumer(&self.context).await?;
            Ok((part, consumer))
        });
        try_join_all(parts).await
    }
}

/// The moment in so long, or one that nobody lives to see.
pub(super) fn later(by: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(by).unwrap_or(now + Duration::from_secs(1 << 32))
}

/// What was given up, as its stream has it.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsDeadLetter {
    /// Where it was sent to.
    pub topic: Topic,
    /// As they came.
    pub bytes: Vec<u8>,
    /// Why.
    pub reason: String,
}

/// Of what is given up, its length only.
impl fmt::Debug for NatsDeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsDeadLetter")
            .field("topic", &self.topic)
            .field("bytes", &self.bytes.len())
            .field("reason", &self.reason)
            .finish()
    }
}

#[async_trait]
impl EventSubscriber for NatsBus {
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError> {
        let until = later(self.config.deadline);
        let parts = timeout_at(until, self.parts(name, topics, limits, until)).await;
        let parts = parts.map_err(StoreError::unknown)??;
        Ok(Box::new(NatsSubscription::new(self.clone(), name, limits, parts)))
    }
}
