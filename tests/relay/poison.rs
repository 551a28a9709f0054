//! What the bus refuses, and what cannot be read.

use std::num::NonZeroUsize;

use strangler_fig::error::StoreErrorKind::{Rejected, Unavailable, Unknown};
use strangler_fig::event::{Message, MessageIsLost, OutboxStore};
use strangler_fig::memory::InMemoryOutbox;

use super::order::ids;
use super::support::{Bus, Does, Fault, Running, SECOND, Store, ada, drain, relay, stage, why};

fn refuses_bad(message: &Message) -> Does {
    if message.event.id.as_str() == "bad" { Does::Fail(Rejected) } else { Does::Take }
}

#[tokio::test(start_paused = true)]
async fn a_poison_message_delays_its_key_only() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(refuses_bad));
    stage(&outbox, &[("a", "1"), ("a", "bad"), ("a", "3")]).await;
    for n in 0..60 {
        stage(&outbox, &[(&format!("key-{n}"), "good")]).await;
    }
    let store = Store::of(&outbox);
    let running = Running::start(relay(&store, &bus, 1));
    tokio::time::sleep(SECOND / 2).await;
    assert_eq!(bus.ids().len(), 61, "all the others, of its lane too");
    assert_eq!(bus.first_of("a"), ["1"]);
    // Three refusals, a second and then two between them.
    tokio::time::sleep(60 * SECOND).await;
    let parked = outbox.parked(None, NonZeroUsize::MAX).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].reason.as_str(), parked[0].behind), ("rejected: as it was told", 1));
    let asked =
        bus.calls.lock().unwrap().iter().filter(|call| call.contains(&"bad".to_owned())).count();
    assert_eq!(asked, 3);
    assert_eq!(bus.first_of("a"), ["1"], "its key waits");
    let report = running.stop().await;
    assert_eq!((report.sent, report.put_off, report.parked, report.pauses), (61, 2, 1, 0));
}

/// Nothing but a refusal counts as one.
#[tokio::test(start_paused = true)]
async fn an_outage_brings_no_message_nearer_to_being_parked() {
    for is_alone in [true, false] {
        let outbox = InMemoryOutbox::default();
        let bus = Bus::new(|message| match message.event.id.as_str() {
            "bad" => Does::Fail(Unavailable),
            _ => Does::Take,
        });
        stage(&outbox, &[("a", "bad")]).await;
        let running = Running::start(relay(&Store::of(&outbox), &bus, 1));
        for n in 0..60 {
            if !is_alone {
                stage(&outbox, &[("b", &n.to_string())]).await;
            }
            tokio::time::sleep(60 * SECOND).await;
        }
        let asked = |bus: &Bus| {
            let calls = bus.calls.lock().unwrap();
            calls.iter().filter(|call| call.contains(&"bad".to_owned())).count()
        };
        let before = asked(&bus);
        assert!(before > 20, "it was put off {before} times");
        bus.now(refuses_bad);
        tokio::time::sleep(600 * SECOND).await;
        assert_eq!(asked(&bus) - before, 3, "it was parked by the third refusal");
        let parked = outbox.parked(None, NonZeroUsize::MAX).await.unwrap();
        assert_eq!(parked[0].reason, "rejected: as it was told");
        running.stop().await;
    }
}

/// What an operator asks for has the deadline of the outbox.
#[tokio::test(start_paused = true)]
async fn no_operator_waits_for_an_outbox_that_does_not_answer() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let store = Store::of(&outbox);
    for call in ["parked", "retry", "discard"] {
        store.next(call, &[Fault::Stand(600 * SECOND)]);
    }
    let relay = relay(&store, &bus, 1);
    let position = strangler_fig::event::OutboxPosition(1);
    let began = tokio::time::Instant::now();
    let confirmation = MessageIsLost::of(position);
    let errors = [
        relay.parked(None, NonZeroUsize::MAX).await.unwrap_err(),
        relay.retry(position, &ada(), &why("the topic was made")).await.unwrap_err(),
        relay.discard(confirmation, &ada(), &why("nobody wants it")).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.kind() == Unknown), "{errors:?}");
    assert!(began.elapsed() < 16 * SECOND, "5 s for each: {:?}", began.elapsed());
}

/// One that is not refused, and not taken either: a queue that is full, while others are not.
#[tokio::test(start_paused = true)]
async fn what_is_not_known_of_one_message_delays_its_key_only() {
    for kind in [Unavailable, Unknown] {
        let outbox = InMemoryOutbox::default();
        let bus = Bus::new(move |message| match message.event.id.as_str() {
            "bad" => Does::Fail(kind),
            _ => Does::Take,
        });
        let one = NonZeroUsize::MIN;
        let config = super::support::config().with_concurrency(one);
        let config = config.with_poll_interval(30 * SECOND);
        stage(&outbox, &[("a", "bad"), ("a", "2"), ("b", "3"), ("b", "4"), ("b", "5")]).await;
        let running = Running::start(relay(&Store::of(&outbox), &bus, 1).with_config(config));
        for n in 0..60 {
            stage(&outbox, &[(&format!("key-{n}"), "good"), ("b", &format!("b-{n}"))]).await;
            tokio::time::sleep(SECOND).await;
            assert_eq!(bus.ids().len(), 3 + 2 * (n + 1));
        }
        tokio::time::sleep(24 * 60 * 60 * SECOND).await;
        let depth = outbox.depth().await.unwrap();
        assert_eq!((depth.pending, depth.parked), (2, 0), "{kind:?}");
        bus.now(|_| Does::Take);
        tokio::time::sleep(120 * SECOND).await;
        assert_eq!(bus.first_of("a"), ids("bad 2"));
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_parked_message_that_is_tried_again_is_sent_before_what_waits_behind() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(refuses_bad));
    stage(&outbox, &[("a", "bad"), ("a", "2")]).await;
    let relay = relay(&Store::of(&outbox), &bus, 1);
    let running = Running::start(relay.clone());
    tokio::time::sleep(60 * SECOND).await;
    let parked = relay.parked(None, NonZeroUsize::MAX).await.unwrap();
    bus.now(|_| Does::Take);
    let position = parked[0].position;
    assert!(relay.retry(position, &ada(), &why("the topic was made")).await.unwrap());
    assert!(!relay.retry(position, &ada(), &why("the topic was made")).await.unwrap());
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(bus.ids(), ids("bad 2"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_parked_message_that_is_discarded_lets_its_key_go_on() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(refuses_bad));
    stage(&outbox, &[("a", "bad"), ("a", "2")]).await;
    let relay = relay(&Store::of(&outbox), &bus, 1);
    let running = Running::start(relay.clone());
    tokio::time::sleep(60 * SECOND).await;
    let position = relay.parked(None, NonZeroUsize::MAX).await.unwrap()[0].position;
    let confirmation = MessageIsLost::of(position);
    assert!(relay.discard(confirmation.clone(), &ada(), &why("nobody wants it")).await.unwrap());
    assert!(!relay.discard(confirmation, &ada(), &why("nobody wants it")).await.unwrap());
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(bus.ids(), ids("2"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_parked_at_once_and_delays_its_key_only() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    stage(&outbox, &[("a", "1"), ("a", "2"), ("a", "3"), ("b", "4")]).await;
    // Positions are drawn one after the other.
    assert!(outbox.spoil(strangler_fig::event::OutboxPosition(2)));
    let report = drain(&relay(&Store::of(&outbox), &bus, 1)).await;
    assert_eq!((report.sent, report.parked, report.put_off), (2, 1, 0));
    assert_eq!((bus.first_of("a"), bus.first_of("b")), (ids("1"), ids("4")));
    let parked = outbox.parked(None, NonZeroUsize::MAX).await.unwrap();
    assert!(parked[0].reason.starts_with("unreadable: "), "{}", parked[0].reason);
}
