//! What fails on the way, and is not lost.

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::backfill::{
    BackfillError, Checkpoint, CheckpointStore, Claim, JobName, Partition, PartitionState,
    WorkerName,
};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::key::KeyExt;
use strangler_fig::memory::InMemoryCheckpointStore;
use strangler_fig::phase::{Fleet, Move, MoveId, Phase};
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::testkit::faults::Fault;

use super::support::{World, job, pages};

#[tokio::test(start_paused = true)]
async fn what_modern_rejects_is_noted_and_the_rest_is_copied() {
    let world = World::with_rows(20);
    for key in 0..20 {
        let refused = Fault::Refuse(StoreErrorKind::Rejected);
        world.sides[1].push_apply((key == 3 || key == 11).then_some(refused));
    }
    let report = world.backfiller(pages(5, 1)).run(pending()).await.unwrap();
    assert!(report.is_done);
    assert_eq!((report.copied, report.failed), (18, 2));
    let all = NonZeroUsize::new(10).unwrap();
    let noted = world.repairs.take(all, Duration::from_secs(1)).await.unwrap();
    let keys: Vec<_> = noted.iter().map(|entry| entry.key[3]).collect();
    assert_eq!(keys, [3, 11]);
    assert!(noted.iter().all(|entry| entry.reason == "backfill_failed"));
    let named: Vec<_> = report.failed_keys.iter().map(|failed| failed.key.as_str()).collect();
    assert_eq!(named, ["00000003", "0000000b"]);
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_a_while_is_tried_again() {
    let world = World::with_rows(4);
    world.sides[1].push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    world.sides[1].push_apply(Fault::FailAfter);
    let report = world.backfiller(pages(4, 1)).run(pending()).await.unwrap();
    assert_eq!((report.copied, report.level, report.failed), (3, 1, 0));
    assert!(world.is_level());
}

#[tokio::test(start_paused = true)]
async fn while_modern_is_away_its_rows_are_not_noted_one_by_one() {
    let world = World::with_rows(1_000);
    (0..20).for_each(|_| world.sides[1].push_apply(None));
    world.sides[1].always_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    let error = world.backfiller(pages(10, 4)).run(pending()).await.unwrap_err();
    assert!(matches!(error, BackfillError::Modern(_)) && error.is_retryable(), "{error}");
    assert_eq!(world.repairs.depth().await.unwrap().waiting, 0);
    assert_eq!(world.done_until().await, Some(19), "what was copied before is done");
    world.sides[1].heal();
    assert!(world.backfiller(pages(10, 4)).run(pending()).await.unwrap().is_done);
    assert!(world.is_level());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_on_every_third_page_is_read_to_the_end() {
    let world = World::with_rows(60);
    for scan in 0..60 {
        let refused = Fault::Refuse(StoreErrorKind::Unavailable);
        world.sides[0].push_scan((scan % 3 == 2).then_some(refused));
    }
    let report = world.backfiller(pages(2, 2)).run(pending()).await.unwrap();
    assert!(report.is_done && report.scanned == 60 && world.is_level());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_read_is_an_error_and_the_checkpoint_stands() {
    let world = World::with_rows(20);
    world.sides[0].push_scan(None); // where it ends
    world.sides[0].push_scan(None); // the first page
    world.sides[0].always_scan(Fault::Refuse(StoreErrorKind::Unavailable));
    let error = world.backfiller(pages(5, 1)).run(pending()).await.unwrap_err();
    assert_eq!(error.to_string(), "legacy could not be scanned");
    assert!(error.is_retryable());
    assert_eq!(world.done_until().await, Some(4), "the first page was written");
    world.sides[0].heal();
    let report = world.backfiller(pages(5, 1)).run(pending()).await.unwrap();
    assert!(report.is_done && report.scanned == 15);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_evicted_copies_no_more() {
    use strangler_fig::memory::InMemoryStateService;
    use strangler_fig::phase::{
        MigrationState, MigrationStateService, PhaseTracker, TrackerConfig,
    };
    let service = Arc::new(InMemoryStateService::default());
    let (name, node) = ("rows".parse::<strangler_fig::phase::MigrationName>().unwrap(), "node");
    service.create(&MigrationState::new(name.clone())).await.unwrap();
    let config = TrackerConfig::default();
    let tracker = PhaseTracker::start(service.clone(), name.clone(), node.parse().unwrap(), config);
    let tracker = tracker.await.unwrap();
    let world = World::of(Arc::clone(&tracker), 20);
    let lease = service.leases(&name).await.unwrap().remove(0);
    service.evict(&name, &lease).await.unwrap();
    let _ = tracker.poll().await;
    let error = world.backfiller(pages(5, 1)).run(pending()).await.unwrap_err();
    assert!(matches!(error, BackfillError::Closed), "{error}");
    assert!(world.modern.records().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_page_read_before_the_eviction_is_not_written() {
    use strangler_fig::memory::InMemoryStateService;
    use strangler_fig::phase::{
        MigrationState, MigrationStateService, PhaseTracker, TrackerConfig,
    };
    use strangler_fig::testkit::faults::Pause;
    let service = Arc::new(InMemoryStateService::default());
    let (name, node) = ("rows".parse::<strangler_fig::phase::MigrationName>().unwrap(), "node");
    service.create(&MigrationState::new(name.clone())).await.unwrap();
    let config = TrackerConfig::default();
    let tracker = PhaseTracker::start(service.clone(), name.clone(), node.parse().unwrap(), config);
    let tracker = tracker.await.unwrap();
    let world = World::of(Arc::clone(&tracker), 20);
    let whole = Partition { after: None, until: 19_u32.to_bytes() };
    world.checkpoints.open(&job(), &[whole]).await.unwrap();
    let gate = world.sides[0].pause_next_scan(Pause::AfterEffect);
    let backfiller = world.backfiller(pages(5, 1));
    let running = tokio::spawn(async move { backfiller.run(pending()).await });
    gate.reached().await;
    tracker.release().await.unwrap();
    gate.open();
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, BackfillError::Closed), "{error}");
    assert!(world.modern.records().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_forgets_its_stamps_is_not_written_to() {
    use strangler_fig::backfill::Backfiller;
    use strangler_fig::memory::{InMemoryRepairQueue, InMemoryRepository, in_memory_tables};
    use strangler_fig::phase::{MigrationState, PhaseTracker, Scopes, Side, TrackerConfig};
    use strangler_fig::repository::{MigrationRepository, Unstamped};
    use strangler_fig::stamp::{StampClock, StampScope};
    let legacy = InMemoryRepository::new(|row: &(u32, u32)| row.0);
    legacy.plant((1, 1));
    let mut state = MigrationState::new("rows".parse().unwrap());
    for to in [Phase::Cutover, Phase::Live] {
        let fleet = settled(&state);
        let id = MoveId::random().unwrap();
        if state.base().phase == Phase::Cutover {
            let swept = Move::Complete(state.begin_sweep(&fleet).finish(0, 0));
            state = state.transition(&swept, id, &fleet).unwrap();
        }
        state = state.transition(&Move::to(to), id, &settled(&state)).unwrap();
    }
    let scopes = Scopes { modern: StampScope::Process, ..Scopes::default() };
    let config = TrackerConfig::default().with_scopes(scopes);
    let (tracker, stamps) =
        (PhaseTracker::detached_with(state, config), StampClock::new().unwrap());
    let plain = in_memory_tables(|row: &(u32, u32)| row.0).0;
    let modern = Unstamped::new(plain, Side::Modern, tracker.clone(), &stamps);
    let rows = MigrationRepository::new(legacy, modern, tracker).unwrap();
    let checkpoints = Arc::new(InMemoryCheckpointStore::default());
    let repairs = Arc::new(InMemoryRepairQueue::default());
    let error = Backfiller::new(&rows, checkpoints, repairs, job()).run(pending()).await;
    assert!(matches!(error, Err(BackfillError::ForgetfulModern)), "{error:?}");
}

fn settled(state: &strangler_fig::phase::MigrationState) -> Fleet {
    use strangler_fig::phase::{Incarnation, NodeId, NodeLease};
    let node = NodeId { name: "node".parse().unwrap(), incarnation: Incarnation::fixed(1) };
    Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())])
}

/// Checkpoints that fail on every third call, or on every one.
#[derive(Debug)]
struct Unreliable {
    inner: InMemoryCheckpointStore,
    calls: AtomicU32,
    every: u32,
    kind: StoreErrorKind,
}

impl Unreliable {
    fn failing_every(world: &World, every: u32, kind: StoreErrorKind) -> Arc<Self> {
        let (inner, calls) = (world.checkpoints.clone(), AtomicU32::new(0));
        Arc::new(Self { inner, calls, every, kind })
    }

    /// What the call is to answer after it has had its effect.
    fn fault(&self) -> Result<(), StoreError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if call % self.every == 0 {
            Err(StoreError::new(self.kind, "the disk is full"))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl CheckpointStore for Unreliable {
    async fn open(&self, job: &JobName, partitions: &[Partition]) -> Result<(), StoreError> {
        self.inner.open(job, partitions).await?;
        self.fault()
    }
    async fn load(&self, job: &JobName) -> Result<Vec<PartitionState>, StoreError> {
        self.fault()?;
        self.inner.load(job).await
    }
    async fn claim(
        &self,
        job: &JobName,
        worker: &WorkerName,
        term: Duration,
    ) -> Result<Option<Claim>, StoreError> {
        self.fault()?;
        self.inner.claim(job, worker, term).await
    }
    async fn save(
        &self,
        claim: &Claim,
        checkpoint: &Checkpoint,
        term: Duration,
    ) -> Result<(), StoreError> {
        if self.kind == StoreErrorKind::Unknown {
            self.inner.save(claim, checkpoint, term).await?; // and the answer is lost
            return self.fault();
        }
        self.fault()?;
        self.inner.save(claim, checkpoint, term).await
    }
    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        self.fault()?;
        self.inner.release(claim).await
    }
    async fn remove(&self, job: &JobName) -> Result<(), StoreError> {
        self.inner.remove(job).await
    }
}

#[tokio::test(start_paused = true)]
async fn checkpoints_that_fail_now_and_then_are_saved_again() {
    for kind in [StoreErrorKind::Unavailable, StoreErrorKind::Unknown] {
        let world = World::with_rows(50);
        let checkpoints = Unreliable::failing_every(&world, 3, kind);
        let report = world.backfiller_with(checkpoints, pages(5, 2)).run(pending()).await.unwrap();
        assert!(report.is_done && report.claims_lost == 0 && world.is_level(), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_that_cannot_be_written_ends_the_run_and_loses_nothing() {
    let world = World::with_rows(50);
    world.backfiller(pages(5, 2)).run(std::future::ready(())).await.unwrap();
    let checkpoints = Unreliable::failing_every(&world, 1, StoreErrorKind::Rejected);
    let error = world.backfiller_with(checkpoints, pages(5, 2)).run(pending()).await.unwrap_err();
    assert_eq!(error.to_string(), "the checkpoints of job rows could not be reached");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.source().unwrap().to_string(), "the disk is full");
    assert!(world.backfiller(pages(5, 2)).run(pending()).await.unwrap().is_done);
    assert!(world.is_level());
}

#[tokio::test(start_paused = true)]
async fn a_job_of_other_keys_is_refused() {
    let world = World::with_rows(5);
    let foreign = [Partition { after: None, until: vec![1, 2] }];
    world.checkpoints.open(&job(), &foreign).await.unwrap();
    let error = world.backfiller(pages(5, 2)).run(pending()).await.unwrap_err();
    assert_eq!(error.to_string(), "the checkpoints of job rows are not of these keys");
    assert!(!error.is_retryable());
    let found = world.checkpoints.load(&job()).await.unwrap();
    assert_eq!(found[0].holder, None, "those whose job it is need not wait");
}
