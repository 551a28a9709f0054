//! A bus that fails.

use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::event::ConsumerError;

use super::flaky::Flaky;
use super::world::{
    Scripted, bus_with, consumer, in_order, messages, name, publish, run_until_empty,
};

fn away(times: usize) -> Vec<StoreError> {
    vec![StoreError::unavailable("no connection"); times]
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_away_is_waited_for() {
    let bus = bus_with(&messages(&["pears"], 3)).await;
    let flaky = Flaky::new(bus.clone()).failing_subscribes(away(4)).failing_receives(away(3));
    let handler = Scripted::default();
    let began = tokio::time::Instant::now();
    let report = run_until_empty(&consumer(flaky, &handler), &bus).await;
    assert_eq!((report.acknowledged, handler.handled()), (3, in_order("pears", 3)));
    let pauses = [100, 200, 400, 800, 100, 200, 400].into_iter().sum();
    assert!(began.elapsed() >= Duration::from_millis(pauses), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_cannot_be_is_an_error() {
    let bus = bus_with(&[]).await;
    let flaky = Flaky::new(bus).failing_subscribes(vec![StoreError::rejected("no such topic")]);
    let ran = consumer(flaky, &Scripted::default()).run(std::future::pending()).await;
    let error = ran.unwrap_err();
    assert!(!error.is_retryable());
    assert!(matches!(error, ConsumerError::Subscribe { name: which, .. } if which == name()));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_was_ended_elsewhere_is_an_error() {
    let bus = bus_with(&messages(&["pears"], 3)).await;
    let flaky = Flaky::new(bus.clone());
    let handler = Scripted::default();
    let ran = consumer(flaky.clone(), &handler);
    let (ran, ()) = tokio::join!(ran.run(std::future::pending()), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        flaky.ended();
        publish(&bus, &messages(&["plums"], 1)).await;
    });
    let error = ran.unwrap_err();
    assert!(error.is_retryable());
    let ConsumerError::Ended { name: which, report } = error else { panic!("{error:?}") };
    assert_eq!((which, report.acknowledged, report.given_back), (name(), 4, 0));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_settled_is_settled_later_and_its_key_waits() {
    let bus = bus_with(&messages(&["pears"], 3)).await;
    let failures = away(5).into_iter().map(|error| (error, false)).collect();
    let flaky = Flaky::new(bus.clone()).failing_settles(failures);
    let handler = Scripted::default();
    let report = run_until_empty(&consumer(flaky.clone(), &handler), &bus).await;
    assert_eq!((report.acknowledged, flaky.settled()), (3, 3));
    assert_eq!(handler.seen(|seen| seen.began.clone()), in_order("pears", 3), "each once");
}

/// The acknowledgement had its effect, and its answer was lost: the next try says that it is not held here.
#[tokio::test(start_paused = true)]
async fn a_settlement_whose_answer_was_lost_ends() {
    let bus = bus_with(&messages(&["pears"], 2)).await;
    let lost = vec![(StoreError::unknown("timeout"), true)];
    let flaky = Flaky::new(bus.clone()).failing_settles(lost);
    let handler = Scripted::default();
    let report = run_until_empty(&consumer(flaky, &handler), &bus).await;
    assert_eq!((report.acknowledged, report.given_back), (1, 1));
    assert_eq!(handler.handled(), in_order("pears", 2));
}
