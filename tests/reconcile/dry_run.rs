//! A dry run says what would be done, and does nothing.

use std::future::{pending, ready};

use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::{Phase, Side};
use strangler_fig::reconcile::{ReconcileError, RepairNote, RepairQueue};
use strangler_fig::repository::{Join, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::faults::Fault;

use crate::support::{HOUR, Store, World, stamp};

async fn put(side: &Store, key: u32, stamp: Stamp, value: &'static str) {
    side.inner().apply(&key, &Record::live(stamp, (key, value))).await.unwrap();
}

/// One key of each kind.
async fn of_each_kind() -> World {
    let world = World::new(Phase::Live);
    put(&world.legacy, 1, stamp(1), "level").await;
    put(&world.modern, 1, stamp(1), "level").await;
    put(&world.legacy, 2, stamp(1), "to modern").await;
    put(&world.modern, 3, stamp(1), "to legacy").await;
    put(&world.legacy, 4, stamp(1), "one").await;
    put(&world.modern, 4, stamp(1), "other").await;
    put(&world.legacy, 5, Stamp::MAX, "one").await;
    put(&world.modern, 5, Stamp::MAX, "other").await;
    world.note(1..=5).await;
    let note = RepairNote { key: vec![9], reason: "mismatch".to_owned() };
    world.queue.note(&[note]).await.unwrap();
    world
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_each_join_would_do_and_writes_nothing() {
    let world = of_each_kind().await;
    let before = (world.waiting().await, world.legacy.inner().records());
    let modern = world.modern.inner().records();
    let preview = world.reconciler().dry_run(pending()).await.unwrap();
    let text = "6 keys wait: 1 are level, 1 to be copied to modern, 1 to legacy, 1 conflicts, \
                1 stuck, 1 could not be read";
    assert_eq!(preview.to_string(), text);
    assert!(preview.is_complete);
    let joins: Vec<_> = preview.planned.iter().map(|it| (it.key, it.join)).collect();
    let settled =
        Join::Settle { from: Side::Modern, stamp: stamp(1).successor().unwrap(), both: true };
    assert_eq!(
        joins,
        [
            (1, Join::Level),
            (2, Join::Copy { from: Side::Legacy }),
            (3, Join::Copy { from: Side::Modern }),
            (4, settled),
            (5, Join::Stuck)
        ]
    );
    assert_eq!((world.legacy.applies(), world.modern.applies()), (0, 0));
    assert_eq!((world.waiting().await, world.legacy.inner().records()), before);
    assert_eq!(world.modern.inner().records(), modern);
    let report = world.drain().await;
    assert_eq!((report.taken, report.repaired()), (6, 4), "nothing was taken before");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_counts_what_it_could_not_read_and_lists_no_more_than_asked_for() {
    let world = of_each_kind().await;
    world.legacy.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
    let reconciler = world.reconciler().with_config(world.config().with_plans_kept(2));
    let preview = reconciler.dry_run(pending()).await.unwrap();
    assert_eq!((preview.keys, preview.failed, preview.planned.len()), (6, 2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_that_is_stopped_says_that_it_is_not_complete() {
    let world = of_each_kind().await;
    let preview = world.reconciler().dry_run(ready(())).await.unwrap();
    assert_eq!((preview.keys, preview.is_complete), (0, false));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_lists_the_same_keys_again_is_an_error() {
    let world = World::new(Phase::DualWrite);
    world.note(0..40).await;
    world.queue.set_repeating(true);
    let previewed = tokio::time::timeout(HOUR, world.reconciler().dry_run(pending())).await;
    let error = previewed.unwrap().unwrap_err();
    assert!(matches!(error, ReconcileError::Queue { failures: 1, .. }), "{error}");
    assert!(!error.is_retryable());
}
