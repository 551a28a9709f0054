//! A mock cluster of a test's own, and its bus.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use kafka_adapter::{KafkaBus, KafkaConfig, KafkaTopics};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, RebalanceProtocol};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{
    BaseProducer, DefaultProducerContext, FutureProducer, FutureRecord, Producer,
};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    EventBus, EventEnvelope, EventKey, EventPublisher, EventSubscriber, EventSubscription, Message,
    SubscriptionLimits, SubscriptionName, Topic,
};
use strangler_fig::testkit::conformance::{EventBusFixture, GivenUp};

pub(crate) const PREFIX: &str = "shop";

/// The cluster lives in a client of its own.
pub(crate) struct Own {
    cluster: Arc<BaseProducer>,
    pub(crate) config: KafkaConfig,
    bus: Arc<Primed>,
}

impl Own {
    pub(crate) fn new() -> Self {
        let cluster: BaseProducer =
            ClientConfig::new().set("test.mock.num.brokers", "1").create().unwrap();
        let mock = cluster.client().mock_cluster().unwrap();
        mock.create_topic(NOTHING, 1, 1).unwrap();
        let servers = mock.bootstrap_servers();
        drop(mock);
        // The mock waits for all members of a group for a second less than the time of a session, each time.
        let config = KafkaConfig::new(&servers)
            .with_prefix(PREFIX)
            .with_topics(KafkaTopics::Found)
            .with_message_max(2 << 20)
            .with_deadline(Duration::from_secs(20))
            .with_setting("allow.auto.create.topics", "true")
            .with_receiver_setting("session.timeout.ms", SESSION)
            .with_receiver_setting("heartbeat.interval.ms", "100")
            // The mock keeps who asks in vain for that long, whatever comes meanwhile.
            .with_receiver_setting("fetch.wait.max.ms", "20");
        let bus = Arc::new(Primed::new(KafkaBus::new(config.clone()), &servers));
        Self { cluster: Arc::new(cluster), config, bus }
    }

    pub(crate) fn cluster(&self) -> MockCluster<'_, DefaultProducerContext> {
        self.cluster.client().mock_cluster().unwrap()
    }

    pub(crate) fn kafka(&self) -> &KafkaBus {
        &self.bus.bus
    }

    pub(crate) fn primed(&self) -> &Primed {
        &self.bus
    }
}

const SESSION: &str = "2200";
const NOTHING: &str = "nothing";

/// The bus; but whoever is first in a group finds a member there that wants nothing of it.
///
/// The mock lets the first member of a group wait for three seconds, in which it forgets it if its session is shorter. So
/// one with a longer session comes first, lets one with a short session in, and goes. The session that follows must not be
/// shorter than the time for which the mock then waits, 2.1 seconds.
pub(crate) struct Primed {
    bus: KafkaBus,
    groups: Arc<Mutex<HashMap<String, Idler>>>,
    servers: String,
}

/// A member of a group that wants nothing of the bus.
struct Idler {
    is_over: Arc<AtomicBool>,
    /// Told while it has what there is to have.
    owns: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Idler {
    /// Joins, and waits until it is a member.
    fn join(servers: &str, group: &str, session: &str) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("group.id", group)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", session)
            .set("heartbeat.interval.ms", "100")
            .set("enable.auto.commit", "false")
            .create()
            .unwrap();
        consumer.subscribe(&[NOTHING]).unwrap();
        let [(told, joined), (told_own, owns)] = [channel(), channel()];
        let is_over = Arc::<AtomicBool>::default();
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                consumer.poll(Duration::from_millis(50));
                if matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative) {
                    let _ = told.send(());
                }
                if consumer.assignment().unwrap().count() > 0 {
                    let _ = told_own.send(());
                }
            }
        });
        joined.recv().unwrap();
        Self { is_over, owns, thread: Some(thread) }
    }
}

impl Drop for Idler {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Primed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Primed").field("bus", &self.bus).finish_non_exhaustive()
    }
}

impl Primed {
    fn new(bus: KafkaBus, servers: &str) -> Self {
        Self { bus, groups: Arc::default(), servers: servers.to_owned() }
    }

    fn prime(groups: &Mutex<HashMap<String, Idler>>, servers: &str, group: String) {
        let mut groups = groups.lock().unwrap();
        groups.entry(group).or_insert_with_key(|group| {
            let first = Idler::join(servers, group, "3100");
            let second = Idler::join(servers, group, SESSION);
            drop(first);
            second.owns.recv().unwrap();
            second
        });
    }
}

#[async_trait]
impl EventPublisher for Primed {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        self.bus.publish(messages).await
    }
}

#[async_trait]
impl EventSubscriber for Primed {
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError> {
        let (groups, servers) = (Arc::clone(&self.groups), self.servers.clone());
        let group = format!("{PREFIX}.{name}");
        tokio::task::spawn_blocking(move || Self::prime(&groups, &servers, group)).await.unwrap();
        self.bus.subscribe(name, topics, limits).await
    }
}

#[async_trait]
impl EventBusFixture for Own {
    fn bus(&self) -> Arc<dyn EventBus> {
        Arc::clone(&self.bus) as Arc<dyn EventBus>
    }

    async fn reopened(&self) -> Arc<dyn EventBus> {
        Arc::new(Primed {
            bus: KafkaBus::new(self.config.clone()),
            groups: Arc::clone(&self.bus.groups),
            servers: self.bus.servers.clone(),
        })
    }

    async fn narrow(&self, bytes: usize) -> Option<Arc<dyn EventBus>> {
        Some(Arc::new(KafkaBus::new(self.config.clone().with_message_max(bytes))))
    }

    /// Longer than the mock takes for a member to join.
    fn hidden_for(&self) -> Duration {
        Duration::from_secs(6)
    }

    async fn plant(&self, topic: &Topic, key: &EventKey, bytes: &[u8]) -> bool {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bus.servers).set("partitioner", "murmur2_random");
        let producer: FutureProducer = config.create().unwrap();
        let topic = format!("{PREFIX}.{topic}");
        let record = FutureRecord::to(&topic).key(key.as_str()).payload(bytes);
        producer.send_result(record).unwrap().await.unwrap().unwrap();
        true
    }

    async fn given_up(&self, name: &SubscriptionName) -> Vec<GivenUp> {
        let found = self.kafka().dead_letters(name, 99).await.unwrap().into_iter();
        found
            .map(|letter| {
                let read = EventEnvelope::from_cloud_event(&letter.bytes);
                GivenUp::new(letter.topic, read.map_err(|_| letter.bytes), letter.reason)
            })
            .collect()
    }
}
