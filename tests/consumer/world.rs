//! A bus, a handler that follows a script, and what it has seen.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    ConsumerConfig, ConsumerReport, EventConsumer, EventContext, EventEnvelope, EventHandler,
    EventPayload, EventPublisher, EventSubscriber, Message, SubscriptionLimits, SubscriptionName,
    Topic,
};
use strangler_fig::memory::InMemoryBus;
use strangler_fig::resilience::{Exponential, Jitter};
use tokio::time::{sleep, timeout};

pub(crate) fn name() -> SubscriptionName {
    "billing".parse().unwrap()
}

pub(crate) fn topic() -> Topic {
    "orders".parse().unwrap()
}

pub(crate) fn event(key: &str, n: usize) -> EventEnvelope {
    let [source, event_type] = ["/shop", "order.changed"];
    EventEnvelope::new(
        format!("{key}-{n}").parse().unwrap(),
        source.parse().unwrap(),
        event_type.parse().unwrap(),
        key.parse().unwrap(),
        EventPayload::json(&n).unwrap(),
    )
}

/// Events 1 to `count` of each key, by turns.
pub(crate) fn messages(keys: &[&str], count: usize) -> Vec<Message> {
    (1..=count).flat_map(|n| keys.iter().map(move |key| event(key, n).to(topic()))).collect()
}

/// What a call of the handler does.
#[derive(Debug, Clone)]
pub(crate) enum Does {
    Work(Duration),
    Fail(StoreError),
    Panic,
    Hang,
}

/// What the handler has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Each call, when it began.
    pub(crate) began: Vec<String>,
    /// Each call that was answered with success.
    pub(crate) handled: Vec<String>,
    /// What of it was the first time: what an inbox lets have its effect.
    pub(crate) effects: Vec<String>,
    pub(crate) at_once: usize,
    pub(crate) most_at_once: usize,
}

impl Seen {
    /// The effects of a key, in their order.
    pub(crate) fn of(&self, key: &str) -> Vec<&str> {
        let is_its = |id: &&str| id.rsplit_once('-').is_some_and(|(its, _)| its == key);
        self.effects.iter().map(String::as_str).filter(is_its).collect()
    }
}

/// Does for each event what it is told, call by call; then it works for a millisecond.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripted {
    script: Arc<Mutex<HashMap<String, Vec<Does>>>>,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

impl Scripted {
    /// The first calls for the event `id`.
    pub(crate) fn on(self, id: &str, does: &[Does]) -> Self {
        let does = does.iter().rev().cloned().collect();
        self.script.lock().unwrap().insert(id.to_owned(), does);
        self
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap())
    }

    pub(crate) fn handled(&self) -> Vec<String> {
        self.seen(|seen| seen.handled.clone())
    }
}

/// Counts a call that is under way, also when it is dropped.
struct AtOnce<'a>(&'a Mutex<Seen>);

impl<'a> AtOnce<'a> {
    fn enter(seen: &'a Mutex<Seen>, id: &str) -> Self {
        let mut now = seen.lock().unwrap();
        now.began.push(id.to_owned());
        now.at_once += 1;
        now.most_at_once = now.most_at_once.max(now.at_once);
        Self(seen)
    }
}

impl Drop for AtOnce<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().at_once -= 1;
    }
}

#[async_trait]
impl EventHandler for Scripted {
    async fn handle(&self, event: &EventEnvelope, _: &EventContext<'_>) -> Result<(), StoreError> {
        let id = event.id.as_str();
        let _at_once = AtOnce::enter(&self.seen, id);
        let does = self.script.lock().unwrap().get_mut(id).and_then(Vec::pop);
        match does.unwrap_or(Does::Work(Duration::from_millis(1))) {
            Does::Work(time) => sleep(time).await,
            Does::Fail(error) => return Err(error),
            Does::Panic => panic!("a bug of the handler"),
            Does::Hang => std::future::pending().await,
        }
        let mut seen = self.seen.lock().unwrap();
        seen.handled.push(id.to_owned());
        if !seen.effects.iter().any(|it| it == id) {
            seen.effects.push(id.to_owned());
        }
        Ok(())
    }
}

/// Pauses of 100 ms, 200 ms and so on, and small limits.
pub(crate) fn config() -> ConsumerConfig {
    let pauses = Exponential::between(Duration::from_millis(100), Duration::from_secs(60));
    ConsumerConfig::default().with_backoff(pauses.with_jitter(Jitter::None))
}

pub(crate) fn in_flight(most: usize) -> SubscriptionLimits {
    let in_flight_max = NonZeroUsize::new(most).unwrap();
    SubscriptionLimits { in_flight_max, hidden_for: Duration::from_secs(3) }
}

pub(crate) fn count(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

pub(crate) fn times(times: u32) -> NonZeroU32 {
    NonZeroU32::new(times).unwrap()
}

pub(crate) fn consumer(bus: impl EventSubscriber, handler: &Scripted) -> EventConsumer {
    let handler = Arc::new(handler.clone());
    EventConsumer::new(Arc::new(bus), name(), vec![topic()], handler).with_config(config())
}

/// A bus with a subscription, and these messages.
pub(crate) async fn bus_with(messages: &[Message]) -> InMemoryBus {
    let bus = InMemoryBus::default();
    bus.subscribe(&name(), &[topic()], SubscriptionLimits::default()).await.unwrap();
    publish(&bus, messages).await;
    bus
}

pub(crate) async fn publish(bus: &InMemoryBus, messages: &[Message]) {
    assert!(bus.publish(messages).await.iter().all(Result::is_ok));
}

/// Runs until nothing is left on the bus.
pub(crate) async fn run_until_empty(consumer: &EventConsumer, bus: &InMemoryBus) -> ConsumerReport {
    let empty = async {
        while bus.unsettled(&name()) > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let ran = timeout(Duration::from_secs(3_600), consumer.run(empty)).await;
    ran.expect("an hour is enough").unwrap()
}

pub(crate) async fn run_for(consumer: &EventConsumer, time: Duration) -> ConsumerReport {
    consumer.run(sleep(time)).await.unwrap()
}

/// The ids 1 to `count` of a key.
pub(crate) fn in_order(key: &str, count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("{key}-{n}")).collect()
}
