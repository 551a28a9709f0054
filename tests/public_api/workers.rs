//! The workers that move and prove the data.

use std::future::pending;
use std::sync::Arc;

use strangler_fig::backfill::{
    BackfillConfig, BackfillError, BackfillReport, Backfiller, Checkpoint, CheckpointStore, Claim,
    FailedKey, JobName, JobNameError, Partition, PartitionState, WorkerName, WorkerNameError,
};
use strangler_fig::consistency::{
    CheckMode, CheckReport, CheckerConfig, Comparator, ConsistencyChecker, Difference,
    DifferenceCounts, DifferenceKind, DigestWork, Exact, FieldComparator, FieldDifference, Sample,
    UncheckedKey, Uncovered, Verdict,
};
use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue};
use strangler_fig::phase::Share;
use strangler_fig::worker::{
    Eta, PageSize, Progress, RateLimit, ScanError, Throttle, WorkerControl, WorkerState,
};

use super::{Store, assert_error, assert_send, assert_shared, assert_value, rows};

#[test]
fn a_backfill_may_run_in_any_task() {
    let checkpoints: Arc<dyn CheckpointStore> = Arc::new(InMemoryCheckpointStore::default());
    let repairs = Arc::new(InMemoryRepairQueue::default());
    let backfiller = Backfiller::new(&rows(), checkpoints, repairs, "rows".parse().unwrap())
        .with_config(BackfillConfig::default())
        .with_boundaries(vec![7])
        .with_worker_name("node-1".parse().unwrap())
        .with_control(WorkerControl::new());
    assert_send(&backfiller.run(pending()));
    assert_send(&backfiller.dry_run(pending()));
    assert_shared::<Backfiller<Store, Store>>();
    assert_shared::<Arc<dyn Throttle>>();
    assert_eq!(backfiller.progress().eta, Eta::Unknown);
}

#[test]
fn a_check_may_run_in_any_task() {
    let checker = ConsistencyChecker::new(&rows())
        .with_config(CheckerConfig::default())
        .with_comparator(Exact)
        .with_repair_queue(Arc::new(InMemoryRepairQueue::default()))
        .with_control(WorkerControl::new());
    assert_send(&checker.full(pending()));
    assert_send(&checker.sampled(Sample::of(Share::WHOLE, 7), pending()));
    assert_send(&checker.keys([7], pending()));
    assert_send(&checker.digest(pending()));
    assert_send(&checker.continuous(drop, pending()));
    assert_send(&checker.continuous_digest(drop, pending()));
    assert_shared::<ConsistencyChecker<Store, Store>>();
    assert_shared::<Arc<dyn Comparator<u32>>>();
    assert_shared::<FieldComparator>();
}

#[test]
fn what_a_check_says_are_values() {
    assert_value::<(CheckReport<u32>, CheckMode, Verdict, DifferenceCounts, DigestWork)>();
    assert_value::<(Difference<u32>, DifferenceKind, FieldDifference, Sample)>();
    assert_value::<(UncheckedKey<u32>, Uncovered<u32>)>();
}

#[test]
fn what_workers_say_are_values_and_errors() {
    assert_value::<(JobName, WorkerName, Partition, Checkpoint, PartitionState, Claim)>();
    assert_value::<(BackfillReport, FailedKey, Progress, Eta)>();
    assert_value::<(PageSize, RateLimit, WorkerState)>();
    assert_error::<BackfillError>();
    assert_error::<JobNameError>();
    assert_error::<WorkerNameError>();
    assert_error::<ScanError>();
}

#[cfg(feature = "testkit")]
#[expect(dead_code, reason = "it is compiled, not run")]
fn suites<C: strangler_fig::testkit::conformance::CheckpointFixture>() {
    use strangler_fig::testkit::conformance::{Fact, checkpoint};
    let _: Vec<Fact<C>> = checkpoint::facts();
}

#[cfg(feature = "mockall")]
#[test]
fn the_workers_contracts_have_mocks() {
    use strangler_fig::mock::{MockCheckpointStore, MockThrottle};
    let _ = (MockCheckpointStore::new(), MockThrottle::new());
}
