//! One key after the other: what changes, fails and is given up.

use std::future::{pending, ready};
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::observe::Event;
use strangler_fig::phase::{
    MigrationState, MigrationStateService, Move, MoveId, Phase, PhaseTracker, TrackerConfig,
};
use strangler_fig::reconcile::{ReconcileError, ReconcilerConfig, RepairNote, RepairQueue};
use strangler_fig::repository::DivergenceReason::Mismatch;
use strangler_fig::stamp::Stamp;
use strangler_fig::testkit::faults::{Fault, Pause};

use crate::support::{HOUR, KEY, World, settled, stamp};

#[tokio::test(start_paused = true)]
async fn a_change_during_a_repair_is_not_lost() {
    let world = World::new(Phase::DualWrite);
    world.legacy.inner().plant((KEY, "old"));
    world.note([KEY]).await;
    let gate = world.modern.pause_next_apply(Pause::BeforeEffect);
    let reconciler = world.reconciler();
    let draining = tokio::spawn(async move { reconciler.drain(pending()).await });
    gate.reached().await;
    world.put(&world.legacy, stamp(5), Some((KEY, "new"))).await;
    world.note([KEY]).await;
    gate.open();
    let report = draining.await.unwrap().unwrap();
    assert_eq!((report.taken, report.copied), (2, 2));
    assert_eq!(world.values().await, [Some("new"); 2]);
    assert!(world.queue.depth().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_side_that_fails_is_tried_again_with_longer_and_longer_delays() {
    let world = World::new(Phase::DualWrite);
    world.legacy.inner().plant((KEY, "old"));
    world.note([KEY]).await;
    for _ in 0..3 {
        world.modern.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    }
    let config = world.config().with_poll_interval(Duration::from_millis(10));
    let reconciler = world.reconciler().with_config(config);
    let report = reconciler.run(tokio::time::sleep(Duration::from_secs(20))).await.unwrap();
    assert_eq!((report.postponed, report.copied, report.parked), (3, 1, 0));

    let mut tried = world.told.events();
    tried.retain(|(_, it)| matches!(it, Event::RepairFailed { .. } | Event::Repaired { .. }));
    let gaps = tried.windows(2).map(|pair| (pair[1].0 - pair[0].0).as_millis());
    for (gap, longest) in gaps.zip([1_000, 2_000, 4_000]) {
        assert!((longest / 2..=longest + 10).contains(&gap), "{gap} ms, at most {longest}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_goes_on_failing_is_parked_with_the_reason_and_may_come_back() {
    let world = World::new(Phase::DualWrite);
    world.legacy.inner().plant((KEY, "old"));
    world.note([KEY]).await;
    world.modern.always_apply(Fault::Refuse(StoreErrorKind::Rejected));
    let report = world.run_for(HOUR).await;
    assert_eq!((report.postponed, report.parked), (3, 1));
    let why = world.why_parked().await.remove(0);
    assert!(why.starts_with("gave up after 4 attempts: the store rejected it: "), "{why}");
    assert_eq!(world.parked().await[0].attempts, 4);
    assert!(world.told.heard(Event::RepairParked { reason: "attempts" }));
    assert_eq!(report.left.unwrap().parked, 1);

    world.modern.heal();
    assert_eq!(world.drain().await.repaired(), 0, "it is parked");
    world.queue.retry(&world.parked().await[0].key).await.unwrap();
    assert_eq!(world.drain().await.copied, 1);
    assert!(world.queue.depth().await.unwrap().is_empty() && world.is_level());
}

#[tokio::test(start_paused = true)]
async fn a_note_of_a_parked_key_tries_it_again() {
    let world = World::new(Phase::DualWrite);
    world.legacy.inner().plant((KEY, "old"));
    world.modern.always_apply(Fault::Refuse(StoreErrorKind::Rejected));
    world.note([KEY]).await;
    world.run_for(HOUR).await;
    world.modern.heal();
    world.rows.sink().note(KEY, Mismatch, None);
    assert_eq!(world.drain().await.copied, 1);
    assert!(world.parked().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_stays_different_counts_as_failed() {
    let world = World::new(Phase::Live);
    world.put(&world.legacy, Stamp::MAX, Some((KEY, "one"))).await;
    world.put(&world.modern, Stamp::MAX, Some((KEY, "other"))).await;
    world.note([KEY]).await;
    let report = world.run_for(HOUR).await;
    assert_eq!((report.postponed, report.parked), (3, 1));
    let why = world.why_parked().await.remove(0);
    assert_eq!(why, "gave up after 4 attempts: the sides differ and stay so");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_decoded_is_parked_at_once() {
    let world = World::new(Phase::DualWrite);
    let note = RepairNote { key: vec![1, 2, 3], reason: "mismatch".to_owned() };
    world.queue.note(&[note]).await.unwrap();
    let report = world.drain().await;
    assert_eq!((report.postponed, report.parked), (0, 1));
    assert_eq!(world.why_parked().await, ["undecodable: the bytes end within a u32"]);
}

#[tokio::test(start_paused = true)]
async fn a_repair_that_hangs_is_given_up_and_does_not_hold_up_the_others() {
    let world = World::new(Phase::DualWrite);
    for key in 1..=3 {
        world.legacy.inner().plant((key, "old"));
    }
    world.modern.push_apply(Fault::Hang);
    world.note(1..=3).await;
    let report = world.run_for(HOUR).await;
    assert_eq!((report.copied, report.postponed), (3, 1));
    assert!(world.told.heard(Event::RepairFailed { reason: "timed_out" }));
    assert!(world.is_level());
}

#[tokio::test(start_paused = true)]
async fn keys_noted_in_this_process_are_repaired_at_once() {
    let world = World::new(Phase::DualWrite);
    let slow = ReconcilerConfig::default().with_poll_interval(HOUR);
    let reconciler = world.reconciler().with_config(slow);
    let (rows, legacy) = (world.rows.clone(), world.legacy.clone());
    let shutdown = async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        legacy.inner().plant((KEY, "old"));
        rows.sink().note(KEY, Mismatch, None);
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    let report = reconciler.run(shutdown).await.unwrap();
    assert_eq!((report.noted, report.copied), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn on_shutdown_the_keys_in_hand_are_finished_and_no_others_begun() {
    let world = World::new(Phase::DualWrite);
    for key in 0..40 {
        world.legacy.inner().plant((key, "old"));
    }
    world.note(0..40).await;
    let gate = world.modern.pause_next_apply(Pause::BeforeEffect);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let reconciler = world.reconciler();
    let running = tokio::spawn(async move {
        let shutdown = async { stopped.await.unwrap_or_default() };
        reconciler.run(shutdown).await
    });
    gate.reached().await;
    stop.send(()).unwrap();
    tokio::task::yield_now().await;
    gate.open();
    let report = running.await.unwrap().unwrap();
    assert_eq!((report.taken, report.copied), (16, 16));
    assert_eq!(report.left.unwrap().waiting, 24);
    let report = world.reconciler().run(ready(())).await.unwrap();
    assert_eq!(report.taken, 0, "it was told to stop before it began");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_left_the_fleet_stops_and_blames_no_key() {
    let (name, node) = ("rows".parse().unwrap(), "node".parse().unwrap());
    let service = Arc::new(InMemoryStateService::default());
    service.create(&MigrationState::new(name)).await.unwrap();
    let (service, name) = (service.clone(), "rows".parse().unwrap());
    let config = TrackerConfig::default();
    let tracker = PhaseTracker::start(service, name, node, config).await.unwrap();
    let world = World::with_tracker(tracker.clone());
    world.legacy.inner().plant((KEY, "old"));
    world.note([KEY]).await;
    let gate = world.legacy.pause_next_read(Pause::BeforeEffect);
    let reconciler = world.reconciler();
    let running = tokio::spawn(async move { reconciler.run(pending()).await });
    gate.reached().await;
    tracker.release().await.unwrap();
    gate.open();
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(&error, ReconcileError::Closed { report } if report.taken == 1), "{error}");
    assert!(!error.is_retryable());
    assert_eq!(world.waiting().await[0].attempts, 0);
    assert!(world.modern.inner().records().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_left_the_fleet_leaves_its_keys_in_the_queue() {
    let (name, node) = ("rows".parse().unwrap(), "node".parse().unwrap());
    let service = Arc::new(InMemoryStateService::default());
    service.create(&MigrationState::new(name)).await.unwrap();
    let (name, config) = ("rows".parse().unwrap(), TrackerConfig::default());
    let tracker = PhaseTracker::start(service, name, node, config).await.unwrap();
    let world = World::with_tracker(tracker.clone());
    world.rows.sink().note(KEY, Mismatch, None);
    tracker.release().await.unwrap();
    let error = world.reconciler().run(pending()).await.unwrap_err();
    assert!(matches!(&error, ReconcileError::Closed { report } if report.noted == 1), "{error}");
    assert!(world.rows.sink().is_empty(), "the process may end");
    assert_eq!(world.waiting().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_what_came_of_it_and_how_much_waits() {
    let world = World::new(Phase::DualWrite);
    world.legacy.inner().plant((KEY, "old"));
    world.rows.sink().note(KEY, Mismatch, None);
    world.run_for(Duration::from_secs(1)).await;
    assert!(world.told.heard(Event::RepairsNoted { keys: 1 }));
    assert!(world.told.heard(Event::Repaired { outcome: "copied" }));
    let depth = Event::RepairDepth { waiting: 0, parked: 0, oldest: None };
    assert!(world.told.heard(depth));
}

/// How many keys waited, each time that it was told.
fn waited(world: &World) -> Vec<u64> {
    let depth = |(_, event): (_, Event)| match event {
        Event::RepairDepth { waiting, .. } => Some(waiting),
        _ => None,
    };
    world.told.events().into_iter().filter_map(depth).collect()
}

#[tokio::test(start_paused = true)]
async fn how_much_waits_is_told_while_there_is_no_end_to_it() {
    let world = World::new(Phase::DualWrite);
    for key in 0..2_000 {
        world.legacy.inner().plant((key, "old"));
    }
    world.note(0..2_000).await;
    world.modern.always_apply(Fault::Delay(Duration::from_millis(500)));
    world.run_for(Duration::from_secs(20)).await;
    let waited = waited(&world);
    assert!(waited.len() >= 10, "{waited:?}");
    assert!(waited.iter().all(|&keys| keys > 0), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_tells_how_much_waits_before_and_after() {
    let world = World::new(Phase::DualWrite);
    world.legacy.inner().plant((KEY, "old"));
    world.note([KEY]).await;
    world.drain().await;
    assert_eq!((waited(&world).first(), waited(&world).last()), (Some(&1), Some(&0)));
}

#[tokio::test(start_paused = true)]
async fn with_legacy_decommissioned_repairs_end_and_that_is_no_failure() {
    let mut state = MigrationState::clone(&World::new(Phase::RampDown).rows.tracker().state());
    for step in [Move::to(Phase::ModernOnly), Move::Decommission] {
        state = state.transition(&step, MoveId::random().unwrap(), &settled(&state)).unwrap();
    }
    let world = World::with_tracker(PhaseTracker::detached(state));
    world.legacy.inner().plant((KEY, "old"));
    world.note([KEY]).await;
    let ended = world.reconciler().run(pending()).await;
    assert!(ended.is_ok_and(|report| report.repaired() == 0), "nothing is copied any more");
    assert!(world.reconciler().dry_run(pending()).await.unwrap().is_complete);
    assert_eq!(world.values().await, [Some("old"), None]);
}
