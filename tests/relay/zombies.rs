//! Relays that stand still beyond their terms, and go on.

use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use strangler_fig::event::OutboxStore;
use strangler_fig::memory::InMemoryOutbox;

use super::order::ids;
use super::support::{
    Bus, Does, Fault, Running, SECOND, Store, config, drain, limit, relay, stage,
};

/// It stood still between its fetch and its first publish.
#[tokio::test(start_paused = true)]
async fn a_zombie_publishes_nothing_after_its_term() {
    let (outbox, buses) = (InMemoryOutbox::default(), [Bus::taking(), Bus::taking()]);
    stage(&outbox, &[("a", "1"), ("a", "2")]).await;
    let stores = [Store::of(&outbox), Store::of(&outbox)];
    let still = Fault::Stand(40 * SECOND);
    stores[0].next("fetch", &[still]);
    // It waits for as long as it takes.
    let config = config().with_store_deadline(100 * SECOND);
    let zombie = Running::start(relay(&stores[0], &buses[0], 1).with_config(config));
    tokio::time::sleep(35 * SECOND).await;
    drain(&relay(&stores[1], &buses[1], 2)).await;
    assert_eq!(buses[1].ids(), ids("1 2"));
    tokio::time::sleep(60 * SECOND).await;
    assert!(buses[0].ids().is_empty(), "{:?}", buses[0].ids());
    zombie.stop().await;
}

/// It stood still in the middle of a batch: nothing of it is written down by it, and nothing more is sent.
#[tokio::test(start_paused = true)]
async fn a_zombie_settles_nothing_that_is_another_s() {
    let outbox = InMemoryOutbox::default();
    stage(&outbox, &[("a", "1"), ("a", "2")]).await;
    let store = Store::of(&outbox);
    let bus = Bus::new(|message| match message.event.id.as_str() {
        "1" => Does::TakeAndHang,
        _ => Does::Take,
    });
    let config = config().with_publish_deadline(9 * SECOND).with_concurrency(NonZeroUsize::MIN);
    let zombie = Running::start(relay(&store, &bus, 1).with_config(config));
    tokio::time::sleep(SECOND).await;
    // Its terms end behind its back, and another one has the lanes.
    let [own, other] = [1, 2].map(super::support::node);
    outbox.claim(&own, NonZeroU16::MIN, Duration::ZERO).await.unwrap();
    let claims = outbox.claim(&other, NonZeroU16::MAX, 600 * SECOND).await.unwrap();
    assert_eq!((claims.held.len(), store.count("settle")), (16, 0));
    tokio::time::sleep(60 * SECOND).await;
    // It would have put the first one off.
    assert!(store.count("settle") > 0, "it has tried");
    let rows = outbox.fetch(&claims.held, limit(10, 1 << 20)).await.unwrap();
    let found: Vec<_> = rows.iter().map(|row| (row.position.0, row.attempts)).collect();
    assert_eq!(found, [(1, 0), (2, 0)], "none is settled, nor put off");
    assert_eq!(bus.ids(), ids("1"));
    let report = zombie.stop().await;
    assert_eq!((report.sent, report.put_off, report.lanes_lost), (0, 0, 1));
}

/// What was sent, and is another relay's by now, is not marked: a conflict, and the lane is let go.
#[tokio::test(start_paused = true)]
async fn a_lane_that_is_lost_is_let_go() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(|_| Does::TakeSlowly));
    stage(&outbox, &[("a", "1")]).await;
    let store = Store::of(&outbox);
    let running = Running::start(relay(&store, &bus, 1));
    tokio::time::sleep(SECOND / 2).await;
    let node = super::support::node(1);
    let claims = outbox.claim(&node, NonZeroU16::MIN, 30 * SECOND).await.unwrap();
    outbox.release(&claims.held).await.unwrap();
    let other = super::support::node(2);
    outbox.claim(&other, NonZeroU16::MAX, 5 * SECOND).await.unwrap();
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(outbox.depth().await.unwrap().pending, 1, "it was not marked");
    tokio::time::sleep(30 * SECOND).await;
    assert_eq!(bus.ids(), ids("1 1"), "under a claim of its own it is sent again");
    let report = running.stop().await;
    assert_eq!((report.sent, report.lanes_lost), (1, 1));
}
