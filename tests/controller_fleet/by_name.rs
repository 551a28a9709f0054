//! An operator says that a process has ended.

use strangler_fig::controller::{ControllerError, ProcessHasEnded};
use strangler_fig::phase::{
    EvictionGround, MigrationStateService, Move, Phase, TrackerConfig, TrackerError, take_step,
};
use tokio::time::Instant;

use crate::support::{
    SECOND, Spoilt, controller, following, id, last_record, leases, lives, name, request, service,
    start, state,
};

fn ended(node: &str) -> ProcessHasEnded {
    ProcessHasEnded::of(node.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_is_evicted_after_three_of_its_intervals() {
    let service = service().await;
    let config = TrackerConfig::default().with_poll_interval(SECOND * 4);
    start(&service, "node-1", 1, config).await;
    let began = Instant::now();
    let evicted = controller(&service).evict(ended("node-1"), &request()).await.unwrap();
    assert_eq!(evicted.nodes, [id("node-1", 1)]);
    assert!(lives(&service).await.is_empty());
    let twelve = SECOND * 12..SECOND * 12 + SECOND / 4;
    assert!(twelve.contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn also_one_of_long_intervals_is_watched_for_three_of_them() {
    let service = service().await;
    let config = TrackerConfig::default().with_poll_interval(SECOND * 60);
    let node = start(&service, "node-1", 1, config).await;
    let follower = following(&node);
    tokio::time::sleep(SECOND).await;
    let refused = controller(&service).evict(ended("node-1"), &request()).await;
    assert!(matches!(refused, Err(ControllerError::Alive { .. })), "{refused:?}");
    assert_eq!(lives(&service).await.len(), 1);
    follower.abort();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_never_polls_by_itself_can_be_evicted_too() {
    let service = service().await;
    let config = TrackerConfig::default().with_poll_interval(std::time::Duration::MAX);
    start(&service, "node-1", 1, config).await;
    let evicting = controller(&service);
    let (node, request) = (ended("node-1"), request());
    let watching = evicting.evict(node, &request);
    let watched = tokio::time::timeout(SECOND * 3_600 * 24, watching).await;
    assert!(watched.is_ok_and(|evicted| evicted.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn the_history_says_who_and_why() {
    let service = service().await;
    start(&service, "node-1", 1, TrackerConfig::default()).await;
    controller(&service).evict(ended("node-1"), &request()).await.unwrap();
    let record = last_record(&service).await;
    assert_eq!(record.actor.as_ref(), Some(request().actor()));
    assert_eq!(record.reason.as_ref(), Some(request().reason()));
    let ground = EvictionGround::ProcessEnded;
    assert_eq!(record.step, Move::Evict { node: id("node-1", 1), ground });
}

#[tokio::test(start_paused = true)]
async fn a_node_that_renews_while_it_is_watched_is_alive() {
    let service = service().await;
    let node = start(&service, "node-1", 1, TrackerConfig::default()).await;
    let follower = following(&node);
    let refused = controller(&service).evict(ended("node-1"), &request()).await.unwrap_err();
    assert!(matches!(&refused, ControllerError::Alive { node } if *node == id("node-1", 1)));
    assert_eq!(state(&service).await.epoch(), 0, "nothing is recorded");
    assert_eq!(lives(&service).await.len(), 1);
    follower.abort();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_renews_between_the_watch_and_the_eviction_is_alive_and_stays() {
    let service = service().await;
    let node = start(&service, "node-1", 1, TrackerConfig::default()).await;
    *service.spoilt.lock().unwrap() = Some(Spoilt::Renewal(node.state().adopted()));
    let refused = controller(&service).evict(ended("node-1"), &request()).await;
    assert!(matches!(refused, Err(ControllerError::Alive { .. })), "{refused:?}");
    node.poll().await.unwrap();
    assert!(!node.word().is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_gave_its_lease_back_while_it_was_watched_is_not_called_alive() {
    let service = service().await;
    let node = start(&service, "node-1", 1, TrackerConfig::default()).await;
    let evicting = controller(&service);
    let began = Instant::now();
    let evicting = tokio::spawn(async move { evicting.evict(ended("node-1"), &request()).await });
    tokio::time::sleep(SECOND).await;
    node.release().await.unwrap();
    let told = evicting.await.unwrap();
    assert!(matches!(told, Err(ControllerError::NoLease { .. })), "{told:?}");
    assert!(began.elapsed() < SECOND * 2, "it is watched no longer: {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn of_two_lives_only_the_silent_one_goes() {
    let service = service().await;
    start(&service, "node-1", 1, TrackerConfig::default()).await;
    let restarted = start(&service, "node-1", 2, TrackerConfig::default()).await;
    let follower = following(&restarted);
    let evicted = controller(&service).evict(ended("node-1"), &request()).await.unwrap();
    assert_eq!(evicted.nodes, [id("node-1", 1)]);
    tokio::time::sleep(SECOND * 5).await;
    assert_eq!(lives(&service).await, [id("node-1", 2)]);
    assert!(!restarted.word().is_closed());
    follower.abort();
}

#[tokio::test(start_paused = true)]
async fn a_life_that_began_while_the_old_one_was_watched_stays() {
    let service = service().await;
    start(&service, "node-1", 1, TrackerConfig::default()).await;
    let evicting = controller(&service);
    let evicting = tokio::spawn(async move { evicting.evict(ended("node-1"), &request()).await });
    tokio::time::sleep(SECOND).await;
    start(&service, "node-1", 2, TrackerConfig::default()).await;
    assert_eq!(evicting.await.unwrap().unwrap().nodes, [id("node-1", 1)]);
    assert_eq!(lives(&service).await, [id("node-1", 2)]);
}

#[tokio::test(start_paused = true)]
async fn one_life_can_be_named() {
    let service = service().await;
    for life in [1, 2] {
        start(&service, "node-1", life, TrackerConfig::default()).await;
    }
    let confirmation = ProcessHasEnded::of_life(id("node-1", 2));
    let evicted = controller(&service).evict(confirmation, &request()).await.unwrap();
    assert_eq!(evicted.nodes, [id("node-1", 2)]);
    assert_eq!(lives(&service).await, [id("node-1", 1)]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_evicted_by_a_name_that_holds_no_lease() {
    let service = service().await;
    start(&service, "node-1", 1, TrackerConfig::default()).await;
    let refused = controller(&service).evict(ended("node-2"), &request()).await;
    assert!(matches!(refused, Err(ControllerError::NoLease { .. })), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn an_eviction_that_died_after_its_record_is_carried_out_when_asked_again() {
    let service = service().await;
    let node = start(&service, "node-1", 1, TrackerConfig::default()).await;
    *service.spoilt.lock().unwrap() = Some(Spoilt::Outage);
    let died = controller(&service).evict(ended("node-1"), &request()).await;
    assert!(matches!(died, Err(ControllerError::Service { .. })), "{died:?}");
    assert_eq!((state(&service).await.epoch(), leases(&service).await.len()), (1, 1));
    let again = controller(&service).evict(ended("node-1"), &request()).await.unwrap();
    assert_eq!(again.nodes, [id("node-1", 1)]);
    let told = node.poll().await.unwrap_err();
    assert!(matches!(told, TrackerError::Evicted { .. }), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_evicted_node_no_longer_holds_up_a_crossing() {
    let service = service().await;
    let node = start(&service, "node-1", 1, TrackerConfig::default()).await;
    start(&service, "node-2", 1, TrackerConfig::default()).await;
    take_step(&*service, &name(), &Move::to(Phase::Cutover), None).await.unwrap();
    node.poll().await.unwrap();
    assert!(take_step(&*service, &name(), &Move::to(Phase::Live), None).await.is_err());
    controller(&service).evict(ended("node-2"), &request()).await.unwrap();
    let found = state(&service).await;
    let fleet = strangler_fig::phase::Fleet::new(leases(&service).await);
    assert!(found.begin_sweep(&fleet).counts());
    assert_eq!(service.current(&name()).await.unwrap().unwrap().state, found);
}
