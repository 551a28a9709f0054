//! A bus whose calls panic, and one whose calls never end.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    Delivery, EventSubscriber, EventSubscription, Receipt, Settlement, SubscriptionLimits,
    SubscriptionName, Topic,
};
use strangler_fig::memory::InMemoryBus;
use strangler_fig::resilience::{Exponential, Jitter};
use tokio::time::Instant;

use super::world::{
    Does, Scripted, bus_with, config, consumer, in_flight, in_order, messages, run_for,
    run_until_empty,
};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
enum Goes {
    Panics,
    Hangs,
}

/// The bus in memory, of which the next calls of a name go wrong, before they have had an effect.
#[derive(Debug, Clone)]
struct Wild {
    bus: InMemoryBus,
    wrong: Arc<Mutex<HashMap<&'static str, Vec<Goes>>>>,
}

impl Wild {
    fn new(bus: &InMemoryBus, wrong: &[(&'static str, &[Goes])]) -> Self {
        let wrong = wrong.iter().map(|(call, goes)| (*call, goes.to_vec())).collect();
        Self { bus: bus.clone(), wrong: Arc::new(Mutex::new(wrong)) }
    }

    async fn call(&self, name: &'static str) {
        let next = self.wrong.lock().unwrap().get_mut(name).and_then(Vec::pop);
        match next {
            Some(Goes::Panics) => panic!("a bug of the adapter"),
            Some(Goes::Hangs) => std::future::pending().await,
            None => {}
        }
    }

    /// How much has not gone wrong yet.
    fn left(&self) -> usize {
        self.wrong.lock().unwrap().values().map(Vec::len).sum()
    }
}

#[async_trait]
impl EventSubscriber for Wild {
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError> {
        self.call("subscribe").await;
        let inner = self.bus.subscribe(name, topics, limits).await?;
        Ok(Box::new(WildSubscription { inner, wild: self.clone() }))
    }
}

#[derive(Debug)]
struct WildSubscription {
    inner: Box<dyn EventSubscription>,
    wild: Wild,
}

#[async_trait]
impl EventSubscription for WildSubscription {
    async fn receive(&self, limit: NonZeroUsize) -> Result<Vec<Delivery>, StoreError> {
        self.wild.call("receive").await;
        self.inner.receive(limit).await
    }

    async fn settle(&self, receipt: Receipt, settlement: &Settlement) -> Result<(), StoreError> {
        self.wild.call("settle").await;
        self.inner.settle(receipt, settlement).await
    }

    async fn extend(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        self.wild.call("extend").await;
        self.inner.extend(receipts).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_panics_is_asked_again() {
    let bus = bus_with(&messages(&["pears"], 3)).await;
    let wild = Wild::new(
        &bus,
        &[
            ("subscribe", &[Goes::Panics; 2]),
            ("receive", &[Goes::Panics; 2]),
            ("settle", &[Goes::Panics; 3]),
            ("extend", &[Goes::Panics; 2]),
        ],
    );
    // Long enough for signs of life.
    let handler = Scripted::default().on("pears-2", &[Does::Work(5 * SECOND)]);
    let signs = config().with_limits(in_flight(8));
    let ran = consumer(wild.clone(), &handler).with_config(signs);
    let report = run_until_empty(&ran, &bus).await;
    assert_eq!((report.acknowledged, report.retried, wild.left()), (3, 0, 0));
    assert_eq!(handler.seen(|seen| seen.began.clone()), in_order("pears", 3), "each once");
}

/// A handler may take long; the bus has a deadline of its own.
#[tokio::test(start_paused = true)]
async fn a_bus_that_does_not_answer_is_asked_again_by_its_own_deadline() {
    let bus = bus_with(&messages(&["pears"], 2)).await;
    let hangs: &[Goes] = &[Goes::Hangs; 2];
    let wild = Wild::new(&bus, &[("subscribe", hangs), ("settle", hangs)]);
    let handler = Scripted::default();
    let patient = config().with_deadline(3_600 * SECOND).with_bus_deadline(2 * SECOND);
    let began = Instant::now();
    let ran = consumer(wild.clone(), &handler).with_config(patient);
    let report = run_until_empty(&ran, &bus).await;
    assert_eq!((report.acknowledged, wild.left()), (2, 0));
    let took = began.elapsed();
    assert!(took >= 8 * SECOND && took < 10 * SECOND, "four times 2 s: {took:?}");
}

/// Nor does its end wait for longer.
#[tokio::test(start_paused = true)]
async fn giving_back_has_an_end() {
    for goes in [Goes::Hangs, Goes::Panics] {
        let bus = bus_with(&messages(&["pears"], 3)).await;
        let wild = Wild::new(&bus, &[("settle", &[goes])]);
        let busy = StoreError::unavailable("busy").with_retry_after(3_000 * SECOND);
        let handler = Scripted::default().on("pears-1", &[Does::Fail(busy)]);
        let patient = config().with_deadline(3_600 * SECOND).with_bus_deadline(2 * SECOND);
        let began = Instant::now();
        let ran = consumer(wild.clone(), &handler).with_config(patient);
        let report = run_for(&ran, SECOND).await;
        assert_eq!((report.retried, report.given_back, wild.left()), (1, 3, 0), "{goes:?}");
        assert!(began.elapsed() < 4 * SECOND, "{goes:?}: {:?}", began.elapsed());
        // What was not given back comes again all the same.
        let next = Scripted::default();
        run_until_empty(&consumer(bus.clone(), &next), &bus).await;
        assert_eq!(next.handled(), in_order("pears", 3), "{goes:?}");
    }
}

/// No setting is so long that a moment after it could not be told.
#[tokio::test(start_paused = true)]
async fn settings_of_any_length_are_no_panic() {
    let longest = Exponential::between(Duration::MAX, Duration::MAX).with_jitter(Jitter::None);
    let limits = SubscriptionLimits { hidden_for: Duration::MAX, ..in_flight(8) };
    let bus = bus_with(&messages(&["pears", "plums"], 2)).await;
    let busy = StoreError::unavailable("busy").with_retry_after(Duration::MAX);
    let handler = Scripted::default().on("plums-1", &[Does::Fail(busy)]);
    let config = config()
        .with_limits(limits)
        .with_deadline(Duration::MAX)
        .with_bus_deadline(Duration::MAX)
        .with_backoff(longest);
    let ran = consumer(bus, &handler).with_config(config);
    let report = run_for(&ran, 3_600 * SECOND).await;
    assert_eq!((report.acknowledged, report.retried, report.given_back), (2, 1, 2));
}
