//! A node that was evicted, or gave its lease back, answers nothing and writes
//! nothing, whatever it was about to do.

use std::sync::Arc;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, Move, Phase, PhaseTracker, TrackerConfig,
    TrackerError, take_step,
};
use strangler_fig::reconcile::{Sweep, SweepError};
use strangler_fig::repository::{MigrationError, MigrationRepository, StampedRepository};
use strangler_fig::testkit::faults::Pause;

use crate::support::{KEY, NEW, OLD, OTHER, Rows, World, stamp};

const LENIENT_OR_STRICT: [Phase; 5] =
    [Phase::DualWrite, Phase::Shadow, Phase::Cutover, Phase::Live, Phase::RampDown];

fn name() -> MigrationName {
    "rows".parse().unwrap()
}

/// A node of the stores of `world` that follows `service`.
async fn node(service: &Arc<InMemoryStateService>, world: &World, of: &str) -> Rows {
    let (node, config) = (of.parse().unwrap(), TrackerConfig::default());
    let tracker = PhaseTracker::start(service.clone(), name(), node, config).await.unwrap();
    MigrationRepository::new(world.legacy.clone(), world.modern.clone(), tracker).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_node_was_evicted_meanwhile_is_in_doubt_and_the_fleet_goes_on() {
    let service = Arc::new(InMemoryStateService::default());
    service.create(&MigrationState::new(name())).await.unwrap();
    let world = World::new(Phase::LegacyOnly);
    let evicted = node(&service, &world, "evicted").await;
    let gate = world.legacy.pause_next_apply(Pause::BeforeEffect);
    let writer = evicted.clone();
    let saved = tokio::spawn(async move { writer.save(NEW).await });
    gate.reached().await;
    let lease = service.leases(&name()).await.unwrap().remove(0);
    service.evict(&name(), &lease).await.unwrap();
    let polled = evicted.tracker().poll().await;
    assert!(matches!(polled, Err(TrackerError::Evicted { .. })), "{polled:?}");

    let other = node(&service, &world, "other").await;
    take_step(&*service, &name(), &Move::to(Phase::Cutover), None).await.unwrap();
    other.tracker().poll().await.unwrap();
    Sweep::new(&other).establish(&*service, std::future::pending()).await.unwrap();
    take_step(&*service, &name(), &Move::to(Phase::Live), None).await.unwrap();
    other.tracker().poll().await.unwrap();

    gate.open();
    let error = saved.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unknown);
    assert_eq!(error.downcast_ref(), Some(&MigrationError::Closed));
    assert_eq!(other.find(&KEY).await.unwrap(), None, "only legacy has it");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_ends_after_its_node_was_closed_is_in_doubt_and_noted() {
    for phase in LENIENT_OR_STRICT {
        let world = World::new(phase);
        let gate = world.modern.pause_next_apply(Pause::AfterEffect);
        let saved = world.saving(NEW);
        gate.reached().await;
        world.tracker.release().await.unwrap();
        gate.open();
        let error = saved.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unknown, "{phase}");
        assert_eq!(error.downcast_ref(), Some(&MigrationError::Closed), "{phase}");
        assert_eq!(world.noted(), ["write_unknown"], "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_ends_after_its_node_was_closed_is_unavailable() {
    for phase in LENIENT_OR_STRICT {
        let world = World::new(phase);
        let in_legacy = [Phase::DualWrite, Phase::Shadow].contains(&phase);
        let side = if in_legacy { &world.legacy } else { &world.modern };
        let gate = side.pause_next_read(Pause::AfterEffect);
        let rows = world.rows.clone();
        let found = tokio::spawn(async move { rows.find(&KEY).await });
        gate.reached().await;
        world.tracker.release().await.unwrap();
        gate.open();
        let error = found.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{phase}");
        assert_eq!(error.downcast_ref(), Some(&MigrationError::Closed), "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_that_ends_after_its_node_was_closed_is_unavailable() {
    let world = World::new(Phase::Cutover);
    let gate = world.legacy.pause_next_read(Pause::AfterEffect);
    let rows = world.rows.clone();
    let asked = tokio::spawn(async move {
        let query = rows.query(
            |side| async move { Ok(side.read(&KEY).await?.value) },
            |side| async move { Ok(side.read(&KEY).await?.value) },
        );
        query.await
    });
    gate.reached().await;
    world.tracker.release().await.unwrap();
    gate.open();
    let error = asked.await.unwrap().unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&MigrationError::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_closed_node_repairs_nothing_by_a_phase_that_is_long_past() {
    let world = World::new(Phase::DualWrite);
    world.rows.save(OLD).await.unwrap();
    let (tracker, other) = world.other_node();
    world.tracker.release().await.unwrap();
    for phase in [Phase::Cutover, Phase::Live, Phase::ModernOnly] {
        assert!(tracker.adopt(crate::support::moved(&tracker.state(), phase)));
    }
    other.save(NEW).await.unwrap();
    let error = world.rows.join(&KEY).await.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&MigrationError::Closed));
    assert_eq!(other.find(&KEY).await.unwrap(), Some(NEW));
}

#[tokio::test(start_paused = true)]
async fn a_repair_whose_node_was_closed_meanwhile_writes_nothing() {
    let world = World::new(Phase::DualWrite);
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    world.put(&world.modern, stamp(2), Some(OTHER)).await;
    let gate = world.legacy.pause_next_read(Pause::AfterEffect);
    let joined = world.joining();
    gate.reached().await;
    world.tracker.release().await.unwrap();
    gate.open();
    let error = joined.await.unwrap().unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&MigrationError::Closed));
    assert_eq!((world.legacy.applies(), world.modern.applies()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_whose_node_was_closed_meanwhile_shows_nothing() {
    let world = World::new(Phase::Cutover);
    let ticket = world.ticket();
    let gate = world.legacy.pause_next_scan(Pause::AfterEffect);
    let sweep = world.sweep();
    let swept = tokio::spawn(async move { sweep.run(ticket, std::future::pending()).await });
    gate.reached().await;
    world.tracker.release().await.unwrap();
    gate.open();
    let swept = swept.await.unwrap();
    assert!(matches!(swept, Err(SweepError::Interrupted { .. })), "{swept:?}");
}
