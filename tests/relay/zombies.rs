//! Relays that stand still beyond their terms, and go on.

use strangler_fig::event::OutboxStore;
use strangler_fig::memory::InMemoryOutbox;

use super::order::ids;
use super::support::{Bus, Does, Fault, Running, SECOND, Store, config, drain, relay, stage};

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

/// It stood still in the middle of a batch: what it has sent is not written down by it, and nothing more is sent.
#[tokio::test(start_paused = true)]
async fn a_zombie_settles_nothing_that_is_another_s() {
    let (outbox, buses) = (InMemoryOutbox::default(), [Bus::taking(), Bus::taking()]);
    stage(&outbox, &[("a", "1"), ("a", "2")]).await;
    let stores = [Store::of(&outbox), Store::of(&outbox)];
    stores[0].next("claim", &[Fault::Stand(std::time::Duration::ZERO)]);
    buses[0].now(|message| match message.event.id.as_str() {
        "1" => Does::TakeAndHang,
        _ => Does::Take,
    });
    let config = config().with_publish_deadline(9 * SECOND);
    let zombie = Running::start(relay(&stores[0], &buses[0], 1).with_config(config));
    tokio::time::sleep(SECOND).await;
    // Its terms end behind its back.
    let node = super::support::node(1);
    outbox.claim(&node, std::num::NonZeroU16::MIN, std::time::Duration::ZERO).await.unwrap();
    drain(&relay(&stores[1], &buses[1], 2)).await;
    assert_eq!(buses[1].ids(), ids("1 2"));
    stage(&outbox, &[("a", "3")]).await;
    buses[0].now(|_| Does::Take);
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(buses[0].ids(), ids("1 3"), "2 was in its hand, and is another's");
    zombie.stop().await;
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
    let claims = outbox.claim(&node, std::num::NonZeroU16::MIN, 30 * SECOND).await.unwrap();
    outbox.release(&claims.held).await.unwrap();
    let other = super::support::node(2);
    outbox.claim(&other, std::num::NonZeroU16::MAX, 5 * SECOND).await.unwrap();
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(outbox.depth().await.unwrap().pending, 1, "it was not marked");
    tokio::time::sleep(30 * SECOND).await;
    assert_eq!(bus.ids(), ids("1 1"), "under a claim of its own it is sent again");
    let report = running.stop().await;
    assert_eq!((report.sent, report.lanes_lost), (1, 1));
}
