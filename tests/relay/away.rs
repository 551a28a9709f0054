//! A bus or an outbox that is away.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::error::StoreErrorKind::{Conflict, Rejected, Unavailable, Unknown};
use strangler_fig::event::{OutboxDepth, OutboxStore};
use strangler_fig::memory::InMemoryOutbox;
use strangler_fig::resilience::{Exponential, Jitter};

use super::order::ids;
use super::support::{Bus, Does, Fault, Running, SECOND, Store, config, drain, relay, stage};

#[tokio::test(start_paused = true)]
async fn a_day_without_a_bus_parks_nothing() {
    for kind in [Unavailable, Unknown, Conflict] {
        let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(move |_| Does::Fail(kind)));
        for n in 0..40 {
            stage(&outbox, &[(&format!("key-{}", n % 10), &n.to_string())]).await;
        }
        let config = config().with_poll_interval(30 * SECOND);
        let relay = relay(&Store::of(&outbox), &bus, 1).with_config(config);
        let running = Running::start(relay);
        tokio::time::sleep(24 * 60 * 60 * SECOND).await;
        let depth = outbox.depth().await.unwrap();
        assert_eq!((depth.pending, depth.parked), (40, 0), "{kind:?}");
        let calls = bus.calls.lock().unwrap().len();
        assert!(calls < 13_000, "each of four groups asks twice a minute: {calls}");
        bus.now(|_| Does::Take);
        tokio::time::sleep(120 * SECOND).await;
        assert_eq!(outbox.depth().await.unwrap(), OutboxDepth::default());
        for key in 0..10 {
            let expected: Vec<_> = (0..4).map(|n| (10 * n + key).to_string()).collect();
            assert_eq!(bus.first_of(&format!("key-{key}")), expected);
        }
        let report = running.stop().await;
        assert_eq!((report.sent, report.parked), (40, 0));
    }
}

/// `MassTransit` #5641: a publish that is cancelled was never tried again.
#[tokio::test(start_paused = true)]
async fn a_publish_that_was_cut_off_is_made_again() {
    for first in [Does::Hang, Does::TakeAndHang, Does::TakeUnknown, Does::Panic] {
        let (outbox, tries) = (InMemoryOutbox::default(), AtomicU32::new(0));
        let bus = Bus::new(move |message| match message.event.id.as_str() {
            "1" if tries.fetch_add(1, Ordering::Relaxed) == 0 => first,
            _ => Does::Take,
        });
        stage(&outbox, &[("a", "1"), ("a", "2")]).await;
        let running = Running::start(relay(&Store::of(&outbox), &bus, 1));
        tokio::time::sleep(15 * SECOND).await;
        assert_eq!(bus.first_of("a"), ids("1 2"), "{first:?}");
        let report = running.stop().await;
        assert_eq!((report.sent, report.pauses, report.parked), (2, 1, 0), "{first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn behind_what_is_not_known_its_key_waits() {
    let outbox = InMemoryOutbox::default();
    let bus = Bus::new(|message| match message.event.id.as_str() {
        "1" => Does::Fail(Unknown),
        _ => Does::Take,
    });
    stage(&outbox, &[("a", "1"), ("a", "2"), ("b", "3")]).await;
    let running = Running::start(relay(&Store::of(&outbox), &bus, 1));
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(bus.ids(), ids("3"), "what was taken beside it is written down, and not sent again");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_number_of_answers_settles_nothing() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    bus.swallows.store(1, Ordering::Relaxed);
    stage(&outbox, &[("a", "1"), ("b", "2")]).await;
    let running = Running::start(relay(&Store::of(&outbox), &bus, 1));
    tokio::time::sleep(SECOND).await;
    assert_eq!(outbox.depth().await.unwrap().pending, 2);
    bus.swallows.store(0, Ordering::Relaxed);
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(outbox.depth().await.unwrap().pending, 0);
    assert_eq!(running.stop().await.sent, 2);
}

/// What was sent is not published again while the outbox does not take its end.
#[tokio::test(start_paused = true)]
async fn what_was_sent_is_not_fetched_before_it_is_written_down() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    stage(&outbox, &[("a", "1")]).await;
    let store = Store::of(&outbox);
    let faults = [Unavailable, Unknown, Rejected].map(Fault::Before);
    store.next("settle", &[&faults[..], &[Fault::After]].concat());
    let running = Running::start(relay(&store, &bus, 1));
    tokio::time::sleep(20 * SECOND).await;
    assert_eq!((bus.ids(), store.count("settle")), (ids("1"), 5));
    let report = running.stop().await;
    assert_eq!((report.sent, report.store_errors, report.lanes_lost), (1, 4, 0));
}

/// The bus has taken it, and the relay dies: published again, and nothing is lost.
#[tokio::test(start_paused = true)]
async fn what_was_taken_and_not_written_down_is_published_again() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    stage(&outbox, &[("a", "1"), ("a", "2")]).await;
    let store = Store::of(&outbox);
    store.next("settle", &[Fault::Before(Unavailable); 1_000]);
    let running = Running::start(relay(&store, &bus, 1));
    tokio::time::sleep(25 * SECOND).await;
    running.kill();
    store.next("settle", &[]);
    tokio::time::sleep(31 * SECOND).await;
    drain(&relay(&store, &bus, 2)).await;
    assert_eq!(bus.ids(), ids("1 2 1 2"));
    assert_eq!(outbox.depth().await.unwrap().pending, 0);
}

#[tokio::test(start_paused = true)]
async fn an_outbox_that_was_away_is_asked_again() {
    for call in ["claim", "fetch"] {
        let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
        stage(&outbox, &[("a", "1")]).await;
        let store = Store::of(&outbox);
        let hang = Fault::Stand(600 * SECOND);
        store.next(call, &[Fault::Before(Unavailable), Fault::Before(Unknown), hang]);
        let running = Running::start(relay(&store, &bus, 1));
        tokio::time::sleep(10 * SECOND).await;
        assert_eq!(bus.ids(), ids("1"), "{call}");
        assert_eq!(running.stop().await.store_errors, 3, "{call}");
    }
}

/// That rows can be fetched says nothing of claims.
#[tokio::test(start_paused = true)]
async fn claims_that_fail_are_made_ever_more_rarely_though_fetches_go_well() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let store = Store::of(&outbox);
    let looking = config().with_poll_interval(SECOND);
    let running = Running::start(relay(&store, &bus, 1).with_config(looking));
    tokio::time::sleep(SECOND).await;
    store.next("claim", &[Fault::Before(Unavailable); 1_000]);
    store.calls.lock().unwrap().clear();
    tokio::time::sleep(24 * SECOND).await;
    // From the tenth second on, after pauses of 100 ms, 200 ms and so on.
    let claims = store.count("claim");
    assert!((4..=9).contains(&claims), "{claims} claims in 15 seconds");
    assert!(store.count("fetch") > 15, "they go well");
    // Back in time, it keeps what it holds.
    store.next("claim", &[]);
    tokio::time::sleep(10 * SECOND).await;
    stage(&outbox, &[("a", "1")]).await;
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(bus.ids(), ids("1"));
    assert_eq!(running.stop().await.lanes_lost, 0);
}

/// No setting is so long that a moment after it could not be told.
#[tokio::test(start_paused = true)]
async fn settings_of_any_length_are_no_panic() {
    let longest = Exponential::between(Duration::MAX, Duration::MAX).with_jitter(Jitter::None);
    let config = config()
        .with_term(Duration::MAX)
        .with_poll_interval(Duration::MAX)
        .with_publish_deadline(Duration::MAX)
        .with_store_deadline(Duration::MAX)
        .with_care_interval(Duration::MAX)
        .with_retention(Duration::MAX)
        .with_backoff(longest.clone())
        .with_outage_backoff(longest);
    let outbox = InMemoryOutbox::default();
    let bus = Bus::new(|message| match message.event.id.as_str() {
        "refused" => Does::Fail(Rejected),
        "away" => Does::Fail(Unavailable),
        _ => Does::Take,
    });
    let running = Running::start(relay(&Store::of(&outbox), &bus, 1).with_config(config));
    stage(&outbox, &[("a", "1"), ("b", "refused"), ("c", "away"), ("d", "away")]).await;
    tokio::time::sleep(3_600 * SECOND).await;
    let report = running.stop().await;
    assert_eq!((report.sent, outbox.depth().await.unwrap().pending), (1, 3));
    assert!(report.put_off >= 1, "{report:?}");
}
