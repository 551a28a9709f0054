//! What a drain promises: with `Ok` nothing is left that it could have sent.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::error::StoreErrorKind::{Rejected, Unavailable, Unknown};
use strangler_fig::event::{OutboxRelay, OutboxStore, RelayConfig, RelayError, RelayReport};
use strangler_fig::memory::InMemoryOutbox;
use strangler_fig::resilience::Exponential;
use tokio::time::timeout;

use super::order::ids;
use super::support::{Bus, Does, Fault, SECOND, Store, config, drain, relay, stage};

/// As pauses are by default, drawn between nothing and their length; the same in every run.
fn jittered(seed: u64) -> RelayConfig {
    let pause = Exponential::between(Duration::from_millis(100), 30 * SECOND);
    config().with_outage_backoff(pause.with_seed(seed))
}

/// It ends, one way or the other.
async fn drained(relay: &OutboxRelay) -> Result<RelayReport, RelayError> {
    let drained = timeout(24 * 3_600 * SECOND, relay.drain(std::future::pending())).await;
    drained.expect("a day is enough")
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_when_the_bus_stays_away() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(|_| Does::Fail(Unavailable)));
    stage(&outbox, &[("a", "1")]).await;
    let error = drained(&relay(&Store::of(&outbox), &bus, 1)).await.unwrap_err();
    assert!(matches!(error, RelayError::Bus { failures: 5, .. }), "{error:?}");
    assert!(error.is_retryable());
    assert_eq!(error.report().pauses, 5);
    assert!(outbox.parked(None, NonZeroUsize::MAX).await.unwrap().is_empty());
}

/// A message that was put off longer than its lanes rest is not there when they are looked at again.
#[tokio::test(start_paused = true)]
async fn over_a_dead_bus_it_is_never_done() {
    for seed in 0..100 {
        for kind in [Unavailable, Unknown] {
            let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(move |_| Does::Fail(kind)));
            stage(&outbox, &[("a", "1"), ("a", "2"), ("b", "3")]).await;
            let relay = relay(&Store::of(&outbox), &bus, 1).with_config(jittered(seed));
            let error = drained(&relay).await.expect_err("nothing was taken");
            assert!(matches!(error, RelayError::Bus { .. }), "seed {seed}: {error:?}");
            assert_eq!(outbox.depth().await.unwrap().pending, 3);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_outage_has_put_off_is_waited_for() {
    for seed in 0..100 {
        let (outbox, calls) = (InMemoryOutbox::default(), AtomicU32::new(0));
        let bus = Bus::new(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
            0..4 => Does::Fail(Unavailable),
            _ => Does::Take,
        });
        stage(&outbox, &[("a", "1"), ("a", "2")]).await;
        let relay = relay(&Store::of(&outbox), &bus, 1).with_config(jittered(seed));
        assert_eq!(drained(&relay).await.unwrap().sent, 2, "seed {seed}");
        assert_eq!((bus.ids(), outbox.depth().await.unwrap().pending), (ids("1 2"), 0));
    }
}

/// Others are taken meanwhile: the bus is not away, and yet this is not sent.
#[tokio::test(start_paused = true)]
async fn one_message_that_is_in_doubt_is_waited_for_too() {
    for (doubts, is_sent) in [(3, true), (u32::MAX, false)] {
        for seed in 0..20 {
            let (outbox, tries) = (InMemoryOutbox::default(), AtomicU32::new(0));
            let bus = Bus::new(move |message| match message.event.id.as_str() {
                "bad" if tries.fetch_add(1, Ordering::Relaxed) < doubts => Does::Fail(Unknown),
                _ => Does::Take,
            });
            let pairs = [("a", "bad"), ("a", "2"), ("b", "3"), ("c", "4"), ("d", "5")];
            stage(&outbox, &pairs).await;
            let relay = relay(&Store::of(&outbox), &bus, 1).with_config(jittered(seed));
            let drained = drained(&relay).await;
            let pending = outbox.depth().await.unwrap().pending;
            if is_sent {
                assert_eq!((drained.unwrap().sent, pending), (5, 0), "seed {seed}");
            } else {
                assert!(matches!(drained, Err(RelayError::Bus { .. })), "{seed}: {drained:?}");
                assert_eq!(pending, 2, "its key waits, and the others were sent");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_left_and_said() {
    let outbox = InMemoryOutbox::default();
    let bus = Bus::new(|message| match message.event.id.as_str() {
        "1" => Does::Fail(Rejected),
        _ => Does::Take,
    });
    stage(&outbox, &[("a", "1"), ("a", "2"), ("b", "3")]).await;
    let report = drain(&relay(&Store::of(&outbox), &bus, 1)).await;
    assert_eq!((report.sent, report.put_off), (1, 1));
    assert_eq!(outbox.depth().await.unwrap().pending, 2);
}

/// One that has just died: its lanes are not anybody's yet, and a drain says so.
#[tokio::test(start_paused = true)]
async fn it_says_how_many_lanes_it_did_not_hold() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(|_| Does::Hang));
    stage(&outbox, &[("a", "1")]).await;
    let dying = relay(&Store::of(&outbox), &bus, 1);
    let ended = timeout(SECOND, dying.drain(std::future::pending())).await;
    assert!(ended.is_err(), "it was at it");
    bus.now(|_| Does::Take);
    let next = relay(&Store::of(&outbox), &bus, 2);
    let report = drain(&next).await;
    assert_eq!((report.sent, report.lanes_not_held), (0, 16));
    tokio::time::sleep(30 * SECOND).await;
    let report = drain(&next).await;
    assert_eq!((report.sent, report.lanes_not_held), (1, 0));
}

/// Also when claims go well meanwhile, which says nothing of fetches.
#[tokio::test(start_paused = true)]
async fn it_gives_up_when_nothing_can_be_fetched() {
    for term in [SECOND, 30 * SECOND] {
        let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
        stage(&outbox, &[("a", "1")]).await;
        let store = Store::of(&outbox);
        store.next("fetch", &[Fault::Before(Unavailable); 1_000]);
        let relay = relay(&store, &bus, 1).with_config(config().with_term(term));
        let error = drained(&relay).await.unwrap_err();
        assert!(matches!(error, RelayError::Outbox { failures: 5, .. }), "{error:?}");
        assert_eq!(error.report().store_errors, 5);
    }
}

/// The bus has taken it, and the outbox will not hear of it: that is the outbox's failure, and has an end.
#[tokio::test(start_paused = true)]
async fn it_gives_up_when_what_was_sent_cannot_be_written_down() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    stage(&outbox, &[("a", "1")]).await;
    let store = Store::of(&outbox);
    store.next("settle", &[Fault::Before(Unavailable); 1_000]);
    let error = drained(&relay(&store, &bus, 1)).await.unwrap_err();
    assert!(matches!(error, RelayError::Outbox { failures: 5, .. }), "{error:?}");
    assert_eq!((bus.ids(), store.count("settle")), (ids("1"), 5));
    assert_eq!((error.report().sent, error.report().store_errors), (0, 5));
}

/// Nor does it go on without, when its lanes are another's before it has tried so often.
#[tokio::test(start_paused = true)]
async fn it_gives_up_too_when_its_term_is_over_before() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    stage(&outbox, &[("a", "1")]).await;
    let store = Store::of(&outbox);
    store.next("settle", &[Fault::Before(Unavailable); 1_000]);
    // The first claim goes well, and no other does.
    let first = [Fault::Stand(Duration::ZERO)];
    store.next("claim", &[&first[..], &[Fault::Before(Unavailable); 1_000]].concat());
    let config = config().with_term(SECOND / 10);
    let error = drained(&relay(&store, &bus, 1).with_config(config)).await.unwrap_err();
    let RelayError::Outbox { failures, .. } = error else { panic!("{error:?}") };
    assert!((1..5).contains(&failures), "{failures}");
    assert_eq!((bus.ids(), outbox.depth().await.unwrap().pending), (ids("1"), 1));
}
