//! The public paths, by name, and what users may rely on about their types.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adapters;
mod debug;
mod debug_locked;
mod events;
#[cfg(feature = "http")]
mod gateway;
mod requests;
mod resilience;
mod routes;
mod seconds;
mod status;
mod workers;

use std::sync::Arc;

use strangler_fig::canonical::{self, CanonicalError};
use strangler_fig::clock::{Clock, ManualClock, SkewedClock, SystemClock};
use strangler_fig::error::{JsonError, StoreError, StoreErrorKind};
use strangler_fig::key::{Key, KeyError, KeyExt};
use strangler_fig::memory::{
    FileStateConfig, FileStateError, FileStateService, InMemoryPlainRepository,
    InMemoryRepairQueue, InMemoryRepository, InMemoryStampStore, InMemoryStateService,
    InMemoryTransaction, in_memory_tables,
};
use strangler_fig::observe::{
    Comparison, Event, LenientOutcome, Observer, Operation, Outcome, field, span,
};
use strangler_fig::phase::{
    Adopted, Bucket, Cohort, CutOver, DocumentError, Family, Fleet, HashVersion, Hold, Incarnation,
    MigrationName, MigrationState, MigrationStateService, Move, MoveError, MoveId, NameError,
    NodeId, NodeLease, NodeName, NodeRole, Part, PartName, Phase, PhaseTracker, ReadPlan, Refused,
    Revision, Salt, Scopes, Share, ShareError, Side, StateWord, SweepEvidence, SweepTicket,
    TrackerConfig, TrackerError, Versioned, WritePlan, primary, read_must_rerun, take_step,
    write_must_rerun,
};
use strangler_fig::reconcile::{
    FailedKey, PlannedRepair, PumpReport, ReconcileError, ReconcileReport, Reconciler,
    ReconcilerConfig, RepairDepth, RepairEntry, RepairNote, RepairPreview, RepairPump, RepairQueue,
    Sweep, SweepConfig, SweepError, SweepReport,
};
use strangler_fig::repository::{
    Access, Answer, Applied, BuildError, ConflictPolicy, DigestRepository, DigestSalt, Divergence,
    DivergenceReason, DivergenceSink, Entity, HashedRecord, Join, JoinRule, Joined, KeyRange,
    ListRepository, MergeRule, Merged, MigrationConfig, MigrationError, MigrationRepository, Page,
    RangeDigest, RecordHash, Repository, ScanRepository, SideStamped, SinkMark, StampStore,
    StampedRepository, TransactionalRepository, Unstamped,
};
use strangler_fig::stamp::{
    DRIFT_MAX, EntropyError, Exhausted, Observed, Record, Stamp, StampClock, StampError,
    StampScope, WriterId,
};

type Row = (u32, String);
type Store = InMemoryRepository<u32, Row>;
type Rows = MigrationRepository<Store, Store>;

fn assert_send<T: Send>(_: &T) {}
fn assert_shared<T: Send + Sync + 'static>() {}
fn assert_error<T: std::error::Error + Send + Sync + 'static>() {}
fn assert_value<T: Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static>() {}

fn rows() -> Rows {
    let [legacy, modern] = [(); 2].map(|()| Store::new(|row| row.0));
    Rows::new(legacy, modern, tracker()).unwrap()
}

fn tracker() -> Arc<PhaseTracker> {
    PhaseTracker::detached(MigrationState::new("rows".parse().unwrap()))
}

/// Sides, infrastructure and queries as trait objects: what applications hold.
#[tokio::test]
async fn everything_may_be_a_trait_object() {
    type Dyn = Arc<dyn StampedRepository<Key = u32, Entity = Row>>;
    let sides: [Dyn; 2] = [(); 2].map(|()| Arc::new(Store::new(|row| row.0)) as Dyn);
    let [legacy, modern] = sides;
    let rows = MigrationRepository::new(legacy, modern, tracker()).unwrap();
    let shared: Arc<dyn Repository<Key = u32, Entity = Row>> = Arc::new(rows);
    let task = tokio::spawn(async move {
        shared.save((1, "row".to_owned())).await?;
        let found = shared.find(&1).await?;
        shared.delete(&1).await?;
        Ok::<_, StoreError>(found)
    });
    assert_eq!(task.await.unwrap().unwrap(), Some((1, "row".to_owned())));
    let _: Arc<dyn MigrationStateService> = Arc::new(InMemoryStateService::default());
    let _: Arc<dyn RepairQueue> = Arc::new(InMemoryRepairQueue::default());
    let _: Arc<dyn Clock> = Arc::new(SystemClock);
}

#[test]
fn every_public_future_is_send() {
    let rows = rows();
    assert_send(&rows.read(&1));
    assert_send(&rows.find(&1));
    assert_send(&rows.save((1, String::new())));
    assert_send(&rows.delete(&1));
    assert_send(&rows.find_many(&[1]));
    assert_send(&rows.save_many(vec![]));
    assert_send(&rows.query(|_| async { Ok(1) }, |_| async { Ok(2) }));
    assert_send(&rows.drained());
    assert_send(&Repository::find(&rows, &1));

    let sweep = Sweep::new(&rows);
    let service = Arc::new(InMemoryStateService::default());
    let ticket = rows.tracker().state().begin_sweep(&Fleet::default());
    assert_send(&rows.join(&1));
    let store = rows.legacy();
    assert_send(&store.read_many(&[1]));
    assert_send(&store.digests(DigestSalt::from_bytes([0; 16]), &[KeyRange::all()]));
    assert_send(&sweep.run(ticket, std::future::pending()));
    assert_send(&sweep.establish(&*service, std::future::pending()));
    assert_send(&rows.join_with(&1, &ConflictPolicy::Park));
    assert_send(&rows.plan_join(&1));
    assert_send(&rows.sink().filled());

    let queue: Arc<dyn RepairQueue> = Arc::new(InMemoryRepairQueue::default());
    let pump = RepairPump::new(rows.sink(), queue.clone());
    assert_send(&pump.pump());
    assert_send(&pump.run(std::future::pending()));
    let reconciler = Reconciler::new(&rows, queue);
    assert_send(&reconciler.run(std::future::pending()));
    assert_send(&reconciler.drain(std::future::pending()));
    assert_send(&reconciler.dry_run(std::future::pending()));

    let tracker = tracker();
    assert_send(&tracker.poll());
    assert_send(&tracker.run(std::future::pending()));
    assert_send(&tracker.moved_from(tracker.word()));
    assert_send(&tracker.release());
    let name: MigrationName = "rows".parse().unwrap();
    let node: NodeName = "node".parse().unwrap();
    let step = Move::to(Phase::DualWrite);
    assert_send(&take_step(&*service, &name, &step, None));
    let config = TrackerConfig::default();
    assert_send(&PhaseTracker::start(service, name.clone(), node, config));
}

#[test]
fn handles_may_be_shared_between_threads() {
    assert_shared::<Rows>();
    assert_shared::<Sweep<Store, Store>>();
    assert_shared::<Reconciler<Store, Store>>();
    assert_shared::<RepairPump<u32>>();
    assert_shared::<ConflictPolicy<u32, Row>>();
    assert_shared::<MergeRule<u32, Row>>();
    assert_shared::<PhaseTracker>();
    assert_shared::<Hold>();
    assert_shared::<StampClock>();
    assert_shared::<DivergenceSink<u32>>();
    assert_shared::<Divergence<u32>>();
    assert_shared::<SinkMark>();
    assert_shared::<InMemoryStateService>();
    assert_shared::<FileStateService>();
    assert_shared::<InMemoryRepairQueue>();
    assert_shared::<InMemoryTransaction<u32, Row>>();
    assert_shared::<Unstamped<InMemoryPlainRepository<u32, Row>>>();
    let (plain, stamps) = in_memory_tables(|row: &Row| row.0);
    let _: SideStamped<InMemoryPlainRepository<u32, Row>, InMemoryStampStore<u32, Row>> =
        SideStamped::new(plain, stamps);
}

#[test]
fn errors_are_errors() {
    assert_error::<JsonError>();
    assert_error::<StoreError>();
    assert_error::<CanonicalError>();
    assert_error::<KeyError>();
    assert_error::<NameError>();
    assert_error::<ShareError>();
    assert_error::<StampError>();
    assert_error::<EntropyError>();
    assert_error::<Exhausted>();
    assert_error::<DocumentError>();
    assert_error::<FileStateError>();
    assert_error::<TrackerError>();
    assert_error::<Refused>();
    assert_error::<MoveError>();
    assert_error::<BuildError>();
    assert_error::<MigrationError>();
    assert_error::<SweepError>();
    assert_error::<ReconcileError>();
}

#[test]
fn values_are_values() {
    assert_value::<(Stamp, StampScope, WriterId, Observed, Record<Row>)>();
    assert_value::<(Phase, Family, Side, Share, Bucket, Salt, HashVersion, PartName)>();
    assert_value::<(Part, Cohort, CutOver, MigrationState, StateWord)>();
    assert_value::<(Adopted, Incarnation, MoveId, NodeId, NodeLease, NodeRole, Scopes, Fleet)>();
    assert_value::<(Move, SweepTicket, SweepEvidence, Revision, Versioned)>();
    assert_value::<(ReadPlan, WritePlan, Join, JoinRule, Joined)>();
    assert_value::<(Access, Applied, Answer<Row>, Page<u32, Row>, DivergenceReason)>();
    assert_value::<(RepairNote, RepairEntry, RepairDepth)>();
    assert_value::<(DigestSalt, RecordHash, RangeDigest, HashedRecord<u32>, KeyRange<u32>)>();
    assert_value::<(RepairNote, RepairEntry, RepairDepth, PumpReport, ReconcileReport)>();
    assert_value::<(RepairPreview<u32>, PlannedRepair<u32>, Merged<Row>)>();
    assert_value::<(Event, Operation, Outcome, Comparison, LenientOutcome, StoreErrorKind)>();
}

#[test]
fn what_is_written_down_stays() {
    assert_eq!(DRIFT_MAX.as_secs(), 300);
    let row: (u8, Option<&str>) = (7, Some("Ada"));
    assert_eq!(canonical::to_bytes(&row).unwrap(), b"[i7;?s3:Ada]");
    assert_eq!(canonical::hash(&row, 0).unwrap(), 0x7bef_5f90_ed21_edda_3d13_6a01_2833_bf27);
    canonical::write(&row, |piece| assert_eq!(piece.len(), 12)).unwrap();
    assert_eq!((span::WRITE, field::PHASE), ("strangler.write", "phase"));
    assert_eq!(primary(Phase::Cutover, Family::Modern), Side::Modern);
    assert!(read_must_rerun(Phase::Shadow, Phase::Live));
    assert!(write_must_rerun(Phase::RampDown, Phase::Live));
}

/// Contracts that users implement or name in bounds.
#[expect(dead_code, reason = "it is compiled, not run")]
fn contracts<K, R, D, S, T, P, O>(_: K, _: R, _: D, _: S, _: T, _: P, _: O)
where
    K: Key + KeyExt,
    R: ScanRepository<Entity: Entity>,
    D: DigestRepository,
    T: TransactionalRepository,
    S: StampStore<Transaction = T::Transaction>,
    P: ListRepository,
    O: Observer,
{
    let _ = (ManualClock::at(0), SkewedClock::new(Arc::new(SystemClock), 0));
    let _ = (MigrationConfig::default(), SweepConfig::default(), FileStateConfig::default());
    let _ = ReconcilerConfig::default();
    assert_value::<(FailedKey<u32>, SweepReport<u32>)>();
}

/// What tests of users' adapters are made of.
#[cfg(feature = "testkit")]
#[test]
fn the_testkit_is_where_it_is_said_to_be() {
    use strangler_fig::testkit::conformance::{
        Fact, FactReport, RepairQueueFixture, RepositoryFixture, SideStampedFixture,
        StampedFixture, StateFixture, TablesFixture, digest, list, repair_queue, repository,
        run_all, scan, stamped, state, tables,
    };
    use strangler_fig::testkit::faults::{Fault, FaultPlan, FaultyRepository, Gate, Pause};
    use strangler_fig::testkit::history::{
        BRUTE_FORCE_MAX, History, HistoryChecker, HistoryRecorder, Operation, Verdict, Violation,
        ViolationKind, brute_force, check,
    };

    #[expect(dead_code, reason = "it is compiled, not run")]
    async fn suites<F, D, R, T, S, Q>(fixture: fn() -> std::future::Ready<F>)
    where
        F: StampedFixture,
        D: StampedFixture<Repository: DigestRepository>,
        R: RepositoryFixture<Repository: ListRepository>,
        T: TablesFixture,
        S: StateFixture,
        Q: RepairQueueFixture,
    {
        let facts: Vec<Fact<F>> = stamped::facts();
        let _: Vec<FactReport> = run_all(facts, fixture).await;
        let _ = digest::facts::<D>();
        let _ = (scan::facts::<SideStampedFixture<T>>(), tables::facts::<T>());
        let _ = (repository::facts::<R>(), list::facts::<R>(), state::facts::<S>());
        let _ = (repair_queue::facts::<Q>(), repair_queue::durable_facts::<Q>());
    }
    let _ = (Fault::Hang, FaultPlan::seeded(1), Pause::BeforeEffect, ViolationKind::Lost);
    let faulty = FaultyRepository::new(Store::new(|row| row.0));
    let gate: Gate = faulty.pause_next_apply(Pause::AfterEffect);
    assert_send(&gate.reached());
    assert_send(&faulty.settled());

    let recorder: HistoryRecorder<u32, u32> = HistoryRecorder::new();
    let history: History<u32, u32> = recorder.history();
    let verdict: Verdict<u32, u32> = check(&history);
    let violations: &[Violation<u32, u32>] = verdict.violations();
    assert!(violations.is_empty() && HistoryChecker::default().check(&history).is_linearizable());
    let none: [Operation<u32, u32>; 0] = [];
    assert!(brute_force(&none) && BRUTE_FORCE_MAX > 0);
}

/// Mocks of every contract.
#[cfg(feature = "mockall")]
#[test]
fn the_mocks_are_where_they_are_said_to_be() {
    use strangler_fig::mock::{
        MockClock, MockDigestRepository, MockListRepository, MockMigrationStateService,
        MockObserver, MockRepairQueue, MockRepository, MockScanRepository, MockStampStore,
        MockStampedRepository, MockTransactionalRepository,
    };
    let _ = (MockClock::new(), MockObserver::new(), MockMigrationStateService::new());
    let _ = MockRepairQueue::new();
    let _ = MockRepository::<u32, Row>::new();
    let _ = (MockListRepository::<u32, Row>::new(), MockStampedRepository::<u32, Row>::new());
    let _ = MockScanRepository::<u32, Row>::new();
    let _ = MockDigestRepository::<u32, Row>::new();
    let _: Option<MockTransactionalRepository<u32, Row, ()>> = None;
    let _: Option<MockStampStore<u32, ()>> = None;
}
