//! Workers on a node whose lease has run out for the moment: they join nothing, and
//! go on afterwards or say what is to be done.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::backfill::{BackfillError, Backfiller};
use strangler_fig::memory::{
    InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryRepository, InMemoryStateService,
};
use strangler_fig::phase::{
    MigrationState, MigrationStateService, OutagePolicy, PhaseTracker, TrackerConfig,
};
use strangler_fig::reconcile::{ReconcileError, Reconciler, RepairQueue, Sweep, SweepError};
use strangler_fig::repository::{DivergenceReason, MigrationRepository};

type Store = InMemoryRepository<u32, (u32, &'static str)>;
type Rows = MigrationRepository<Store, Store>;

const TERM: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// A node whose lease has run out, with a row that only legacy has.
async fn fenced() -> (Rows, Arc<InMemoryStateService>) {
    let service = Arc::new(InMemoryStateService::default());
    let state = MigrationState::new("rows".parse().unwrap());
    service.create(&state).await.unwrap();
    let config = TrackerConfig::default().with_outage_policy(OutagePolicy::Fenced { term: TERM });
    let node = "node-1".parse().unwrap();
    let tracker = PhaseTracker::start(service.clone(), state.name().clone(), node, config);
    let [legacy, modern] = [(); 2].map(|()| Store::new(|row| row.0));
    let rows = Rows::new(legacy, modern, tracker.await.unwrap()).unwrap();
    rows.legacy().plant((1, "fig"));
    tokio::time::advance(TERM).await;
    assert!(rows.tracker().is_fenced());
    (rows, service)
}

#[tokio::test(start_paused = true)]
async fn a_reconciler_waits_for_the_lease_and_goes_on() {
    let (rows, _service) = fenced().await;
    let queue = Arc::new(InMemoryRepairQueue::default());
    rows.sink().note(1, DivergenceReason::LenientFailed, None);
    let (reconciler, tracker) = (Reconciler::new(&rows, queue.clone()), rows.tracker().clone());
    let running = tokio::spawn(async move { reconciler.run(tokio::time::sleep(TERM * 3)).await });
    tokio::time::sleep(TERM).await;
    assert!(!running.is_finished() && rows.modern().records().is_empty());
    assert_eq!(queue.depth().await.unwrap().waiting, 1, "the key is safe in the queue");
    tracker.poll().await.unwrap();
    tokio::time::sleep(SECOND * 10).await;
    assert_eq!(rows.modern().records().len(), 1);
    let report = running.await.unwrap().unwrap();
    assert_eq!((report.copied, report.postponed), (1, 0), "waiting was no attempt");
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_too_and_can_be_stopped() {
    let (rows, _service) = fenced().await;
    let queue = Arc::new(InMemoryRepairQueue::default());
    rows.sink().note(1, DivergenceReason::LenientFailed, None);
    let reconciler = Reconciler::new(&rows, queue.clone());
    let report = reconciler.drain(tokio::time::sleep(TERM)).await.unwrap();
    assert_eq!((report.noted, report.copied), (1, 0));
    let tracker = rows.tracker().clone();
    let draining = tokio::spawn(async move { reconciler.drain(pending()).await });
    tokio::time::sleep(SECOND * 5).await;
    assert!(!draining.is_finished());
    tracker.poll().await.unwrap();
    assert_eq!(draining.await.unwrap().unwrap().copied, 1);
}

#[tokio::test(start_paused = true)]
async fn a_reconciler_ends_when_the_fenced_node_turns_out_to_be_evicted() {
    let (rows, service) = fenced().await;
    let queue = Arc::new(InMemoryRepairQueue::default());
    let (reconciler, tracker) = (Reconciler::new(&rows, queue), rows.tracker().clone());
    let running = tokio::spawn(async move { reconciler.run(pending()).await });
    let name = rows.tracker().state().name().clone();
    let lease = service.leases(&name).await.unwrap().remove(0);
    service.evict(&name, &lease).await.unwrap();
    assert!(tracker.poll().await.is_err());
    let ended = running.await.unwrap();
    assert!(matches!(ended, Err(ReconcileError::Closed { .. })), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_joins_nothing_and_may_be_begun_again() {
    let (rows, _service) = fenced().await;
    let ticket = rows.tracker().state().begin_sweep(&strangler_fig::phase::Fleet::default());
    let ended = Sweep::new(&rows).run(ticket, pending()).await.unwrap_err();
    assert!(matches!(ended, SweepError::Interrupted { .. }) && ended.is_retryable(), "{ended:?}");
    assert!(rows.modern().records().is_empty());
    rows.tracker().poll().await.unwrap();
    assert!(Sweep::new(&rows).run(ticket, pending()).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_backfill_copies_nothing_says_why_and_may_be_run_again() {
    let (rows, _service) = fenced().await;
    let (checkpoints, job) =
        (Arc::new(InMemoryCheckpointStore::default()), "rows".parse().unwrap());
    let repairs = Arc::new(InMemoryRepairQueue::default());
    let backfill = Backfiller::new(&rows, checkpoints, repairs, job);
    let ended = backfill.run(pending()).await.unwrap_err();
    assert!(matches!(ended, BackfillError::LeaseRanOut) && ended.is_retryable(), "{ended:?}");
    assert!(rows.modern().records().is_empty());
    rows.tracker().poll().await.unwrap();
    assert!(backfill.run(pending()).await.unwrap().is_done);
    assert_eq!(rows.modern().records().len(), 1);
}
