//! Several workers, one job.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use strangler_fig::backfill::{BackfillError, Backfiller, CheckpointStore};
use strangler_fig::testkit::faults::Fault;
use tokio::time::{sleep, timeout};

use super::support::{Side, World, job, pages};

fn worker(world: &World) -> Backfiller<Side, Side> {
    let config = pages(5, 2).with_claim_term(Duration::from_secs(10));
    world.backfiller(config).with_boundaries(vec![24, 49, 74])
}

#[tokio::test(start_paused = true)]
async fn workers_share_the_partitions() {
    let world = World::with_rows(100);
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(10)));
    let workers = [(); 3].map(|()| worker(&world));
    let [a, b, c] = &workers;
    let (a, b, c) = tokio::join!(a.run(pending()), b.run(pending()), c.run(pending()));
    let reports = [a, b, c].map(Result::unwrap);
    assert!(world.is_level());
    assert_eq!(reports.iter().map(|report| report.scanned).sum::<u64>(), 100, "each row once");
    for report in reports {
        assert!(report.is_done && report.partitions == 4 && report.scanned >= 25, "{report}");
        assert!(report.duration < Duration::from_secs(3), "they waited for the last one only");
    }
}

/// The process was suspended, its claim ran out, another finished its work.
#[tokio::test(start_paused = true)]
async fn a_worker_that_was_paused_too_long_cannot_write_a_checkpoint() {
    let world = World::with_rows(100);
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(10)));
    let (slow, quick) = (worker(&world), worker(&world));
    let mut paused = pin!(slow.run(pending()));
    assert!(timeout(Duration::from_millis(80), &mut paused).await.is_err());
    sleep(Duration::from_secs(60)).await; // nobody polls it
    let report = quick.run(pending()).await.unwrap();
    assert!(report.is_done);
    let finished = world.checkpoints.load(&job()).await.unwrap();
    let report = paused.await.unwrap();
    assert_eq!((report.claims_lost, report.is_done), (1, true));
    assert_eq!(world.checkpoints.load(&job()).await.unwrap(), finished);
    assert!(world.is_level());
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_worker_left_is_taken_over() {
    let world = World::with_rows(100);
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(10)));
    let dead = worker(&world);
    assert!(timeout(Duration::from_millis(80), dead.run(pending())).await.is_err());
    let heir = worker(&world);
    let report = heir.run(pending()).await.unwrap();
    assert!(report.is_done && world.is_level());
    assert!(
        report.duration >= Duration::from_secs(9),
        "it waited for the term: {:?}",
        report.duration
    );
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_stopped_gives_its_partition_back() {
    let world = World::with_rows(100);
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(10)));
    let stopped = worker(&world).run(sleep(Duration::from_millis(80))).await.unwrap();
    assert!(!stopped.is_done && stopped.scanned > 0);
    let heir = worker(&world).run(pending()).await.unwrap();
    assert!(heir.is_done && heir.duration < Duration::from_secs(3), "it waited for no term");
    assert_eq!(stopped.scanned + heir.scanned, 100, "and did nothing twice");
}

#[tokio::test(start_paused = true)]
async fn whoever_begins_the_job_decides_its_partitions() {
    let world = World::with_rows(100);
    worker(&world).run(std::future::ready(())).await.unwrap();
    let other = world.backfiller(pages(5, 2)).with_boundaries(vec![1, 2, 3]);
    assert_eq!(other.run(pending()).await.unwrap().partitions, 4);
    let last = world.checkpoints.load(&job()).await.unwrap().pop().unwrap();
    assert_eq!(last.partition.until, [0, 0, 0, 99]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_removed_meanwhile_is_not_done() {
    let world = World::with_rows(100);
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(10)));
    let operator = async {
        sleep(Duration::from_millis(80)).await;
        world.checkpoints.remove(&job()).await.unwrap();
    };
    let worker = worker(&world);
    let (report, ()) = tokio::join!(worker.run(pending()), operator);
    let report = report.unwrap();
    assert!(!report.is_done && !world.is_level(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn of_two_workers_of_one_name_one_ends_with_an_error() {
    let world = World::with_rows(100);
    world.sides[1].always_apply(Fault::Delay(Duration::from_millis(10)));
    let worker = worker(&world);
    let both = async { tokio::join!(worker.run(pending()), worker.run(pending())) };
    let (a, b) = timeout(Duration::from_secs(600), both).await.unwrap();
    let (left, stayed) = if a.is_err() { (a, b) } else { (b, a) };
    assert!(stayed.unwrap().is_done && world.is_level());
    let error = left.unwrap_err();
    assert!(matches!(error, BackfillError::NameTaken { .. }), "{error}");
    assert!(!error.is_retryable());
}
