//! Several relays.

use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;

use strangler_fig::event::{Lane, OutboxStore};
use strangler_fig::memory::InMemoryOutbox;

use super::support::{Bus, Does, Heard, Running, SECOND, Store, config, relay, stage};

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
    let (outbox, buses) = (InMemoryOutbox::default(), [Bus::new(slowly), Bus::new(slowly)]);
    let heard = [(); 2].map(|()| Arc::new(Heard::default()));
    let start = |n: usize| {
        let config = config().with_observer(heard[n].clone());
        let n_of_node = u32::try_from(n + 1).unwrap();
        Running::start(relay(&Store::of(&outbox), &buses[n], n_of_node).with_config(config))
    };
    let held = |n: usize| heard[n].lanes_held();
    let first = start(0);
    // Of each lane more than can be sent in all the time.
    stage_many(&outbox, 0, 50 * 100).await;
    tokio::time::sleep(30 * SECOND).await;
    assert_eq!(held(0), Some(16));
    let second = start(1);
    tokio::time::sleep(40 * SECOND).await;
    assert_eq!((held(0), held(1)), (Some(8), Some(8)));
    let sent = buses[0].ids().len();
    let [first, second] = [first.stop().await, second.stop().await];
    assert!(first.sent > 0 && second.sent > 0, "{first:?}, {second:?}");
    assert!(outbox.depth().await.unwrap().pending > 0 && sent > 0, "neither has ever rested");
    for (key, expected) in expected(50 * 100).into_iter().enumerate() {
        let key = format!("key-{key}");
        // Whoever had its lane before, and who has it now.
        let found = [buses[0].first_of(&key), buses[1].first_of(&key)].concat();
        assert_eq!(found, expected[..found.len()], "{key}");
    }
}

/// What it claims later is not left until it rests.
#[tokio::test(start_paused = true)]
async fn one_that_never_rests_sends_also_what_is_in_lanes_that_it_claims_later() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(slowly));
    // Another one has half of the lanes, and dies.
    let half = NonZeroU16::new(8).unwrap();
    let dead = outbox.claim(&super::support::node(2), half, 5 * SECOND).await.unwrap();
    let is_its = |key: &str| {
        let lane = Lane::of(&key.parse().unwrap(), dead.lanes);
        dead.held.iter().any(|claim| claim.lane == lane)
    };
    let key = |end: &str, wanted: bool| {
        let mut keys = (0..).map(|n| format!("{n}{end}"));
        keys.find(|key| is_its(key) == wanted).unwrap()
    };
    let (busy, waiting) = (key("7", false), key("0", true));
    for n in 0..200 {
        stage(&outbox, &[(&busy, &n.to_string())]).await;
    }
    stage(&outbox, &[(&waiting, "waits")]).await;
    let config = config().with_concurrency(NonZeroUsize::MIN).with_poll_interval(3_600 * SECOND);
    let running = Running::start(relay(&Store::of(&outbox), &bus, 1).with_config(config));
    // Three claims: the second finds that it is alone, and the third has all.
    tokio::time::sleep(25 * SECOND).await;
    assert_eq!(bus.first_of(&waiting), ["waits"]);
    let sent = bus.first_of(&busy).len();
    assert!((20..=25).contains(&sent), "one a second: {sent}");
    tokio::time::sleep(200 * SECOND).await;
    let expected: Vec<_> = (0..200).map(|n| n.to_string()).collect();
    assert_eq!(bus.first_of(&busy), expected);
    running.stop().await;
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
