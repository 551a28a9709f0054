//! Events, receivers, and calls that must succeed.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::EventBusFixture;
use crate::error::StoreError;
use crate::event::{
    Delivery, EventBus, EventEnvelope, EventKey, EventPayload, EventSubscription, Message,
    Settlement, SubscriptionLimits, SubscriptionName, Topic,
};

pub(super) type Receiver = Box<dyn EventSubscription>;

/// How long nothing has to come to be sure that nothing comes: less than deliveries are hidden for.
pub(super) const QUIET: Duration = Duration::from_millis(300);
/// How long what must come is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a message of a narrow bus must not exceed.
pub(super) const NARROW: usize = 64 << 10;

pub(super) fn topic(text: &str) -> Topic {
    text.parse().expect("it is a topic")
}

pub(super) fn key(text: &str) -> EventKey {
    text.parse().expect("it is a key")
}

pub(super) fn name(text: &str) -> SubscriptionName {
    text.parse().expect("it is a name")
}

/// An event whose id is its key and a number: `pears-3`.
pub(super) fn event(key: &str, n: usize) -> EventEnvelope {
    carrying(key, n, EventPayload::json(&n).expect("a number has a JSON"))
}

pub(super) fn carrying(key: &str, n: usize, payload: EventPayload) -> EventEnvelope {
    let [source, event_type] = ["/conformance", "fruit.counted"];
    EventEnvelope::new(
        format!("{key}-{n}").parse().expect("it is an id"),
        source.parse().expect("it is a source"),
        event_type.parse().expect("it is a type"),
        self::key(key),
        payload,
    )
}

/// Event `n` of a key, to `orders`.
pub(super) fn message(key: &str, n: usize) -> Message {
    event(key, n).to(topic("orders"))
}

/// Events 1 to `count` of each key, by turns.
pub(super) fn messages(keys: &[&str], count: usize) -> Vec<Message> {
    (1..=count).flat_map(|n| keys.iter().map(move |key| message(key, n))).collect()
}

/// One that a narrow bus rejects.
pub(super) fn large(key: &str, n: usize) -> Message {
    let payload = EventPayload::json(&"x".repeat(4 * NARROW)).expect("a text has a JSON");
    carrying(key, n, payload).to(topic("orders"))
}

pub(super) fn answered<T: fmt::Debug>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}

pub(super) async fn published(bus: &dyn EventBus, messages: &[Message]) {
    let answers = bus.publish(messages).await;
    assert_eq!(answers.len(), messages.len(), "there is an answer for each");
    for answer in answers {
        answered("publishing", answer);
    }
}

/// A receiver of `orders`.
pub(super) async fn opened<F: EventBusFixture>(fixture: &F, name: &str) -> Receiver {
    opened_for(fixture, name, &["orders"]).await
}

pub(super) async fn opened_for<F: EventBusFixture>(
    fixture: &F,
    name: &str,
    topics: &[&str],
) -> Receiver {
    limited(fixture, name, topics, 64).await
}

pub(super) async fn limited<F: EventBusFixture>(
    fixture: &F,
    name: &str,
    topics: &[&str],
    in_flight_max: usize,
) -> Receiver {
    let topics: Vec<Topic> = topics.iter().map(|it| topic(it)).collect();
    let limits =
        SubscriptionLimits { in_flight_max: some(in_flight_max), hidden_for: fixture.hidden_for() };
    let bus = fixture.reopened().await;
    answered("subscribing", bus.subscribe(&self::name(name), &topics, limits).await)
}

pub(super) fn some(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("it is something")
}

/// What comes within `time`; nothing if nothing does.
pub(super) async fn within(time: Duration, receiver: &Receiver, limit: usize) -> Vec<Delivery> {
    match timeout(time, receiver.receive(some(limit))).await {
        Ok(came) => {
            let came = answered("receiving", came);
            assert!(came.len() <= limit, "no more than {limit} were asked for: {came:?}");
            came
        }
        Err(_) => Vec::new(),
    }
}

/// What comes next: something must.
pub(super) async fn next(receiver: &Receiver) -> Vec<Delivery> {
    let came = within(PATIENCE, receiver, 16).await;
    assert!(!came.is_empty(), "something is to come");
    came
}

/// The one delivery that comes next.
pub(super) async fn one(receiver: &Receiver) -> Delivery {
    let mut came = within(PATIENCE, receiver, 1).await;
    came.pop().expect("one delivery is to come")
}

/// That nothing comes.
pub(super) async fn quiet(receiver: &Receiver, why: &str) {
    let came = within(QUIET, receiver, 16).await;
    assert!(came.is_empty(), "{why}: {came:?}");
}

pub(super) async fn settle(receiver: &Receiver, delivery: &Delivery, settlement: &Settlement) {
    answered("settling", receiver.settle(delivery.receipt, settlement).await);
}

pub(super) async fn ack(receiver: &Receiver, delivery: &Delivery) {
    settle(receiver, delivery, &Settlement::Ack).await;
}

pub(super) async fn nack(receiver: &Receiver, delivery: &Delivery, after: Duration) {
    settle(receiver, delivery, &Settlement::Nack { after }).await;
}

pub(super) fn given_up_for(reason: &str) -> Settlement {
    Settlement::DeadLetter { reason: reason.to_owned() }
}

/// The id of what came.
pub(super) fn id(delivery: &Delivery) -> String {
    match &delivery.event {
        Ok(event) => event.id.as_str().to_owned(),
        Err(error) => panic!("it is an event: {error}"),
    }
}

/// Receives and acknowledges, each in its turn, until `count` have come.
pub(super) async fn all(receiver: &Receiver, count: usize) -> Vec<Delivery> {
    let (mut came, until) = (Vec::new(), Instant::now() + PATIENCE);
    while came.len() < count {
        let left = until.saturating_duration_since(Instant::now());
        let found = within(left, receiver, 16).await;
        assert!(!found.is_empty(), "of {count} only {} have come: {:?}", came.len(), ids(&came));
        for delivery in found {
            ack(receiver, &delivery).await;
            came.push(delivery);
        }
    }
    came
}

/// The ids of all that come until nothing does, each acknowledged in its turn.
pub(super) async fn rest(receiver: &Receiver) -> Vec<String> {
    let mut came = Vec::new();
    loop {
        let found = within(QUIET * 2, receiver, 16).await;
        if found.is_empty() {
            return came;
        }
        for delivery in found {
            ack(receiver, &delivery).await;
            came.push(id(&delivery));
        }
    }
}

pub(super) fn ids(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(id).collect()
}

/// Those of one key, as they came.
pub(super) fn of_key(ids: &[String], key: &str) -> Vec<String> {
    let is_its = |id: &&String| id.rsplit_once('-').is_some_and(|(its, _)| its == key);
    ids.iter().filter(is_its).cloned().collect()
}

/// The ids 1 to `count` of a key.
pub(super) fn in_order(key: &str, count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("{key}-{n}")).collect()
}

pub(super) fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}
