//! The bus on JetStream: its contract, and what only a server and a network can do.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adapters::nats::{Durability, NatsBus, NatsBusConfig};
use own_servers::Product;
use strangler_fig::async_trait;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::event::{
    EventBus, EventEnvelope, EventKey, EventPublisher, EventSubscriber, EventSubscription, Lane,
    Message, Settlement, SubscriptionLimits, SubscriptionName, Topic,
};
use strangler_fig::testkit::conformance::{EventBusFixture, GivenUp};
use tokio::time::{sleep, timeout};

use super::buses::{
    a_consumer_goes_on, in_order, message, messages, name, next, published, topic, until,
};
use super::nats_bucket::{connect, patient, server_url};
use super::own_server::own_server;
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
                let births = format!("KV_{prefix}-subscriptions");
                for stream in [format!("{prefix}-dead"), births, prefix] {
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
            .map(|letter| {
                let read = EventEnvelope::from_cloud_event(&letter.bytes);
                GivenUp::new(letter.topic, read.map_err(|_| letter.bytes), letter.reason)
            })
            .collect()
    }
}

mod conformance {
    use super::Own;

    strangler_fig::event_bus_conformance!(Own::new());
}

/// What a dead receiver held is soon somebody else's.
const LIMITS: SubscriptionLimits = SubscriptionLimits {
    in_flight_max: NonZeroUsize::new(64).unwrap(),
    hidden_for: Duration::from_secs(1),
};

async fn opened(bus: &NatsBus) -> Box<dyn EventSubscription> {
    bus.subscribe(&name(), &[topic()], LIMITS).await.unwrap()
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

#[tokio::test]
async fn a_consumer_goes_on_behind_a_connection_that_breaks() {
    let own = Own::new().await;
    drop(opened(&own.bus).await);
    let proxy = Proxy::before(&server_url()).await;
    let bus = Arc::new(own.by(&proxy, Duration::from_secs(5)).await);
    a_consumer_goes_on(&own.bus, bus, &proxy, 60, LIMITS).await;
}

/// As if the server had been killed while it wrote down its consumers: a file of each ends in the middle.
fn tear(directory: &Path, file: &str) -> usize {
    let mut torn = 0;
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let is_of_consumer = path.components().any(|it| it.as_os_str() == "obs");
        if path.is_dir() {
            torn += tear(&path, file);
        } else if is_of_consumer && path.ends_with(file) {
            let content = std::fs::read(&path).unwrap();
            std::fs::write(&path, &content[..content.len() / 2]).unwrap();
            torn += 1;
        }
    }
    torn
}

async fn published_at_last(bus: &NatsBus, messages: &[Message]) {
    let publishing = timeout(Duration::from_mins(1), async {
        while bus.publish(messages).await.iter().any(Result::is_err) {
            sleep(Duration::from_millis(50)).await;
        }
    });
    publishing.await.expect("the server is back");
}

/// Of its consumer a server has lost `file`. What was published before comes to who has subscribed before, and to who
/// subscribes again; and what is published after that.
async fn behind_a_server_that_has_lost(file: &str) {
    let mut server = own_server(Product::Nats).await;
    let config = NatsBusConfig::new("fig", Durability::SyncedAlways).with_partitions(1);
    let own = bus(&server.url(), config.clone()).await;
    let before = opened(&own).await;
    published(&own, &messages("pears", 1..=4)).await;
    assert_eq!(until(&*before, "pears-2").await, in_order("pears", 1..=2));
    server.kill();
    assert_eq!(tear(server.directory(), file), 1);
    server.start().await.unwrap();
    let mut came = until(&*before, "pears-3").await;
    published_at_last(&own, &messages("pears", 5..=5)).await;
    came.extend(until(&*before, "pears-5").await);
    came.dedup();
    assert!(came.ends_with(&in_order("pears", 3..=5)), "{came:?}");
    published(&own, &messages("pears", 6..=7)).await;
    drop(before);

    server.kill();
    assert_eq!(tear(server.directory(), file), 1);
    server.start().await.unwrap();
    let own = bus(&server.url(), config).await;
    let again = opened(&own).await;
    published(&own, &messages("pears", 8..=8)).await;
    let mut came = until(&*again, "pears-8").await;
    came.dedup();
    assert!(came.ends_with(&in_order("pears", 6..=8)), "{came:?}");
}

#[tokio::test]
async fn behind_a_server_that_has_forgotten_a_consumer_nothing_is_skipped() {
    Box::pin(behind_a_server_that_has_lost("meta.inf")).await;
}

#[tokio::test]
async fn behind_a_server_that_has_forgotten_how_far_it_was_nothing_is_skipped() {
    Box::pin(behind_a_server_that_has_lost("o.dat")).await;
}

/// Keys of two partitions.
fn two_keys() -> [&'static str; 2] {
    let lane = |key: &str| Lane::of(&key.parse().unwrap(), PARTITIONS.try_into().unwrap());
    let other = ["plums", "figs", "quinces", "medlars", "grapes"];
    let other = other.into_iter().find(|it| lane(it) != lane("pears")).unwrap();
    ["pears", other]
}

/// A partition that is far ahead takes nothing with it that another was not given yet.
#[tokio::test]
async fn behind_a_server_that_was_killed_a_slow_partition_has_everything() {
    let mut server = own_server(Product::Nats).await;
    let config = NatsBusConfig::new("fig", Durability::SyncedAlways).with_partitions(PARTITIONS);
    let own = bus(&server.url(), config.clone()).await;
    let receiver = opened(&own).await;
    let [slow, fast] = two_keys();
    for number in 1..=40 {
        published(&own, &messages(slow, number..=number)).await;
        published(&own, &messages(fast, number..=number)).await;
    }
    let mut held = 0;
    let mut settled = 0;
    while settled < 40 {
        for delivery in receiver.receive(NonZeroUsize::MAX).await.unwrap() {
            if delivery.event.unwrap().key.as_str() == fast {
                receiver.settle(delivery.receipt, &Settlement::Ack).await.unwrap();
                settled += 1;
            } else {
                held += 1;
            }
        }
    }
    assert_eq!(held, 1, "one of a partition at a time");
    for _ in 0..2 {
        server.kill();
        server.start().await.unwrap();
    }
    drop(receiver);
    let own = bus(&server.url(), config).await;
    let again = opened(&own).await;
    let mut came = until(&*again, &format!("{slow}-40")).await;
    // A server that was killed may have forgotten what was settled last: that may come again.
    came.retain(|id| id.starts_with(slow));
    came.dedup();
    assert_eq!(came, in_order(slow, 1..=40));
}

/// What a stream holds.
async fn kept(own: &Own) -> u64 {
    let context = async_nats::jetstream::new(connect(&server_url()).await);
    context.get_stream(&own.prefix).await.unwrap().cached_info().state.messages
}

#[tokio::test]
async fn what_every_subscription_has_settled_is_removed() {
    let own = Own::new().await;
    let config = own.config.clone().with_tidy_every(Duration::from_millis(100));
    let tidy = bus(&server_url(), config).await;
    let first = opened(&tidy).await;
    let second = tidy.subscribe(&"stock".parse().unwrap(), &[topic()], LIMITS).await.unwrap();
    published(&tidy, &messages("pears", 1..=20)).await;
    until(&*first, "pears-20").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(kept(&own).await, 20, "one of two has settled them");
    until(&*second, "pears-10").await;
    let gone = timeout(Duration::from_mins(1), async {
        while kept(&own).await > 10 {
            sleep(Duration::from_millis(50)).await;
        }
    });
    gone.await.expect("what both have settled goes");
    assert_eq!(kept(&own).await, 10, "what one has not settled stays");
    until(&*second, "pears-20").await;
    published(&tidy, &messages("pears", 21..=21)).await;
    assert_eq!(until(&*first, "pears-21").await, in_order("pears", 21..=21));
    assert_eq!(until(&*second, "pears-21").await, in_order("pears", 21..=21));
    let gone = timeout(Duration::from_mins(1), async {
        while kept(&own).await > 1 {
            sleep(Duration::from_millis(50)).await;
        }
    });
    gone.await.expect("the newest alone stays");
}

/// A subscription begins where it was first opened, though the stream keeps what was before.
#[tokio::test]
async fn what_was_published_before_does_not_come() {
    let own = Own::new().await;
    let first = opened(&own.bus).await;
    published(&own.bus, &messages("pears", 1..=3)).await;
    let late = "stock".parse().unwrap();
    let second = own.bus.subscribe(&late, &[topic()], LIMITS).await.unwrap();
    published(&own.bus, &messages("pears", 4..=4)).await;
    assert_eq!(until(&*second, "pears-4").await, in_order("pears", 4..=4));
    assert_eq!(until(&*first, "pears-4").await, in_order("pears", 1..=4));
}

#[tokio::test]
async fn another_number_of_partitions_is_refused() {
    let own = Own::new().await;
    let other = own.config.clone().with_partitions(PARTITIONS * 2);
    let refused = NatsBus::open(connect(&server_url()).await, other).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Rejected);
    let why = refused.with_causes();
    assert!(why.contains("has 4 partitions, not 8"), "{why}");
}

#[tokio::test]
async fn where_nothing_was_given_up_there_are_no_dead_letters() {
    let own = Own::new().await;
    assert_eq!(own.bus.dead_letters(&name(), 10).await.unwrap(), []);
}

/// Who opens it with another patience changes nothing but that.
#[tokio::test]
async fn the_last_who_opens_says_how_long_the_server_waits() {
    let own = Own::new().await;
    let first = opened(&own.bus).await;
    published(&own.bus, &messages("pears", 1..=2)).await;
    assert_eq!(until(&*first, "pears-1").await, in_order("pears", 1..=1));
    drop(first);
    let patient = SubscriptionLimits { hidden_for: Duration::from_mins(1), ..LIMITS };
    let second = own.bus.subscribe(&name(), &[topic()], patient).await.unwrap();
    assert_eq!(until(&*second, "pears-2").await, in_order("pears", 2..=2), "it goes on");
}
