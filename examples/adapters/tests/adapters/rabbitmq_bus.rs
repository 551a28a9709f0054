//! The bus on `RabbitMQ`: its contract on both kinds of queues, and what only a broker and a network can do.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use adapters::rabbitmq::{QueueKind, RabbitmqBus, RabbitmqConfig};
use lapin::options::{BasicPublishOptions, QueueDeleteOptions};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use strangler_fig::async_trait;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::event::{
    EventBus, EventEnvelope, EventKey, EventPublisher, EventSubscriber, EventSubscription, Lane,
    Settlement, SubscriptionLimits, SubscriptionName, Topic,
};
use strangler_fig::testkit::conformance::{EventBusFixture, GivenUp};
use tokio::time::{sleep, timeout};

use super::buses::{
    a_consumer_goes_on, in_order, message, messages, name, next, published, topic, until,
};
use super::proxy::{Link, Proxy};

const PARTITIONS: u16 = 4;

fn server_url() -> String {
    let url = std::env::var("AMQP_URL");
    url.unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672".to_owned())
}

/// A bus under a prefix of its own; its queues are dropped with it.
pub(crate) struct Own {
    prefix: String,
    config: RabbitmqConfig,
    bus: RabbitmqBus,
}

impl Own {
    pub(crate) async fn new(queues: QueueKind) -> Self {
        let url = server_url();
        if let Err(error) = Connection::connect(&url, ConnectionProperties::default()).await {
            panic!("no RabbitMQ at {url} ({error}): run `make servers`, or set AMQP_URL");
        }
        let prefix = format!("strangler_fig_{:016x}", fastrand::u64(..));
        let config = RabbitmqConfig::default()
            .with_prefix(&prefix)
            .with_partitions(NonZeroU16::new(PARTITIONS).expect("it is not zero"))
            .with_queues(queues)
            .with_deadline(Duration::from_secs(20));
        let bus = RabbitmqBus::new(&url, config.clone());
        Self { prefix, config, bus }
    }

    /// The same bus, by way of a link that can be cut.
    fn by(&self, proxy: &Proxy, deadline: Duration) -> RabbitmqBus {
        RabbitmqBus::new(&proxy.of(&server_url()), self.config.clone().with_deadline(deadline))
    }
}

/// Every name that the tests subscribe under.
const NAMES: [&str; 5] = ["billing", "stock", "returns", "upper", "lower"];

impl Drop for Own {
    fn drop(&mut self) {
        let bus = RabbitmqBus::new(&server_url(), self.config.clone());
        let names = NAMES.map(|name| name.parse().expect("it is a name"));
        // A thread with a runtime of its own, which may wait.
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime can be made");
            runtime.block_on(async { timeout(Duration::from_secs(30), bus.remove(&names)).await })
        });
        // A broker that keeps them all has no room for the next test's.
        let is_removed = matches!(removed.join(), Ok(Ok(Ok(()))));
        assert!(is_removed || std::thread::panicking(), "the queues could not be removed");
    }
}

#[async_trait]
impl EventBusFixture for Own {
    fn bus(&self) -> Arc<dyn EventBus> {
        Arc::new(self.bus.clone())
    }

    async fn reopened(&self) -> Arc<dyn EventBus> {
        Arc::new(RabbitmqBus::new(&server_url(), self.config.clone()))
    }

    async fn narrow(&self, bytes: usize) -> Option<Arc<dyn EventBus>> {
        let config = self.config.clone().with_message_max(bytes);
        Some(Arc::new(RabbitmqBus::new(&server_url(), config)))
    }

    async fn plant(&self, topic: &Topic, key: &EventKey, bytes: &[u8]) -> bool {
        let partitions = NonZeroU16::new(PARTITIONS).expect("it is not zero");
        let key = format!("{}.{topic}", Lane::of(key, partitions).0);
        let connection =
            Connection::connect(&server_url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let exchange = self.prefix.as_str().into();
        let sent = channel.basic_publish(exchange, key.into(), options, bytes, properties).await;
        sent.unwrap().await.unwrap();
        connection.close(200, "".into()).await.unwrap();
        true
    }

    async fn given_up(&self, name: &SubscriptionName) -> Vec<GivenUp> {
        let found = self.bus.dead_letters(name, 99).await.unwrap().into_iter();
        found
            .map(|letter| {
                let read = EventEnvelope::from_cloud_event(&letter.bytes);
                GivenUp::new(letter.topic, read.map_err(|_| letter.bytes), letter.reason)
            })
            .collect()
    }
}

mod quorum_queues {
    use super::{Own, QueueKind};

    strangler_fig::event_bus_conformance!(Own::new(QueueKind::Quorum));
}

mod classic_queues {
    use super::{Own, QueueKind};

    strangler_fig::event_bus_conformance!(Own::new(QueueKind::Classic));
}

async fn opened(bus: &RabbitmqBus) -> Box<dyn EventSubscription> {
    bus.subscribe(&name(), &[topic()], SubscriptionLimits::default()).await.unwrap()
}

/// The connection breaks while deliveries are held: they come again, and what was held counts no more.
async fn after_a_cut_what_was_held_comes_again(queues: QueueKind) {
    let own = Own::new(queues).await;
    let proxy = Proxy::before(&server_url()).await;
    let receiver = opened(&own.by(&proxy, Duration::from_secs(20))).await;
    published(&own.bus, &messages("pears", 1..=50)).await;
    let mut held = next(&*receiver).await;
    while held.len() < 50 {
        held.extend(next(&*receiver).await);
    }
    // Given back here only: the broker does not know of it.
    receiver.settle(held[2].receipt, &Settlement::Nack { after: Duration::ZERO }).await.unwrap();
    proxy.set(Link::CutAtAnswer);
    published(&own.bus, &messages("pears", 51..=51)).await;
    sleep(Duration::from_millis(300)).await;
    proxy.set(Link::Whole);
    assert_eq!(until(&*receiver, "pears-51").await, in_order("pears", 1..=51));
    let old = receiver.settle(held[7].receipt, &Settlement::Ack).await;
    assert_eq!(old.unwrap_err().kind(), StoreErrorKind::Conflict);
}

#[tokio::test]
async fn after_a_cut_what_was_held_comes_again_from_quorum_queues() {
    after_a_cut_what_was_held_comes_again(QueueKind::Quorum).await;
}

#[tokio::test]
async fn after_a_cut_what_was_held_comes_again_from_classic_queues() {
    after_a_cut_what_was_held_comes_again(QueueKind::Classic).await;
}

/// To the broker a receiver whose connection is gone for good is a dead one.
async fn a_dead_receiver_is_followed_by_another(queues: QueueKind) {
    let own = Own::new(queues).await;
    let proxy = Proxy::before(&server_url()).await;
    let first = opened(&own.by(&proxy, Duration::from_secs(20))).await;
    let second = opened(&own.bus).await;
    published(&own.bus, &messages("pears", 1..=20)).await;
    let held = next(&*first).await;
    assert!(!held.is_empty());
    let early = timeout(Duration::from_millis(300), second.receive(NonZeroUsize::MIN)).await;
    assert!(early.is_err(), "another holds the key: {early:?}");
    proxy.set(Link::CutAtAnswer);
    published(&own.bus, &messages("pears", 21..=21)).await;
    assert_eq!(until(&*second, "pears-21").await, in_order("pears", 1..=21));
}

#[tokio::test]
async fn a_dead_receiver_is_followed_by_another_on_quorum_queues() {
    a_dead_receiver_is_followed_by_another(QueueKind::Quorum).await;
}

#[tokio::test]
async fn a_dead_receiver_is_followed_by_another_on_classic_queues() {
    a_dead_receiver_is_followed_by_another(QueueKind::Classic).await;
}

/// What was sent and not confirmed is in doubt; published again, it is there.
async fn what_was_not_confirmed_is_in_doubt(fault: Link) {
    let own = Own::new(QueueKind::Quorum).await;
    let receiver = opened(&own.bus).await;
    let proxy = Proxy::before(&server_url()).await;
    let bus = own.by(&proxy, Duration::from_secs(2));
    published(&bus, &messages("pears", 1..=1)).await;
    proxy.set(fault);
    let batch = [message("pears", 2), message("plums", 1), message("pears", 3)];
    let answers = bus.publish(&batch).await;
    let kinds: Vec<_> = answers.iter().map(|it| it.as_ref().unwrap_err().kind()).collect();
    let (unknown, unavailable) = (StoreErrorKind::Unknown, StoreErrorKind::Unavailable);
    assert_eq!(kinds, [unknown, unknown, unavailable], "the third was not sent");
    proxy.set(Link::Whole);
    published(&bus, &batch).await;
    let came = until(&*receiver, "pears-3").await;
    let pears: Vec<_> = came.iter().filter(|id| id.starts_with("pears")).cloned().collect();
    let expected = in_order("pears", 1..=3);
    let twice = ["pears-1", "pears-2", "pears-2", "pears-3"].map(str::to_owned);
    assert!(pears == expected || pears == twice, "{pears:?}");
}

#[tokio::test]
async fn what_was_not_confirmed_for_a_cut_is_in_doubt() {
    what_was_not_confirmed_is_in_doubt(Link::CutAtAnswer).await;
}

#[tokio::test]
async fn what_was_not_confirmed_in_time_is_in_doubt() {
    what_was_not_confirmed_is_in_doubt(Link::Silent).await;
}

#[tokio::test]
async fn a_broker_that_is_away_has_taken_nothing() {
    let config = RabbitmqConfig::default().with_deadline(Duration::from_secs(2));
    let bus = RabbitmqBus::new("amqp://guest:guest@127.0.0.1:1", config);
    let answers = bus.publish(&messages("pears", 1..=2)).await;
    for answer in answers {
        assert_eq!(answer.unwrap_err().kind(), StoreErrorKind::Unavailable);
    }
    let opened = bus.subscribe(&name(), &[topic()], SubscriptionLimits::default()).await;
    assert_eq!(opened.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn queues_of_another_kind_are_refused() {
    let own = Own::new(QueueKind::Quorum).await;
    drop(opened(&own.bus).await);
    let other = RabbitmqBus::new(&server_url(), own.config.clone().with_queues(QueueKind::Classic));
    let refused = other.subscribe(&name(), &[topic()], SubscriptionLimits::default()).await;
    assert_eq!(refused.unwrap_err().kind(), StoreErrorKind::Rejected);
}

#[tokio::test]
async fn a_consumer_goes_on_behind_a_connection_that_breaks() {
    let own = Own::new(QueueKind::Quorum).await;
    drop(opened(&own.bus).await);
    let proxy = Proxy::before(&server_url()).await;
    let bus = Arc::new(own.by(&proxy, Duration::from_secs(5)));
    a_consumer_goes_on(&own.bus, bus, &proxy, 120, SubscriptionLimits::default()).await;
}

/// Where dead letters go was deleted: what is given up is not lost, it comes again.
#[tokio::test]
async fn what_no_queue_takes_is_not_given_up() {
    let own = Own::new(QueueKind::Quorum).await;
    let receiver = opened(&own.bus).await;
    published(&own.bus, &messages("pears", 1..=1)).await;
    let held = next(&*receiver).await;
    let connection =
        Connection::connect(&server_url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let queue = format!("{}.billing.dead", own.prefix);
    channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    let dead = Settlement::DeadLetter { reason: "no such order".to_owned() };
    let refused = receiver.settle(held[0].receipt, &dead).await;
    assert_eq!(refused.unwrap_err().kind(), StoreErrorKind::Unavailable);
    drop(receiver);
    let again = opened(&own.bus).await;
    let held = next(&*again).await;
    again.settle(held[0].receipt, &dead).await.unwrap();
    assert_eq!(own.given_up(&name()).await.len(), 1, "the queue was declared anew");
}

/// With another number of partitions a message would go where nobody looks: who brings one publishes nothing, and
/// subscribes to nothing.
#[tokio::test]
async fn another_number_of_partitions_is_refused() {
    let own = Own::new(QueueKind::Quorum).await;
    let receiver =
        own.bus.subscribe(&name(), &[topic()], SubscriptionLimits::default()).await.unwrap();
    let more = NonZeroU16::new(PARTITIONS * 2).unwrap();
    let other = RabbitmqBus::new(&server_url(), own.config.clone().with_partitions(more));
    let refused = other.publish(&messages("pears", 1..=1)).await.remove(0).unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable, "it was not sent");
    assert!(refused.with_causes().contains("has not 8 partitions"), "{}", refused.with_causes());
    let refused =
        other.subscribe(&name(), &[topic()], SubscriptionLimits::default()).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Rejected, "{}", refused.with_causes());
    published(&own.bus, &messages("pears", 1..=1)).await;
    assert_eq!(until(&*receiver, "pears-1").await, in_order("pears", 1..=1));
}
