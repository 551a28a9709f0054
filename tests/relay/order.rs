//! What is staged is sent, in the order of its key.

use std::collections::BTreeSet;
use std::time::Duration;

use strangler_fig::event::{Outbox, OutboxStore, RelayReport};
use strangler_fig::memory::InMemoryOutbox;

use super::support::{
    Bus, Does, Running, SECOND, Store, config, drain, limit, message, relay, stage,
};

#[tokio::test(start_paused = true)]
async fn what_is_staged_is_sent_in_the_order_of_its_key() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let ids: Vec<_> = (0..200).map(|n| n.to_string()).collect();
    for (n, id) in ids.iter().enumerate() {
        stage(&outbox, &[(["a", "b", "c", "d", "e", "f", "g"][n % 7], id)]).await;
    }
    let store = Store::of(&outbox);
    let report = drain(&relay(&store, &bus, 1)).await;
    let mut expected = RelayReport::default();
    expected.sent = 200;
    assert_eq!(report, expected);
    for (n, key) in ["a", "b", "c", "d", "e", "f", "g"].into_iter().enumerate() {
        let expected: Vec<_> = ids.iter().skip(n).step_by(7).cloned().collect();
        assert_eq!(bus.first_of(key), expected);
    }
    assert_eq!(bus.ids().len(), 200, "none twice");
}

#[tokio::test(start_paused = true)]
async fn no_call_of_the_bus_has_a_key_twice() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    stage(&outbox, &[("a", "1"), ("b", "2"), ("a", "3"), ("a", "4"), ("b", "5")]).await;
    drain(&relay(&Store::of(&outbox), &bus, 1)).await;
    let calls = bus.calls.lock().unwrap();
    for call in calls.iter() {
        let keys: BTreeSet<_> =
            call.iter().map(|id| if ["2", "5"].contains(&&**id) { "b" } else { "a" }).collect();
        assert_eq!(keys.len(), call.len(), "{call:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_commits_late_is_sent() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let mut slow = outbox.begin();
    outbox.stage(&mut slow, &[message("slow", "1")]).await.unwrap();
    let running = Running::start(relay(&Store::of(&outbox), &bus, 1));
    for n in 2..50 {
        stage(&outbox, &[("quick", &n.to_string())]).await;
        tokio::time::sleep(75 * SECOND).await;
    }
    assert_eq!(bus.ids().len(), 48, "an hour has passed");
    slow.commit().unwrap();
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(bus.first_of("slow"), ["1"]);
    assert_eq!(running.stop().await.sent, 49);
}

/// `MassTransit` #4990: what is written after the delivery has begun was deleted with it, unsent.
#[tokio::test(start_paused = true)]
async fn what_is_staged_while_it_delivers_is_sent() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(|_| Does::TakeSlowly));
    stage(&outbox, &[("a", "1"), ("b", "2")]).await;
    let running = Running::start(relay(&Store::of(&outbox), &bus, 1));
    tokio::time::sleep(SECOND / 2).await;
    // It has been fetched, and is not settled.
    stage(&outbox, &[("a", "3"), ("b", "4"), ("c", "5")]).await;
    tokio::time::sleep(20 * SECOND).await;
    assert_eq!((bus.first_of("a"), bus.first_of("b")), (ids("1 3"), ids("2 4")));
    assert_eq!(bus.first_of("c"), ["5"]);
    assert_eq!(running.stop().await.sent, 5);
}

pub(crate) fn ids(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn no_more_is_in_hand_than_a_batch_for_each_group() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    for n in 0..200 {
        let key = format!("key-{n}");
        let messages: Vec<_> = (0..50).map(|id| message(&key, &id.to_string())).collect();
        let mut transaction = outbox.begin();
        outbox.stage(&mut transaction, &messages).await.unwrap();
        transaction.commit().unwrap();
    }
    let store = Store::of(&outbox);
    let config = config().with_batch(limit(100, 1 << 20));
    let report = drain(&relay(&store, &bus, 1).with_config(config)).await;
    assert_eq!(report.sent, 10_000);
    let most = *store.in_hand_max.lock().unwrap();
    assert!(most <= 400, "four groups of 100: {most}");
}

#[tokio::test(start_paused = true)]
async fn bytes_bound_a_batch() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let mut large: Vec<_> = (0..30).map(|n| message("a", &n.to_string())).collect();
    for message in &mut large {
        let bytes = vec![b'x'; 1_000];
        message.event.payload =
            strangler_fig::event::EventPayload::bytes("text/plain", bytes).unwrap();
    }
    let mut transaction = outbox.begin();
    outbox.stage(&mut transaction, &large).await.unwrap();
    transaction.commit().unwrap();
    let store = Store::of(&outbox);
    let config = config().with_batch(limit(100, 5_000));
    let report = drain(&relay(&store, &bus, 1).with_config(config)).await;
    assert_eq!((report.sent, *store.in_hand_max.lock().unwrap()), (30, 5));
}

/// What is in hand at a shutdown is finished and written down.
#[tokio::test(start_paused = true)]
async fn a_shutdown_finishes_what_is_in_hand() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(|_| Does::TakeSlowly));
    stage(&outbox, &[("a", "1"), ("a", "2"), ("a", "3")]).await;
    let store = Store::of(&outbox);
    let running = Running::start(relay(&store, &bus, 1));
    tokio::time::sleep(SECOND / 2).await;
    let report = running.stop().await;
    assert_eq!((report.sent, report.lanes_lost), (1, 0), "what the bus was asked for");
    // Another one has the lanes at once, and sends the rest.
    let report = drain(&relay(&store, &bus, 2)).await;
    assert_eq!((report.sent, bus.ids()), (2, ids("1 2 3")));
}

/// Wherever it is dropped, what was not written down is published again, and first copies are in order.
#[tokio::test(start_paused = true)]
async fn dropped_anywhere_it_loses_nothing() {
    let mut copies = BTreeSet::new();
    for polls in 0..40_u32 {
        let outbox = InMemoryOutbox::default();
        let slow = |message: &strangler_fig::event::Message| match message.event.id.as_str() {
            "2" | "5" => Does::TakeSlowly,
            _ => Does::Take,
        };
        let bus = Bus::new(slow);
        stage(&outbox, &[("a", "1"), ("a", "2"), ("b", "4"), ("b", "5"), ("a", "3")]).await;
        let store = Store::of(&outbox);
        let first = relay(&store, &bus, 1);
        let mut run = Box::pin(first.run(std::future::pending()));
        for _ in 0..polls {
            assert!(futures::poll!(run.as_mut()).is_pending());
            tokio::time::sleep(Duration::from_millis(70)).await;
        }
        drop(run);
        tokio::time::sleep(31 * SECOND).await;
        drain(&relay(&store, &bus, 2)).await;
        let found = [bus.first_of("a"), bus.first_of("b")];
        assert_eq!(found, [ids("1 2 3"), ids("4 5")], "dropped after {polls} polls");
        assert_eq!(outbox.depth().await.unwrap().pending, 0, "dropped after {polls} polls");
        copies.insert(bus.ids().len() - 5);
    }
    assert!(copies.contains(&0), "it was dropped before it had sent anything, and after all");
    assert!(copies.len() > 1, "it was dropped between a message and its end: {copies:?}");
}

/// Nothing of a transaction is there whose effect has panicked.
#[tokio::test]
async fn an_effect_that_panics_leaves_nothing_staged() {
    let outbox = InMemoryOutbox::default();
    let mut transaction = outbox.begin();
    outbox.stage(&mut transaction, &[message("a", "1")]).await.unwrap();
    transaction.on_commit(|| panic!("as it was told"));
    let committing = std::panic::AssertUnwindSafe(|| transaction.commit());
    assert!(std::panic::catch_unwind(committing).is_err());
    assert_eq!(outbox.depth().await.unwrap().pending, 0);
    // Its key is free, and the outbox goes on.
    stage(&outbox, &[("a", "2")]).await;
    assert_eq!(outbox.depth().await.unwrap().pending, 1);
}
