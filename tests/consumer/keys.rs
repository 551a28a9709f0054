//! What holds up what.

use std::time::Duration;

use strangler_fig::error::StoreError;

use super::world::{
    Does, Scripted, bus_with, config, consumer, count, in_order, messages, name, run_for,
    run_until_empty, times,
};

const SHORT: Duration = Duration::from_millis(10);

#[tokio::test(start_paused = true)]
async fn a_key_is_handled_in_its_order_and_others_meanwhile() {
    let keys = ["pears", "plums", "figs"];
    let bus = bus_with(&messages(&keys, 20)).await;
    let slow = Does::Work(Duration::from_secs(1));
    let handler = Scripted::default().on("pears-1", &[slow]);
    let report = run_until_empty(&consumer(bus.clone(), &handler), &bus).await;
    assert_eq!((report.acknowledged, report.retried), (60, 0));
    for key in keys {
        assert_eq!(handler.seen(|seen| seen.of(key).join(" ")), in_order(key, 20).join(" "));
    }
    let last = handler.handled().last().cloned();
    assert_eq!(last.as_deref(), Some("pears-20"), "the others did not wait for the slow one");
}

/// What [eventuate-tram-sagas#72](https://github.com/eventuate-tram/eventuate-tram-sagas/issues/72) is about: there a
/// handler that throws ends all.
#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_delays_its_key_only() {
    let bus = bus_with(&messages(&["pears", "plums"], 5)).await;
    let handler = Scripted::default().on("pears-2", &[Does::Panic, Does::Panic]);
    let ran = consumer(bus.clone(), &handler);
    let report = run_for(&ran, Duration::from_millis(90)).await;
    assert_eq!((report.acknowledged, report.retried, report.given_back), (6, 1, 4));
    let (pears, plums) = handler.seen(|seen| (seen.of("pears").len(), seen.of("plums").len()));
    assert_eq!((pears, plums), (1, 5), "the other key was not delayed");
    let report = run_until_empty(&ran, &bus).await;
    assert_eq!((report.acknowledged, report.retried), (4, 1));
    assert_eq!(handler.seen(|seen| seen.of("pears").join(" ")), in_order("pears", 5).join(" "));
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_handled_again_here_and_its_key_waits_behind_it() {
    let bus = bus_with(&messages(&["pears", "plums"], 3)).await;
    let away = Does::Fail(StoreError::unavailable("the database is away"));
    let doubt = Does::Fail(StoreError::unknown("timeout"));
    let handler = Scripted::default().on("pears-1", &[away.clone(), doubt, away]);
    let began = tokio::time::Instant::now();
    let report = run_until_empty(&consumer(bus.clone(), &handler), &bus).await;
    assert_eq!((report.acknowledged, report.retried, report.dead_lettered), (6, 3, 0));
    assert!(began.elapsed() >= Duration::from_millis(100 + 200 + 400), "{:?}", began.elapsed());
    assert_eq!(handler.handled()[..3], in_order("plums", 3));
    assert_eq!(handler.handled()[3..], in_order("pears", 3));
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_time_is_given_it() {
    let bus = bus_with(&messages(&["pears"], 1)).await;
    let busy = StoreError::unavailable("busy").with_retry_after(Duration::from_secs(40));
    let handler = Scripted::default().on("pears-1", &[Does::Fail(busy)]);
    let began = tokio::time::Instant::now();
    run_until_empty(&consumer(bus.clone(), &handler), &bus).await;
    assert!(began.elapsed() >= Duration::from_secs(40), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_rejected_is_given_up_and_its_key_goes_on() {
    let bus = bus_with(&messages(&["pears"], 3)).await;
    let refused = Does::Fail(StoreError::rejected("there is no such order"));
    let handler = Scripted::default().on("pears-2", &[refused]);
    let report = run_until_empty(&consumer(bus.clone(), &handler), &bus).await;
    assert_eq!((report.acknowledged, report.retried, report.dead_lettered), (2, 0, 1));
    assert_eq!(handler.handled(), ["pears-1", "pears-3"]);
    let letters = bus.dead_letters(&name());
    assert_eq!(letters[0].content.as_ref().unwrap().id.as_str(), "pears-2");
    assert_eq!(letters[0].reason, "the store rejected it: there is no such order");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_event_is_given_up_unhandled() {
    let bus = bus_with(&messages(&["pears"], 1)).await;
    bus.plant(&super::world::topic(), "{");
    let handler = Scripted::default();
    let report = run_until_empty(&consumer(bus.clone(), &handler), &bus).await;
    assert_eq!((report.acknowledged, report.dead_lettered), (1, 1));
    assert_eq!(handler.handled(), ["pears-1"]);
    assert_eq!(bus.dead_letters(&name())[0].content, Err(b"{".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn by_default_nothing_is_given_up_for_an_outage() {
    let bus = bus_with(&messages(&["pears"], 2)).await;
    let away = vec![Does::Fail(StoreError::unavailable("away")); 500];
    let handler = Scripted::default().on("pears-1", &away);
    let ran = consumer(bus.clone(), &handler);
    let report = run_for(&ran, Duration::from_secs(4 * 3_600)).await;
    assert_eq!((report.acknowledged, report.dead_lettered, report.given_back), (0, 0, 2));
    assert!(report.retried > 200 && bus.dead_letters(&name()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_fails_too_often_is_given_up_where_there_is_a_most() {
    let bus = bus_with(&messages(&["pears"], 2)).await;
    let failures = [Does::Panic, Does::Hang, Does::Fail(StoreError::conflict("changed"))];
    let handler = Scripted::default().on("pears-1", &failures);
    let bounded = config().with_attempts_max(times(3)).with_deadline(SHORT);
    let ran = consumer(bus.clone(), &handler).with_config(bounded);
    let report = run_until_empty(&ran, &bus).await;
    assert_eq!((report.acknowledged, report.retried, report.dead_lettered), (1, 2, 1));
    let reason = &bus.dead_letters(&name())[0].reason;
    assert!(reason.starts_with("after 3 attempts: ") && reason.ends_with("changed"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_dropped_at_its_deadline_and_called_again() {
    let bus = bus_with(&messages(&["pears", "plums"], 2)).await;
    let handler = Scripted::default().on("pears-1", &[Does::Hang, Does::Hang]);
    let one = config().with_concurrency(count(2)).with_deadline(Duration::from_secs(5));
    let report = run_until_empty(&consumer(bus.clone(), &handler).with_config(one), &bus).await;
    assert_eq!((report.acknowledged, report.retried), (4, 2));
    assert_eq!(handler.seen(|seen| seen.at_once), 0, "what hung was dropped");
    assert_eq!(handler.handled()[2..], in_order("pears", 2));
}
