//! Rounds, a release and hints, all at once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use strangler_fig::phase::{Standing, TrackerError};

use crate::node::{SECOND, World, following};

#[tokio::test(start_paused = true)]
async fn a_release_in_the_middle_of_a_round_leaves_no_lease_behind() {
    for (there, back) in [(SECOND * 2, Duration::ZERO), (Duration::ZERO, SECOND * 2)] {
        let world = World::new().await;
        let node = world.node("node-1").await;
        *world.service.renewal_takes.lock().unwrap() = (there, back);
        let polling = node.tracker().clone();
        let polling = tokio::spawn(async move { polling.poll().await });
        tokio::time::sleep(SECOND).await;
        node.tracker().release().await.unwrap();
        let _ = polling.await.unwrap();
        assert_eq!(world.leases().await, [], "it would hold up every crossing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_closes_the_node_at_once_also_in_the_middle_of_a_round() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    *world.service.renewal_takes.lock().unwrap() = (SECOND * 2, Duration::ZERO);
    let polling = node.tracker().clone();
    let polling = tokio::spawn(async move { polling.poll().await });
    tokio::time::sleep(SECOND).await;
    let releasing = node.tracker().clone();
    let releasing = tokio::spawn(async move { releasing.release().await });
    tokio::task::yield_now().await;
    assert!(node.find(&1).await.is_err());
    releasing.await.unwrap().unwrap();
    let _ = polling.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_round_that_a_release_overtook_does_not_speak_of_decommissioning() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    world.service.current_takes.store(2_000, Ordering::SeqCst);
    let polling = node.tracker().clone();
    let polling = tokio::spawn(async move { polling.poll().await });
    tokio::time::sleep(SECOND).await;
    let _ = node.tracker().release().await;
    let told = polling.await.unwrap();
    assert!(matches!(told, Err(TrackerError::Closed { .. })), "{told:?}");
    assert_eq!(node.tracker().health().standing, Standing::Closed);
}

#[tokio::test(start_paused = true)]
async fn of_two_rounds_at_once_the_later_lease_is_the_one_that_stays() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    *world.service.renewal_takes.lock().unwrap() = (SECOND * 2, Duration::ZERO);
    let slow = node.tracker().clone();
    let slow = tokio::spawn(async move { slow.poll().await });
    tokio::time::sleep(SECOND).await;
    *world.service.renewal_takes.lock().unwrap() = (Duration::ZERO, Duration::ZERO);
    let hold = node.tracker().hold();
    node.tracker().poll().await.unwrap();
    slow.await.unwrap().unwrap();
    assert_eq!(world.lease_of(&node).await.holds, 1, "a first cutover must not miss it");
    drop(hold);
}

#[tokio::test(start_paused = true)]
async fn hints_of_nothing_do_not_make_it_ask_more_often_than_twice_a_poll() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    world.service.hints.store(true, Ordering::SeqCst);
    let before = world.service.calls().len();
    let follower = following(&node);
    tokio::time::sleep(SECOND * 10).await;
    // A round is two calls.
    let rounds = (world.service.calls().len() - before) / 2;
    assert!(rounds <= 21, "{rounds} rounds in ten polls");
    follower.abort();
}
