//! How much goes on at once.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::observe::{Event, Observer};

use super::flaky::Flaky;
use super::world::{
    Does, Scripted, bus_with, config, consumer, count, in_flight, messages, run_for,
    run_until_empty,
};

const KEYS: [&str; 8] = ["pears", "plums", "figs", "nuts", "kiwis", "limes", "dates", "grapes"];

#[tokio::test(start_paused = true)]
async fn no_more_are_handled_at_once_than_may_be() {
    let bus = bus_with(&messages(&KEYS, 5)).await;
    let handler = Scripted::default();
    let three = config().with_concurrency(count(3));
    run_until_empty(&consumer(bus.clone(), &handler).with_config(three), &bus).await;
    assert_eq!(handler.seen(|seen| (seen.most_at_once, seen.handled.len())), (3, 40));
}

#[tokio::test(start_paused = true)]
async fn no_more_is_received_than_may_be_in_flight() {
    let bus = bus_with(&messages(&KEYS, 5)).await;
    let away = vec![Does::Fail(StoreError::unavailable("away")); 3];
    let handler =
        KEYS.iter().fold(Scripted::default(), |it, key| it.on(&format!("{key}-1"), &away));
    let flaky = Flaky::new(bus.clone());
    let six = config().with_limits(in_flight(6));
    run_until_empty(&consumer(flaky.clone(), &handler).with_config(six), &bus).await;
    assert_eq!(flaky.most_held(), 6);
    assert_eq!(handler.seen(|seen| seen.handled.len()), 40);
}

/// What is asked for is bounded here too, not only by the bus.
#[tokio::test(start_paused = true)]
async fn no_more_is_asked_for_than_there_is_room() {
    let bus = bus_with(&messages(&["pears"], 9)).await;
    let handler = Scripted::default().on("pears-1", &[Does::Hang]);
    let flaky = Flaky::new(bus.clone());
    let four = config().with_limits(in_flight(4));
    let report =
        run_for(&consumer(flaky.clone(), &handler).with_config(four), Duration::from_secs(1)).await;
    assert_eq!(flaky.most_asked_for(), 4);
    assert_eq!((report.acknowledged, report.given_back), (0, 4));
}

#[tokio::test(start_paused = true)]
async fn what_is_held_shows_signs_of_life() {
    let bus = bus_with(&messages(&["pears"], 3)).await;
    let long = Does::Work(Duration::from_secs(10));
    let handler = Scripted::default().on("pears-1", &[long]);
    let flaky = Flaky::new(bus.clone());
    let limits = config().with_limits(in_flight(6));
    run_until_empty(&consumer(flaky.clone(), &handler).with_config(limits), &bus).await;
    let signs = flaky.signs();
    assert!((9..=11).contains(&signs.len()), "one a second: {signs:?}");
    assert!(signs.iter().take(9).all(|held| *held == 3), "also of what waits: {signs:?}");
}

#[derive(Debug, Default)]
struct Told(std::sync::Mutex<Vec<(&'static str, u32)>>);

impl Observer for Told {
    fn on_event(&self, event: &Event) {
        if let Event::EventHandled { outcome, attempt, .. } = event {
            self.0.lock().unwrap().push((outcome, *attempt));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_how_each_attempt_has_ended() {
    let bus = bus_with(&messages(&["pears"], 2)).await;
    let fails = [Does::Panic, Does::Fail(StoreError::rejected("no"))];
    let handler = Scripted::default().on("pears-1", &fails);
    let told = Arc::new(Told::default());
    let told_of = config().with_observer(told.clone());
    run_until_empty(&consumer(bus.clone(), &handler).with_config(told_of), &bus).await;
    let told = told.0.lock().unwrap().clone();
    assert_eq!(told, [("retry", 1), ("dead_letter", 2), ("ack", 1)]);
}
