//! How a consumer ends.

use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::event::ConsumerReport;
use tokio::time::{Instant, sleep};

use super::flaky::Flaky;
use super::world::{
    Does, Scripted, bus_with, config, consumer, in_order, messages, name, publish, run_for,
    run_until_empty,
};

#[tokio::test(start_paused = true)]
async fn what_is_being_handled_is_finished_and_the_rest_given_back() {
    let bus = bus_with(&messages(&["pears", "plums"], 4)).await;
    let long = Does::Work(Duration::from_secs(8));
    let handler = Scripted::default().on("pears-1", &[long]);
    let report = run_for(&consumer(bus.clone(), &handler), Duration::from_secs(1)).await;
    assert_eq!((report.acknowledged, report.given_back), (5, 3));
    assert_eq!(handler.handled().last().map(String::as_str), Some("pears-1"));
    let next = Scripted::default();
    run_until_empty(&consumer(bus.clone(), &next), &bus).await;
    assert_eq!(next.handled(), ["pears-2", "pears-3", "pears-4"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_to_be_handled_again_is_not_waited_for() {
    let bus = bus_with(&messages(&["pears"], 2)).await;
    let busy = StoreError::unavailable("busy").with_retry_after(Duration::from_secs(3_000));
    let handler = Scripted::default().on("pears-1", &[Does::Fail(busy)]);
    let began = Instant::now();
    let report = run_for(&consumer(bus.clone(), &handler), Duration::from_secs(1)).await;
    assert_eq!((report.retried, report.given_back), (1, 2));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_received_after_the_end() {
    let bus = bus_with(&messages(&["pears"], 1)).await;
    let long = Does::Work(Duration::from_secs(8));
    let handler = Scripted::default().on("pears-1", &[long]);
    let ran = consumer(bus.clone(), &handler);
    let late = messages(&["plums"], 1);
    let (report, ()) = tokio::join!(run_for(&ran, Duration::from_secs(1)), async {
        sleep(Duration::from_secs(2)).await;
        publish(&bus, &late).await;
    });
    assert_eq!((report.acknowledged, report.given_back), (1, 0));
    assert_eq!(handler.handled(), ["pears-1"]);
}

/// A bus that is away does not keep a consumer from ending.
#[tokio::test(start_paused = true)]
async fn the_end_is_bounded() {
    let bus = bus_with(&messages(&["pears"], 2)).await;
    let failures = vec![(StoreError::unavailable("no connection"), false); 10_000];
    let flaky = Flaky::new(bus.clone()).failing_settles(failures);
    let deadline = Duration::from_secs(5);
    let ran = consumer(flaky, &Scripted::default()).with_config(config().with_deadline(deadline));
    let began = Instant::now();
    let report = run_for(&ran, Duration::from_secs(1)).await;
    assert_eq!((report.acknowledged, report.given_back), (0, 2));
    assert!(began.elapsed() <= Duration::from_secs(1) + 3 * deadline, "{:?}", began.elapsed());
    assert_eq!(bus.unsettled(&name()), 2, "nothing is lost");
}

#[tokio::test(start_paused = true)]
async fn who_is_told_to_end_at_once_does_nothing() {
    let bus = bus_with(&messages(&["pears"], 1)).await;
    let handler = Scripted::default();
    let report = consumer(bus, &handler).run(std::future::ready(())).await.unwrap();
    assert_eq!(report, ConsumerReport::default());
    assert!(handler.handled().is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_two_consumers_each_key_has_one_at_a_time() {
    let keys = ["pears", "plums", "figs", "nuts"];
    let bus = bus_with(&messages(&keys, 10)).await;
    let handler = Scripted::default();
    let [one, other] = [consumer(bus.clone(), &handler), consumer(bus.clone(), &handler)];
    let (one, other) = tokio::join!(run_until_empty(&one, &bus), run_until_empty(&other, &bus));
    assert_eq!(one.acknowledged + other.acknowledged, 40);
    for key in keys {
        assert_eq!(handler.seen(|seen| seen.of(key).join(" ")), in_order(key, 10).join(" "));
    }
}
