//! The bus on JetStream: its contract, and what only a server and a network can do.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::nats::{Durability, NatsBus, NatsBusConfig};
use strangler_fig::async_trait;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::event::{
    ConsumerConfig, Delivery, EventBus, EventConsumer, EventEnvelope, EventKey, EventPayload,
    EventPublisher, EventSubscriber, EventSubscription, Lane, Message, Settlement,
    SubscriptionLimits, SubscriptionName, Topic, handler_fn,
};
use strangler_fig::resilience::Exponential;
use strangler_fig::testkit::conformance::{EventBusFixture, GivenUp};
use tokio::time::{sleep, timeout};

use super::nats_bucket::{connect, patient, server_url};
use super::proxy::{Link, Proxy};

const PARTITIONS: u16 = 4;

/// A bus in streams of its own; dropped with it.
pub(crate) struct Own {
    config: NatsBusConfig,
    prefix: String,
    bus: NatsBus,
}

async fn bus(url: &str, config: NatsBusConfig) -> NatsBus {
    let client = connect(url).await;
    let open = || NatsBus::open(client.clone(), config.clone());
    patient().call(open).await.expect("the streams can be made")
}

impl Own {
    pub(crate) async fn new() -> Self {
        let prefix = format!("strangler_fig_{:016x}", fastrand::u64(..));
        let config =
            NatsBusConfig::new(&prefix, Durability::SyncedAlways).with_partitions(PARTITIONS);
        let bus = bus(&server_url(), config.clone()).await;
        Self { config, prefix, bus }
    }

    /// The same bus, by way of a link that can be cut.
    async fn by(&self, proxy: &Proxy, deadline: Duration) -> NatsBus {
        bus(&proxy.of(&server_url()), self.config.clone().with_deadline(deadline)).await
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let prefix = self.prefix.clone();
        // A thread with a runtime of its own, which may wait.
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(async {
                let context = async_nats::jetstream::new(connect(&server_url()).await);
                for stream in [format!("{prefix}-dead"), prefix] {
                    let _ = context.delete_stream(stream).await;
                }
            });
        });
        let _ = removed.join();
    }
}

#[async_trait]
impl EventBusFixture for Own {
    fn bus(&self) -> Arc<dyn EventBus> {
        Arc::new(self.bus.clone())
    }

    async fn reopened(&self) -> Arc<dyn EventBus> {
        Arc::new(bus(&server_url(), self.config.clone()).await)
    }

    async fn narrow(&self, bytes: usize) -> Option<Arc<dyn EventBus>> {
        let config = self.config.clone().with_message_max(bytes);
        Some(Arc::new(bus(&server_url(), config).await))
    }

    async fn plant(&self, topic: &Topic, key: &EventKey, bytes: &[u8]) -> bool {
        let partition = Lane::of(key, PARTITIONS.try_into().expect("it is not zero")).0;
        let subject = format!("{}.{partition}.{topic}", self.prefix);
        let context = async_nats::jetstream::new(connect(&server_url()).await);
        context.publish(subject, bytes.to_vec().into()).await.unwrap().await.unwrap();
        true
    }

    async fn given_up(&self, name: &SubscriptionName) -> Vec<GivenUp> {
        let found = self.bus.dead_letters(name, 99).await.unwrap().into_iter();
        found
            .map(|letter| GivenUp {
                topic: letter.topic,
                content: EventEnvelope::from_cloud_event(&letter.bytes).map_err(|_| letter.bytes),
                reason: letter.reason,
            })
            .collect()
    }
}

mod conformance {
    use super::Own;

    strangler_fig::event_bus_conformance!(Own::new());
}

fn topic() -> Topic {
    "orders".parse().unwrap()
}

fn name() -> SubscriptionName {
    "billing".parse().unwrap()
}

fn message(key: &str, n: usize) -> Message {
    EventEnvelope::new(
        format!("{key}-{n}").parse().unwrap(),
        "/shop".parse().unwrap(),
        "order.changed".parse().unwrap(),
        key.parse().unwrap(),
        EventPayload::json(&n).unwrap(),
    )
    .to(topic())
}

fn messages(key: &str, numbers: std::ops::RangeInclusive<usize>) -> Vec<Message> {
    numbers.map(|n| message(key, n)).collect()
}

async fn published(bus: &NatsBus, messages: &[Message]) {
    for answer in bus.publish(messages).await {
        answer.unwrap();
    }
}

/// What a dead receiver held is soon somebody else's.
const LIMITS: SubscriptionLimits = SubscriptionLimits {
    in_flight_max: NonZeroUsize::new(64).unwrap(),
    hidden_for: Duration::from_secs(1),
};

async fn opened(bus: &NatsBus) -> Box<dyn EventSubscription> {
    bus.subscribe(&name(), &[topic()], LIMITS).await.unwrap()
}

async fn next(receiver: &dyn EventSubscription) -> Vec<Delivery> {
    let most = NonZeroUsize::new(99).unwrap();
    let came = timeout(Duration::from_secs(30), receiver.receive(most)).await;
    came.expect("something is to come").unwrap()
}

/// The ids of what comes, each acknowledged, until it is `last`.
async fn until(receiver: &dyn EventSubscription, last: &str) -> Vec<String> {
    let mut came = Vec::new();
    while came.last().is_none_or(|id| id != last) {
        for delivery in next(receiver).await {
            came.push(delivery.event.unwrap().id.as_str().to_owned());
            receiver.settle(delivery.receipt, &Settlement::Ack).await.unwrap();
        }
    }
    came
}

fn in_order(key: &str, numbers: std::ops::RangeInclusive<usize>) -> Vec<String> {
    numbers.map(|n| format!("{key}-{n}")).collect()
}

/// Its connection is gone for good, and it cannot say so: after `hidden_for` its messages are another's.
#[tokio::test]
async fn a_dead_receiver_is_followed_by_another() {
    let own = Own::new().await;
    let proxy = Proxy::before(&server_url()).await;
    let first = opened(&own.by(&proxy, Duration::from_secs(2)).await).await;
    published(&own.bus, &messages("pears", 1..=8)).await;
    let held = next(&*first).await;
    assert_eq!(held.len(), 1, "of a partition one is in flight");
    let second = opened(&own.bus).await;
    let early = timeout(Duration::from_millis(300), second.receive(NonZeroUsize::MIN)).await;
    assert!(early.is_err(), "another holds the key: {early:?}");
    proxy.set(Link::CutAtAnswer);
    assert_eq!(until(&*second, "pears-8").await, in_order("pears", 1..=8));
    let late = first.settle(held[0].receipt, &Settlement::Ack).await;
    assert_eq!(late.unwrap_err().kind(), StoreErrorKind::Conflict);
}

/// Who has not shown signs of life in time cannot settle any more: the server would let it, though another holds it.
#[tokio::test]
async fn who_is_late_settles_nothing() {
    let own = Own::new().await;
    let first = opened(&own.bus).await;
    let second = opened(&own.bus).await;
    published(&own.bus, &messages("pears", 1..=2)).await;
    let (held, late, other) = tokio::select! {
        held = next(&*first) => (held, &first, &second),
        held = next(&*second) => (held, &second, &first),
    };
    sleep(Duration::from_millis(1_100)).await;
    let again = tokio::select! {
        again = next(&**other) => again,
        again = next(&**late) => again,
    };
    assert_eq!((again[0].event.clone(), again[0].attempt.get()), (held[0].event.clone(), 2));
    let refused = late.settle(held[0].receipt, &Settlement::Ack).await;
    assert_eq!(refused.unwrap_err().kind(), StoreErrorKind::Conflict);
}

/// What was sent and not answered is in doubt; published again, it is there.
#[tokio::test]
async fn what_was_not_answered_is_in_doubt() {
    let own = Own::new().await;
    let receiver = opened(&own.bus).await;
    let proxy = Proxy::before(&server_url()).await;
    let bus = own.by(&proxy, Duration::from_secs(2)).await;
    published(&bus, &messages("pears", 1..=1)).await;
    proxy.set(Link::CutAtAnswer);
    let batch = [message("pears", 2), message("plums", 1), message("pears", 3)];
    let answers = bus.publish(&batch).await;
    let kinds: Vec<_> = answers.iter().map(|it| it.as_ref().unwrap_err().kind()).collect();
    let (unknown, unavailable) = (StoreErrorKind::Unknown, StoreErrorKind::Unavailable);
    assert_eq!(kinds, [unknown, unknown, unavailable], "the third was not sent");
    proxy.set(Link::Whole);
    sleep(Duration::from_millis(500)).await;
    published(&bus, &batch).await;
    let came = until(&*receiver, "pears-3").await;
    let pears: Vec<_> = came.iter().filter(|id| id.starts_with("pears")).cloned().collect();
    let twice = ["pears-1", "pears-2", "pears-2", "pears-3"].map(str::to_owned);
    assert!(pears == in_order("pears", 1..=3) || pears == twice, "{pears:?}");
}

/// A consumer whose connection is cut again and again: every effect, and those of a key in their order.
#[tokio::test]
async fn a_consumer_goes_on_behind_a_connection_that_breaks() {
    let own = Own::new().await;
    drop(opened(&own.bus).await);
    let proxy = Proxy::before(&server_url()).await;
    let effects = Arc::new(Mutex::new(Vec::<String>::new()));
    let seen = Arc::clone(&effects);
    let handler = handler_fn(move |_, event| {
        let seen = Arc::clone(&seen);
        async move {
            sleep(Duration::from_millis(2)).await;
            let mut seen = seen.lock().unwrap();
            let id = event.id.as_str().to_owned();
            if !seen.contains(&id) {
                seen.push(id); // As an inbox lets it.
            }
            Ok(())
        }
    });
    let pauses = Exponential::between(Duration::from_millis(20), Duration::from_millis(200));
    let bus = Arc::new(own.by(&proxy, Duration::from_secs(5)).await);
    let consumer = EventConsumer::new(bus, name(), vec![topic()], Arc::new(handler))
        .with_config(ConsumerConfig::default().with_pauses(pauses).with_limits(LIMITS));
    let keys = ["pears", "plums", "figs", "nuts"];
    let count = || effects.lock().unwrap().len();
    let faults = async {
        for part in 0..6 {
            for key in keys {
                published(&own.bus, &messages(key, part * 10 + 1..=part * 10 + 10)).await;
            }
            proxy.set(Link::CutAtAnswer);
            sleep(Duration::from_millis(100)).await;
            proxy.set(Link::Whole);
            sleep(Duration::from_millis(300)).await;
        }
        while count() < keys.len() * 60 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let ran = timeout(Duration::from_mins(1), consumer.run(faults)).await;
    ran.unwrap_or_else(|_| panic!("only {} effects", count())).unwrap();
    let effects = effects.lock().unwrap().clone();
    for key in keys {
        let its: Vec<_> = effects.iter().filter(|id| id.starts_with(key)).cloned().collect();
        assert_eq!(its, in_order(key, 1..=60));
    }
}
