//! What fails takes no more than its part of what may be in flight.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    ConsumerConfig, Delivery, EventSubscriber, EventSubscription, Message, Receipt, Settlement,
    SubscriptionLimits, SubscriptionName, Topic, Upcasters,
};
use strangler_fig::memory::InMemoryBus;
use strangler_fig::observe::{Event, Observer};
use tokio::time::sleep;

use super::flaky::Flaky;
use super::world::{
    Does, Scripted, bus_with, config, consumer, event, in_flight, in_order, messages, name,
    publish, run_for, run_until_empty, times, topic,
};

const DAY: Duration = Duration::from_secs(24 * 3_600);
const SECOND: Duration = Duration::from_secs(1);

fn away(times: usize) -> Vec<Does> {
    vec![Does::Fail(StoreError::unavailable("away")); times]
}

/// One event of each of so many keys.
fn one_each(keys: usize) -> Vec<Message> {
    (0..keys).map(|n| event(&format!("key{n}"), 1).to(topic())).collect()
}

#[tokio::test(start_paused = true)]
async fn one_key_that_fails_leaves_room_for_all_others_though_much_waits_behind_it() {
    let bus = bus_with(&messages(&["bad"], 100)).await;
    publish(&bus, &one_each(200)).await;
    let handler = Scripted::default().on("bad-1", &away(100_000));
    let ran = consumer(bus.clone(), &handler).with_config(ConsumerConfig::default());
    let report = run_for(&ran, Duration::from_secs(600)).await;
    assert_eq!((report.acknowledged, report.dead_lettered), (200, 0));
    assert_eq!(bus.unsettled(&name()), 100);
}

/// Also while more of that key goes on coming.
#[tokio::test(start_paused = true)]
async fn a_key_that_fails_for_a_day_keeps_its_order_and_holds_up_no_other() {
    let bus = bus_with(&messages(&["bad"], 1)).await;
    let handler = Scripted::default().on("bad-1", &away(2_000));
    let ran = consumer(bus.clone(), &handler).with_config(ConsumerConfig::default());
    let coming = async {
        for n in 2..500 {
            publish(&bus, &[event("bad", n).to(topic()), event("good", n).to(topic())]).await;
            sleep(100 * SECOND).await;
            assert_eq!(handler.seen(|seen| seen.of("good").len()), n - 1, "good-{n} in time");
        }
    };
    let (_, ()) = tokio::join!(run_for(&ran, DAY), coming);
    let empty = async {
        while bus.unsettled(&name()) > 0 {
            sleep(SECOND).await;
        }
    };
    tokio::time::timeout(3 * DAY, ran.run(empty)).await.expect("it ends").unwrap();
    assert_eq!(handler.handled().iter().filter(|id| id.starts_with("bad")).count(), 499);
    assert_eq!(handler.seen(|seen| seen.of("bad").join(" ")), in_order("bad", 499).join(" "));
}

/// Somebody else was deployed first.
#[tokio::test(start_paused = true)]
async fn events_of_a_newer_form_leave_room_for_others() {
    let newer = NonZeroU32::new(3).unwrap();
    let later =
        |message: Message| Message { event: message.event.clone().with_version(newer), ..message };
    let bus = bus_with(&one_each(300).into_iter().map(later).collect::<Vec<_>>()).await;
    publish(&bus, &messages(&["old"], 50)).await;
    let handler = Scripted::default();
    let reads = Upcasters::default().reads("order.changed".parse().unwrap(), NonZeroU32::MIN);
    let ran = consumer(bus.clone(), &handler)
        .with_config(ConsumerConfig::default())
        .with_upcasters(Arc::new(reads));
    let report = run_for(&ran, Duration::from_secs(60)).await;
    assert_eq!((report.acknowledged, report.dead_lettered), (50, 0));
    assert_eq!(bus.unsettled(&name()), 300);
}

/// Whoever is given back and comes again has been tried as often as before.
#[tokio::test(start_paused = true)]
async fn what_is_given_back_meanwhile_is_given_up_after_as_many_attempts() {
    let bus = bus_with(&messages(&["bad"], 9)).await;
    let handler = Scripted::default().on("bad-1", &away(100));
    let told = Arc::new(Told::default());
    let config =
        config().with_limits(in_flight(8)).with_attempts_max(times(12)).with_observer(told.clone());
    let report = run_until_empty(&consumer(bus.clone(), &handler).with_config(config), &bus).await;
    assert_eq!((report.acknowledged, report.dead_lettered, report.retried), (8, 1, 11));
    assert!(report.given_back > 0, "it was given back: {report:?}");
    let reason = "after 12 attempts: ";
    assert!(bus.dead_letters(&name())[0].reason.starts_with(reason));
    let attempts: Vec<_> = told.0.lock().unwrap().iter().take(12).copied().collect();
    assert_eq!(attempts, (1..=12).collect::<Vec<_>>(), "each is counted once");
    assert_eq!(handler.handled(), in_order("bad", 9)[1..]);
}

#[derive(Debug, Default)]
struct Told(Mutex<Vec<u32>>);

impl Observer for Told {
    fn on_event(&self, event: &Event) {
        if let Event::EventHandled { attempt, .. } = event {
            self.0.lock().unwrap().push(*attempt);
        }
    }
}

/// The bus in memory, and what came from it and went back to it.
#[derive(Debug, Clone)]
struct Watched(InMemoryBus, Arc<Mutex<Vec<(bool, String)>>>);

#[derive(Debug)]
struct WatchedSubscription {
    inner: Box<dyn EventSubscription>,
    log: Arc<Mutex<Vec<(bool, String)>>>,
    out: Mutex<HashMap<Receipt, String>>,
}

#[async_trait]
impl EventSubscriber for Watched {
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError> {
        let inner = self.0.subscribe(name, topics, limits).await?;
        let (log, out) = (Arc::clone(&self.1), Mutex::default());
        Ok(Box::new(WatchedSubscription { inner, log, out }))
    }
}

#[async_trait]
impl EventSubscription for WatchedSubscription {
    async fn receive(&self, limit: NonZeroUsize) -> Result<Vec<Delivery>, StoreError> {
        let came = self.inner.receive(limit).await?;
        for delivery in &came {
            let id = delivery.event.as_ref().unwrap().id.to_string();
            self.log.lock().unwrap().push((false, id.clone()));
            self.out.lock().unwrap().insert(delivery.receipt, id);
        }
        Ok(came)
    }

    async fn settle(&self, receipt: Receipt, settlement: &Settlement) -> Result<(), StoreError> {
        sleep(Duration::from_millis(70)).await;
        if let Settlement::Nack { .. } = settlement {
            let id = self.out.lock().unwrap()[&receipt].clone();
            self.log.lock().unwrap().push((true, id));
        }
        self.inner.settle(receipt, settlement).await
    }
}

/// So a bus keeps the order by its contract: all that is held of a key goes back, the first first, and nothing comes
/// meanwhile.
#[tokio::test(start_paused = true)]
async fn keys_go_back_whole_and_in_their_order_and_nothing_comes_meanwhile() {
    let bus = bus_with(&messages(&["bad", "good", "worse"], 30)).await;
    let handler = Scripted::default().on("bad-1", &away(9)).on("worse-2", &away(9));
    let watched = Watched(bus.clone(), Arc::default());
    let ran = consumer(watched.clone(), &handler).with_config(config().with_limits(in_flight(8)));
    run_until_empty(&ran, &bus).await;
    let log = watched.1.lock().unwrap().clone();
    let backs: Vec<_> = log.chunk_by(|one, two| one.0 == two.0).filter(|run| run[0].0).collect();
    assert!(backs.len() > 4, "{backs:?}");
    let mut held = HashMap::<String, Vec<String>>::new();
    for run in log.chunk_by(|one, two| one.0 == two.0) {
        let mut gone = HashMap::<String, Vec<String>>::new();
        for (is_back, id) in run {
            let key = id.split_once('-').unwrap().0.to_owned();
            (if *is_back { &mut gone } else { &mut held }).entry(key).or_default().push(id.clone());
        }
        for (key, ids) in gone {
            // What was handled before is at the front.
            assert!(held.remove(&key).unwrap().ends_with(&ids), "{key}: {ids:?}");
        }
    }
    for (key, count) in [("bad", 30), ("good", 30), ("worse", 30)] {
        assert_eq!(handler.seen(|seen| seen.of(key).join(" ")), in_order(key, count).join(" "));
    }
}

/// Several consumers, each short of places, one of which dies now and then, on a bus that loses answers.
#[tokio::test(start_paused = true)]
async fn given_back_or_not_each_key_keeps_its_order() {
    let keys = ["pears", "plums", "figs", "nuts", "kiwis", "limes"];
    let (mut most, mut rng) = (0, fastrand::Rng::with_seed(7));
    for round in 0..8 {
        let bus = bus_with(&messages(&keys, 12)).await;
        let mut handler = Scripted::default();
        for _ in 0..10 {
            let id = format!("{}-{}", keys[rng.usize(..keys.len())], rng.usize(1..=12));
            let pause = Duration::from_millis(rng.u64(500..4_000));
            let busy = StoreError::unavailable("busy").with_retry_after(pause);
            handler = handler.on(&id, &vec![Does::Fail(busy); rng.usize(1..4)]);
        }
        let config = config().with_limits(in_flight(rng.usize(1..7)));
        let lost = (0..60).map(|_| (StoreError::unknown("the answer was lost"), rng.bool()));
        let flaky = Flaky::new(bus.clone()).failing_settles(lost.collect());
        let steady = consumer(bus.clone(), &handler).with_config(config.clone());
        let dying = consumer(flaky, &handler).with_config(config);
        let dies = async {
            loop {
                let lives = Duration::from_millis(rng.u64(1..4_000));
                drop(tokio::time::timeout(lives, dying.run(std::future::pending())).await);
            }
        };
        let report = tokio::select! {
            report = run_until_empty(&steady, &bus) => report,
            () = dies => unreachable!("it never ends"),
        };
        most = most.max(report.given_back);
        for key in keys {
            let effects = handler.seen(|seen| seen.of(key).join(" "));
            assert_eq!(effects, in_order(key, 12).join(" "), "round {round}");
        }
    }
    assert!(most > 5, "something was given back: {most}");
}

/// With one place only, too.
#[tokio::test(start_paused = true)]
async fn where_one_is_in_flight_a_failure_does_not_hold_up_others() {
    let bus = bus_with(&messages(&["bad", "good"], 5)).await;
    let handler = Scripted::default().on("bad-1", &away(20));
    let ran = consumer(bus.clone(), &handler).with_config(config().with_limits(in_flight(1)));
    run_for(&ran, Duration::from_secs(60)).await;
    assert_eq!(handler.handled(), in_order("good", 5));
    run_until_empty(&ran, &bus).await;
    assert_eq!(handler.seen(|seen| seen.of("bad").join(" ")), in_order("bad", 5).join(" "));
}
