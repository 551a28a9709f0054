//! A guard that runs, and is told to stop.

use std::sync::Arc;

use strangler_fig::controller::GuardConfig;
use strangler_fig::phase::{Phase, PhaseTracker, TrackerConfig};
use tokio::sync::Notify;

use crate::support::{SECOND, Told, World, Wrong, name};

#[tokio::test(start_paused = true)]
async fn it_looks_once_in_each_interval_until_it_is_told_to_stop() {
    let world = World::new().await;
    let guard = world.guard(GuardConfig::default().with_poll_interval(SECOND * 5));
    guard.run(tokio::time::sleep(SECOND * 51)).await;
    assert_eq!(world.signals.asked.lock().unwrap().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_has_begun_comes_to_its_end_before_it_stops() {
    let world = World::new().await;
    world.ann_goes_to(Phase::Live).await;
    let node = "node-2".parse().unwrap();
    let away = PhaseTracker::start(world.service.clone(), name(), node, TrackerConfig::default());
    let away = away.await.unwrap();
    world.signals.now(Told::These(Wrong::Mismatches.signals()));
    let (guard, stop) = (Arc::new(world.guard(GuardConfig::default())), Arc::new(Notify::new()));
    let stopped = stop.clone();
    let running = tokio::spawn(async move { guard.run(stopped.notified()).await });
    tokio::time::sleep(SECOND * 7).await;
    assert_eq!(world.phases().await.0, Phase::Cutover, "it waits for the node");
    stop.notify_one();
    tokio::time::sleep(SECOND).await;
    assert!(!running.is_finished());
    away.poll().await.unwrap();
    running.await.unwrap();
    assert_eq!(world.phases().await.0, Phase::DualWrite);
}

#[tokio::test(start_paused = true)]
async fn one_whose_source_hangs_or_panics_can_be_stopped_and_goes_on_when_it_is_back() {
    for told in [Told::Hangs, Told::Panics] {
        let world = World::new().await;
        world.ann_goes_to(Phase::Shadow).await;
        world.signals.now(told);
        let (guard, stop) = (world.guard(GuardConfig::default()), Arc::new(Notify::new()));
        let stopped = stop.clone();
        let running = tokio::spawn(async move { guard.run(stopped.notified()).await });
        tokio::time::sleep(SECOND * 60).await;
        world.signals.now(Told::These(Wrong::Mismatches.signals()));
        tokio::time::sleep(SECOND * 30).await;
        assert_eq!(world.phases().await.0, Phase::DualWrite, "{told:?}");
        stop.notify_one();
        tokio::time::timeout(SECOND * 30, running).await.unwrap().unwrap();
    }
}
