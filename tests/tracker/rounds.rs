//! What one round does when something is wrong.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::{
    Fleet, MigrationState, MigrationStateService, Move, MoveError, MoveId, MoveNote, NodeRole,
    Phase, PhaseTracker, Standing, TrackerConfig, TrackerError, take_step,
};

use crate::node::{SECOND, TERM, World, fenced, restored_under};
use crate::{Down, Service, name, started, step};

#[tokio::test(start_paused = true)]
async fn a_round_that_cannot_ask_for_the_state_renews_nothing() {
    let (service, tracker) = started().await;
    service.go(Some(Down::RefusesStates));
    let before = service.calls_of("renew");
    let error = tracker.poll().await.unwrap_err();
    assert!(matches!(error, TrackerError::Service { .. }), "{error:?}");
    assert_eq!(service.calls_of("renew"), before, "its lease would say that it follows");
}

#[tokio::test(start_paused = true)]
async fn one_that_was_evicted_under_a_store_that_went_back_is_evicted() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    restored_under(&world, &node).await;
    let lease = world.lease_of(&node).await;
    world.service.evict(&name(), &lease).await.unwrap();
    let error = node.tracker().poll().await.unwrap_err();
    assert!(matches!(error, TrackerError::Evicted { .. }), "{error:?}");
    assert_eq!(node.tracker().health().standing, Standing::Evicted);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_released_in_the_middle_of_a_round_does_not_speak_of_decommissioning() {
    let world = World::new().await;
    let config = TrackerConfig::default().with_role(NodeRole::Worker);
    let worker = world.node_with("worker-1", config).await;
    world.service.current_takes.store(2_000, Ordering::SeqCst);
    let polling = worker.tracker().clone();
    let polling = tokio::spawn(async move { polling.poll().await });
    tokio::time::sleep(SECOND).await;
    let _ = worker.tracker().release().await;
    let told = polling.await.unwrap();
    assert!(matches!(told, Err(TrackerError::Closed { .. })), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn another_state_of_the_same_epoch_is_no_fork_also_if_it_says_what_made_it() {
    let (service, tracker) = started().await;
    step(&service, Phase::DualWrite).await;
    tracker.poll().await.unwrap();
    let found = service.current(&name()).await.unwrap().unwrap();
    let shadow = Move::to(Phase::Shadow);
    let other = MigrationState::new(name());
    let other = other.transition(&shadow, MoveId::fixed(9), &Fleet::default()).unwrap();
    let other = other.with_record(&shadow, MoveNote::default());
    service.inner.compare_and_set(found.revision, &other).await.unwrap();
    let error = tracker.poll().await.unwrap_err();
    assert!(matches!(error, TrackerError::WentBack { shown: 1, adopted: 1, .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_on_a_node_whose_lease_ran_out_sleeps_until_it_serves_again() {
    let world = World::new().await;
    let node = world.node_with("node-1", fenced()).await;
    tokio::time::advance(TERM * 2).await;
    assert!(node.tracker().is_fenced());
    let waiting = node.tracker().moved_from(node.tracker().word());
    assert!(tokio::time::timeout(TERM, waiting).await.is_err(), "nothing moved");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_was_surely_not_taken_is_not_tried_again() {
    let (service, _tracker) = started().await;
    service.certain.store(1, Ordering::SeqCst);
    let shadow = Move::to(Phase::Shadow);
    let error = take_step(&*service, &name(), &shadow, None).await.unwrap_err();
    let MoveError::Service { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), StoreErrorKind::Unavailable);
    assert_eq!(service.current(&name()).await.unwrap().unwrap().state.epoch(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_started_has_renewed_its_lease_once_after_registering() {
    let (service, tracker) = started().await;
    assert_eq!(service.leases(&name()).await.unwrap()[0].renewal, 2);
    tracker.poll().await.unwrap();
    assert_eq!(service.leases(&name()).await.unwrap()[0].renewal, 3);
}

#[tokio::test(start_paused = true)]
async fn a_running_node_follows_one_move_after_another_by_hints_alone() {
    let service = Arc::new(Service::default());
    service.create(&MigrationState::new(name())).await.unwrap();
    let (node, hour) = ("node-1".parse().unwrap(), SECOND * 3_600);
    let config = TrackerConfig::default().with_poll_interval(hour);
    let tracker = PhaseTracker::start(service.clone(), name(), node, config).await.unwrap();
    let following = tracker.clone();
    let worker = tokio::spawn(async move { following.run(std::future::pending()).await });
    // Two polls, so that it knows what it is to be told of changes from.
    tokio::time::sleep(hour * 2 + SECOND).await;
    for phase in [Phase::DualWrite, Phase::Shadow, Phase::Cutover] {
        step(&service, phase).await;
        tokio::time::sleep(SECOND).await;
        assert_eq!(tracker.state().base().phase, phase);
    }
    worker.abort();
}
