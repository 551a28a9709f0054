//! Several relays.

use strangler_fig::memory::InMemoryOutbox;

use super::support::{Bus, Does, Running, SECOND, Store, config, relay, stage};

async fn stage_many(outbox: &InMemoryOutbox, from: u32, to: u32) {
    for n in from..to {
        stage(outbox, &[(&format!("key-{}", n % 50), &n.to_string())]).await;
    }
}

fn expected(to: u32) -> Vec<Vec<String>> {
    (0..50).map(|key| (key..to).step_by(50).map(|n| n.to_string()).collect()).collect()
}

#[tokio::test(start_paused = true)]
async fn they_share_the_lanes() {
    let (outbox, buses) = (InMemoryOutbox::default(), [Bus::taking(), Bus::taking()]);
    let store = Store::of(&outbox);
    let first = Running::start(relay(&store, &buses[0], 1));
    tokio::time::sleep(SECOND).await;
    let second = Running::start(relay(&store, &buses[1], 2));
    // One claims, the other gives back, the one claims again.
    tokio::time::sleep(21 * SECOND).await;
    stage_many(&outbox, 0, 500).await;
    tokio::time::sleep(3 * SECOND).await;
    let sent = [first.stop().await.sent, second.stop().await.sent];
    assert_eq!(sent.iter().sum::<u64>(), 500);
    assert!(sent.iter().all(|sent| *sent > 50), "{sent:?}");
}

/// Also if the one that holds all never rests.
#[tokio::test(start_paused = true)]
async fn one_that_never_rests_gives_lanes_back() {
    let (outbox, buses) = (InMemoryOutbox::default(), [Bus::new(slowly), Bus::taking()]);
    let store = Store::of(&outbox);
    let first = Running::start(relay(&store, &buses[0], 1));
    let staging = tokio::spawn({
        let outbox = outbox.clone();
        async move {
            for n in 0..100 {
                stage_many(&outbox, 50 * n, 50 * (n + 1)).await;
                tokio::time::sleep(SECOND).await;
            }
        }
    });
    tokio::time::sleep(30 * SECOND).await;
    let second = Running::start(relay(&store, &buses[1], 2));
    tokio::time::sleep(40 * SECOND).await;
    assert!(!buses[1].ids().is_empty(), "the second one has lanes");
    staging.abort();
    first.stop().await;
    second.stop().await;
}

fn slowly(message: &strangler_fig::event::Message) -> Does {
    if message.event.key.as_str().ends_with('7') { Does::TakeSlowly } else { Does::Take }
}

#[tokio::test(start_paused = true)]
async fn the_lanes_of_one_that_leaves_are_taken_up_soon() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let store = Store::of(&outbox);
    let [first, second] = [1, 2].map(|n| Running::start(relay(&store, &bus, n)));
    tokio::time::sleep(60 * SECOND).await;
    first.stop().await;
    // With its next claim, a third of a term later, the other one has all.
    tokio::time::sleep(11 * SECOND).await;
    stage_many(&outbox, 0, 500).await;
    tokio::time::sleep(3 * SECOND).await;
    assert_eq!(bus.ids().len(), 500);
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_lanes_of_one_that_dies_are_taken_up_after_its_term() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(slowly));
    let store = Store::of(&outbox);
    let [first, second] = [1, 2].map(|n| Running::start(relay(&store, &bus, n)));
    tokio::time::sleep(60 * SECOND).await;
    stage_many(&outbox, 0, 1_000).await;
    tokio::time::sleep(SECOND / 2).await;
    first.kill();
    tokio::time::sleep(60 * SECOND).await;
    let found: Vec<_> = (0..50).map(|key| bus.first_of(&format!("key-{key}"))).collect();
    assert_eq!(found, expected(1_000));
    second.stop().await;
}

/// A new life of a node beside its old one, which did not take its leave.
#[tokio::test(start_paused = true)]
async fn a_relay_that_begins_anew_takes_up_its_lanes_after_its_old_term() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let store = Store::of(&outbox);
    let first = Running::start(relay(&store, &bus, 1));
    tokio::time::sleep(5 * SECOND).await;
    first.kill();
    stage_many(&outbox, 0, 100).await;
    let again = Running::start(relay(&store, &bus, 2).with_config(config()));
    tokio::time::sleep(5 * SECOND).await;
    assert!(bus.ids().is_empty(), "the term of its old life is not over");
    tokio::time::sleep(40 * SECOND).await;
    let found: Vec<_> = (0..50).map(|key| bus.first_of(&format!("key-{key}"))).collect();
    assert_eq!(found, expected(100));
    again.stop().await;
}
