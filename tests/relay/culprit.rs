//! One message that the bus cannot bear, and a bus that is slow: neither keeps others waiting.

use std::num::NonZeroUsize;

use strangler_fig::event::{OutboxStore, RelayConfig};
use strangler_fig::memory::InMemoryOutbox;

use super::support::{Bus, Does, Running, SECOND, Store, config, drain, relay, stage};

const KEYS: usize = 20;

async fn staged(outbox: &InMemoryOutbox, keys: usize) {
    for n in 0..keys {
        stage(outbox, &[(&format!("key-{n}"), &n.to_string())]).await;
    }
}

/// A bus that cannot bear the message with this id.
fn bus(id: usize, does: Does) -> std::sync::Arc<Bus> {
    let id = id.to_string();
    Bus::new(move |message| if message.event.id.as_str() == id { does } else { Does::Take })
}

/// How often a message was taken that was taken before.
fn copies(bus: &Bus) -> usize {
    let ids = bus.ids();
    ids.len() - ids.iter().collect::<std::collections::BTreeSet<_>>().len()
}

#[tokio::test(start_paused = true)]
async fn a_message_that_hangs_or_panics_the_bus_delays_its_key_only() {
    for does in [Does::Hang, Does::Panic] {
        for culprit in [0, 3, 7, KEYS - 1] {
            let (outbox, bus) = (InMemoryOutbox::default(), bus(culprit, does));
            staged(&outbox, KEYS).await;
            stage(&outbox, &[(&format!("key-{culprit}"), "behind")]).await;
            let config = config().with_concurrency(NonZeroUsize::MIN);
            let running = Running::start(relay(&Store::of(&outbox), &bus, 1).with_config(config));
            tokio::time::sleep(180 * SECOND).await;
            let case = format!("{does:?} at {culprit}");
            assert_eq!(outbox.depth().await.unwrap().pending, 2, "{case}");
            assert!(copies(&bus) < 2 * KEYS, "{case}: {} copies", copies(&bus));
            let before = copies(&bus);
            // Known, it is asked for alone: nobody else is held up, or sent twice, ever after.
            for n in 0..100 {
                stage(&outbox, &[(&format!("later-{n}"), &format!("later-{n}"))]).await;
                tokio::time::sleep(30 * SECOND).await;
                assert_eq!(outbox.depth().await.unwrap().pending, 2, "{case}: later-{n}");
            }
            assert_eq!(copies(&bus), before, "{case}");
            let calls = bus.calls.lock().unwrap().len();
            assert!(calls < 500, "{case}: {calls} calls");
            // When it can be taken after all, it is, and before what waited behind it.
            bus.now(|_| Does::Take);
            tokio::time::sleep(60 * SECOND).await;
            let its = bus.first_of(&format!("key-{culprit}"));
            assert_eq!(its, [culprit.to_string(), "behind".to_owned()], "{case}");
            assert_eq!(running.stop().await.parked, 0);
        }
    }
}

/// By default, with pauses that are drawn, and in a day of it.
#[tokio::test(start_paused = true)]
async fn in_a_day_beside_a_culprit_all_others_are_sent_and_little_is_published() {
    for does in [Does::Hang, Does::Panic] {
        let (outbox, bus) = (InMemoryOutbox::default(), bus(7, does));
        staged(&outbox, KEYS).await;
        let config = RelayConfig::default().with_concurrency(NonZeroUsize::MIN);
        let relay = relay(&Store::of(&outbox), &bus, 1).with_config(config);
        let running = Running::start(relay);
        tokio::time::sleep(24 * 3_600 * SECOND).await;
        assert_eq!(outbox.depth().await.unwrap().pending, 1, "{does:?}");
        let published: usize = bus.calls.lock().unwrap().iter().map(Vec::len).sum();
        assert!(published < 8_000, "the culprit, twice in half a minute: {published}");
        running.stop().await;
    }
}

/// Several of them, and others that go on coming.
#[tokio::test(start_paused = true)]
async fn several_culprits_delay_their_keys_only() {
    for does in [Does::Hang, Does::Panic] {
        let outbox = InMemoryOutbox::default();
        let is_bad = |id: &str| id.parse().is_ok_and(|n: usize| n < KEYS && n % 5 == 0);
        let bus = Bus::new(
            move |message| {
                if is_bad(message.event.id.as_str()) { does } else { Does::Take }
            },
        );
        staged(&outbox, KEYS).await;
        let config = config().with_concurrency(NonZeroUsize::MIN);
        let running = Running::start(relay(&Store::of(&outbox), &bus, 1).with_config(config));
        tokio::time::sleep(300 * SECOND).await;
        assert_eq!(outbox.depth().await.unwrap().pending, 4, "{does:?}");
        for n in 0..200 {
            stage(&outbox, &[(&format!("later-{n}"), &format!("later-{n}"))]).await;
            tokio::time::sleep(SECOND).await;
        }
        tokio::time::sleep(60 * SECOND).await;
        assert_eq!(outbox.depth().await.unwrap().pending, 4, "{does:?}");
        assert!(copies(&bus) < 4 * KEYS, "{does:?}: {}", copies(&bus));
        running.stop().await;
    }
}

/// A drain does not give up before it knows whose fault it is.
#[tokio::test(start_paused = true)]
async fn a_drain_sends_what_it_can_beside_a_culprit() {
    for does in [Does::Hang, Does::Panic] {
        let (outbox, bus) = (InMemoryOutbox::default(), bus(7, does));
        staged(&outbox, 200).await;
        let config = config().with_concurrency(NonZeroUsize::MIN);
        let relay = relay(&Store::of(&outbox), &bus, 1).with_config(config);
        let error = relay.drain(std::future::pending()).await.unwrap_err();
        assert_eq!((error.report().sent, outbox.depth().await.unwrap().pending), (199, 1));
        bus.now(|_| Does::Take);
        tokio::time::sleep(30 * SECOND).await; // until it is due
        assert_eq!(drain(&relay).await.sent, 1);
    }
}

/// It takes a second for each message, and has ten for a call: no fault of any message.
#[tokio::test(start_paused = true)]
async fn what_a_slow_bus_has_no_time_for_at_once_is_sent_in_smaller_calls() {
    for groups in [1, 4] {
        let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(|_| Does::TakeSlowly));
        staged(&outbox, 40).await;
        let config = config().with_concurrency(NonZeroUsize::new(groups).unwrap());
        let running = Running::start(relay(&Store::of(&outbox), &bus, 1).with_config(config));
        tokio::time::sleep(180 * SECOND).await;
        assert_eq!(outbox.depth().await.unwrap().pending, 0, "{groups} groups");
        assert!(copies(&bus) <= 40, "{groups} groups: {} copies", copies(&bus));
        // And no more so, though it goes on being slow.
        let before = copies(&bus);
        for n in 40..240 {
            stage(&outbox, &[(&format!("key-{n}"), &n.to_string())]).await;
        }
        tokio::time::sleep(300 * SECOND).await;
        assert_eq!(outbox.depth().await.unwrap().pending, 0, "{groups} groups");
        assert!(copies(&bus) <= before + 10 * groups, "{} copies", copies(&bus));
        running.stop().await;
    }
}

/// Fast again, it is asked for as much at once as before.
#[tokio::test(start_paused = true)]
async fn calls_grow_again_when_all_goes_well() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(|_| Does::Hang));
    staged(&outbox, 100).await;
    let config = config().with_concurrency(NonZeroUsize::MIN);
    let running = Running::start(relay(&Store::of(&outbox), &bus, 1).with_config(config));
    tokio::time::sleep(3_600 * SECOND).await;
    bus.now(|_| Does::Take);
    tokio::time::sleep(60 * SECOND).await;
    for n in 0..1_000 {
        stage(&outbox, &[(&format!("later-{n}"), &format!("later-{n}"))]).await;
    }
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(outbox.depth().await.unwrap().pending, 0);
    let most = bus.calls.lock().unwrap().iter().rev().map(Vec::len).take(20).max();
    assert!(most >= Some(100), "{most:?}");
    running.stop().await;
}
