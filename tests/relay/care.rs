//! What a relay tells, and what it removes.

use std::sync::Arc;

use strangler_fig::error::StoreErrorKind::{Rejected, Unavailable};
use strangler_fig::event::OutboxStore;
use strangler_fig::memory::InMemoryOutbox;
use strangler_fig::observe::Event;

use super::support::{Bus, Does, Fault, Heard, Running, SECOND, Store, config, relay, stage};

/// `MassTransit` #6145: rows were purged before they were dispatched.
#[tokio::test(start_paused = true)]
async fn nothing_is_purged_that_was_not_sent() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(|_| Does::Fail(Unavailable)));
    let store = Store::of(&outbox);
    let config = config().with_care_interval(SECOND);
    let running = Running::start(relay(&store, &bus, 1).with_config(config));
    for n in 0..20 {
        stage(&outbox, &[(&format!("key-{n}"), &n.to_string())]).await;
        tokio::time::sleep(600 * SECOND).await;
    }
    assert!(store.count("purge") > 1_000);
    assert_eq!(outbox.depth().await.unwrap().pending, 20);
    bus.now(|_| Does::Take);
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(bus.ids().len(), 20);
    assert_eq!(running.stop().await.purged, 20, "and then it is");
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_kept_as_long_as_it_was_said() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let store = Store::of(&outbox);
    let config = config().with_retention(600 * SECOND);
    let running = Running::start(relay(&store, &bus, 1).with_config(config));
    stage(&outbox, &[("a", "1")]).await;
    tokio::time::sleep(500 * SECOND).await;
    stage(&outbox, &[("a", "2")]).await;
    tokio::time::sleep(200 * SECOND).await;
    let all = std::num::NonZeroUsize::MAX;
    assert_eq!(outbox.purge(std::time::Duration::ZERO, all).await.unwrap(), 1, "the first is gone");
    assert_eq!(running.stop().await.purged, 1);
}

/// However much is sent: a purge goes on until nothing is left, for half of the time.
#[tokio::test(start_paused = true)]
async fn a_purge_goes_on_until_nothing_is_left() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let store = Store::of(&outbox);
    *store.old.lock().unwrap() = 1_000_000;
    let running = Running::start(relay(&store, &bus, 1));
    tokio::time::sleep(70 * SECOND).await;
    let left = *store.old.lock().unwrap();
    assert!((450_000..600_000).contains(&left), "ten seconds, half of them: {left}");
    stage(&outbox, &[("a", "1")]).await;
    tokio::time::sleep(SECOND / 10).await;
    assert_eq!(bus.ids().len(), 1, "nothing waits for it");
    tokio::time::sleep(20 * SECOND).await;
    assert_eq!(*store.old.lock().unwrap(), 0);
    assert_eq!(running.stop().await.purged, 1_000_001);
}

#[tokio::test(start_paused = true)]
async fn a_purge_that_fails_delays_nothing() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let store = Store::of(&outbox);
    store.next("purge", &[Fault::Stand(4 * SECOND), Fault::Before(Unavailable)]);
    store.next("depth", &[Fault::Before(Unavailable)]);
    let config = config().with_care_interval(5 * SECOND);
    let running = Running::start(relay(&store, &bus, 1).with_config(config));
    tokio::time::sleep(6 * SECOND).await;
    stage(&outbox, &[("a", "1")]).await;
    tokio::time::sleep(SECOND / 10).await;
    assert_eq!(bus.ids().len(), 1);
    tokio::time::sleep(20 * SECOND).await;
    assert_eq!(running.stop().await.store_errors, 2);
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_told() {
    let (outbox, heard) = (InMemoryOutbox::default(), Arc::new(Heard::default()));
    let bus = Bus::new(|message| match message.event.id.as_str() {
        "bad" => Does::Fail(Rejected),
        "late" => Does::Fail(Unavailable),
        _ => Does::Take,
    });
    let config = config().with_observer(heard.clone());
    let running = Running::start(relay(&Store::of(&outbox), &bus, 1).with_config(config));
    stage(&outbox, &[("a", "bad"), ("b", "2"), ("c", "late")]).await;
    tokio::time::sleep(120 * SECOND).await;
    running.stop().await;
    let heard = heard.0.lock().unwrap();
    let has = |wanted: &dyn Fn(&Event) -> bool| heard.iter().any(wanted);
    assert!(has(&|event| matches!(event, Event::LanesHeld { held: 16, of: 16 })));
    assert!(has(&|event| matches!(event, Event::MessagesRelayed { count: 1, .. })));
    assert!(has(&|event| matches!(event, Event::RelayFailed { reason: "rejected" })));
    assert!(has(&|event| matches!(event, Event::RelayFailed { reason: "unavailable" })));
    assert!(has(&|event| matches!(event, Event::MessageParked { reason: "rejected" })));
    let depth = |event: &Event| matches!(event, Event::OutboxDepth { pending: 1, parked: 1, .. });
    assert!(has(&depth), "{heard:?}");
}
