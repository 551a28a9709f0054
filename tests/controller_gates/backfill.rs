//! Whether the backfill has come to its end.

use std::future::pending;
use std::sync::Arc;

use strangler_fig::backfill::{Backfiller, Checkpoint, CheckpointStore, JobName, Partition};
use strangler_fig::controller::{BackfillComplete, RejectionsZero};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryRepository};
use strangler_fig::phase::{MigrationState, PhaseTracker};
use strangler_fig::repository::MigrationRepository;
use strangler_fig::testkit::faults::{Fault, FaultyRepository};

use super::support::{MINUTE, World, closed, open};

fn job() -> JobName {
    "users 2026".parse().unwrap()
}

async fn finish(store: &InMemoryCheckpointStore, scanned: u64, failed: u64) {
    let claim = store.claim(&job(), &"node-1".parse().unwrap(), MINUTE).await.unwrap().unwrap();
    let mut done = Checkpoint::default();
    (done.is_done, done.scanned, done.failed) = (true, scanned, failed);
    store.save(&claim, &done, MINUTE).await.unwrap();
}

#[tokio::test]
async fn it_is_closed_until_the_last_partition_is_done() {
    let (store, world) = (InMemoryCheckpointStore::default(), World::of(1));
    let gate = BackfillComplete::new(Arc::new(store.clone()), job());
    let none = world.read(&gate).await;
    assert_eq!(closed(&none), "no backfill users 2026 has begun");

    let first = Partition { after: None, until: vec![4] };
    let second = Partition { after: Some(vec![4]), until: vec![9] };
    store.open(&job(), &[first, second]).await.unwrap();
    let saw = "0 of 2 partitions are done, 0 records read, 0 not taken by modern";
    assert_eq!(closed(&world.read(&gate).await), saw);

    finish(&store, 5, 0).await;
    let saw = "1 of 2 partitions are done, 5 records read, 0 not taken by modern";
    assert_eq!(closed(&world.read(&gate).await), saw);

    finish(&store, 7, 2).await;
    let saw = "2 of 2 partitions are done, 12 records read, 2 not taken by modern";
    assert_eq!(open(&world.read(&gate).await), saw);
}

/// It speaks of the job, and not of the way that the migration is on: after a return to
/// `LegacyOnly` whoever moves it says that the job begins anew.
#[tokio::test]
async fn a_job_that_is_done_leaves_it_open_until_the_job_is_forgotten() {
    let (store, world) = (InMemoryCheckpointStore::default(), World::of(1));
    let gate = BackfillComplete::new(Arc::new(store.clone()), job());
    store.open(&job(), &[Partition { after: None, until: vec![4] }]).await.unwrap();
    finish(&store, 5, 0).await;
    open(&world.read(&gate).await);
    store.open(&job(), &[Partition { after: None, until: vec![9] }]).await.unwrap();
    open(&world.read(&gate).await);
    store.remove(&job()).await.unwrap();
    closed(&world.read(&gate).await);
}

#[tokio::test]
async fn another_job_s_end_is_not_this_one_s() {
    let store = InMemoryCheckpointStore::default();
    store.open(&job(), &[Partition { after: None, until: vec![4] }]).await.unwrap();
    finish(&store, 1, 0).await;
    let gate = BackfillComplete::new(Arc::new(store), "orders".parse().unwrap());
    closed(&World::of(1).read(&gate).await);
}

#[tokio::test(start_paused = true)]
async fn what_modern_did_not_take_leaves_it_open_and_closes_the_gate_of_rejections() {
    let [legacy, modern] = [(); 2].map(|()| {
        FaultyRepository::new(InMemoryRepository::new(|row: &(u32, &'static str)| row.0))
    });
    let tracker = PhaseTracker::detached(MigrationState::new("users".parse().unwrap()));
    for key in 0..3 {
        legacy.inner().plant((key, "Ada"));
    }
    modern.push_apply(Fault::Refuse(StoreErrorKind::Rejected));
    let users = MigrationRepository::new(legacy, modern, tracker).unwrap();
    let store = Arc::new(InMemoryCheckpointStore::default());
    let queue = Arc::new(InMemoryRepairQueue::default());
    let report = Backfiller::new(&users, store.clone(), queue.clone(), job()).run(pending()).await;
    assert_eq!(report.unwrap().failed, 1);

    let world = World::of(1);
    let done = world.read(&BackfillComplete::new(store, job())).await;
    assert!(open(&done).ends_with("3 records read, 1 not taken by modern"), "{done}");
    let rejected = world.read(&RejectionsZero::new(queue)).await;
    assert_eq!(closed(&rejected), "1 keys in the queue were rejected");
}
