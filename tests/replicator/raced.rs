//! Changes that meet an older copy of their row on its way to modern.

use std::future::pending;
use std::sync::Arc;

use strangler_fig::backfill::Backfiller;
use strangler_fig::memory::InMemoryCheckpointStore;
use strangler_fig::phase::{Move, Phase, PhaseTracker};
use strangler_fig::reconcile::Reconciler;
use strangler_fig::replicator::ReplicatorReport;
use strangler_fig::repository::{Joined, StampedRepository};
use strangler_fig::stamp::Record;
use strangler_fig::testkit::faults::Pause;

use crate::support::{Row, World, after, settled, stamp, state_in};

fn backfiller(world: &World) -> Backfiller<crate::support::Store, crate::support::Store> {
    let checkpoints = Arc::new(InMemoryCheckpointStore::default());
    Backfiller::new(&world.rows, checkpoints, world.repairs.clone(), "rows".parse().unwrap())
}

/// A replicator catches up, and an older copy of the row gets to modern just before what it brings.
async fn an_old_copy_comes_first(world: &World, old: &Record<Row>) -> ReplicatorReport {
    let gate = world.modern.pause_next_apply(Pause::BeforeEffect);
    let replicator = world.replicator();
    let copying = async {
        gate.reached().await;
        world.modern.inner().apply(&1, old).await.unwrap();
        gate.open();
    };
    tokio::join!(replicator.catch_up(pending()), copying).0.unwrap()
}

/// Other code changes a row and leaves its stamp, while a copy of the row as it was is on its way.
#[tokio::test(start_paused = true)]
async fn a_change_that_keeps_its_stamp_is_not_lost_to_an_older_copy() {
    let world = World::new(Phase::DualWrite);
    world.legacy.inner().plant((1, "old"));
    let old = world.legacy.inner().read(&1).await.unwrap();
    world.outside((1, "new"));
    assert_eq!(an_old_copy_comes_first(&world, &old).await.copied, 1);
    assert_eq!(world.values(1).await, [Some("new"); 2]);
}

/// The same with a stamp that both sides have got meanwhile: a write through the crate, and other code upon it.
#[tokio::test(start_paused = true)]
async fn a_change_that_keeps_a_later_stamp_is_not_lost_to_the_write_it_changed() {
    let world = World::new(Phase::DualWrite);
    world.legacy.inner().plant((1, "old"));
    let gate = world.modern.pause_next_apply(Pause::BeforeEffect);
    let writing = async {
        gate.reached().await;
        let write = Record::live(stamp(5), (1, "written"));
        for side in [&world.legacy, &world.modern] {
            side.inner().apply(&1, &write).await.unwrap();
        }
        world.legacy.inner().plant((1, "new"));
        gate.open();
    };
    let (joined, ()) = tokio::join!(world.rows.join(&1), writing);
    assert_eq!(joined.unwrap(), Joined::Settled);
    assert_eq!(world.values(1).await, [Some("new"); 2]);
}

#[tokio::test(start_paused = true)]
async fn where_the_larger_stamp_counts_two_contents_of_one_stamp_are_settled() {
    let world = World::new(Phase::RampDown);
    let [one, other] = ["one", "other"].map(|word| Record::live(stamp(5), (1, word)));
    world.modern.inner().apply(&1, &one).await.unwrap();
    let gate = world.legacy.pause_next_apply(Pause::BeforeEffect);
    let settling = async {
        gate.reached().await;
        world.legacy.inner().apply(&1, &other).await.unwrap();
        gate.open();
    };
    let (joined, ()) = tokio::join!(world.rows.join(&1), settling);
    assert_eq!(joined.unwrap(), Joined::Settled);
    assert_eq!(world.values(1).await, [Some("one"); 2]);
}

/// A backfill has read a row and is about to copy it when the row goes without a trace, and `told` is what hears of that.
/// Modern has not seen the row yet: nothing else would hold up the copy.
async fn a_row_goes_under_a_backfill(world: &World, told: impl AsyncFnOnce()) {
    world.legacy.inner().plant((1, "old"));
    let gate = world.modern.pause_next_apply(Pause::BeforeEffect);
    let backfiller = backfiller(world);
    let deleting = async {
        gate.reached().await;
        world.outside_deletes(1);
        told().await;
        gate.open();
    };
    let (report, ()) = tokio::join!(backfiller.run(pending()), deleting);
    assert!(report.unwrap().is_done);
    assert_eq!(world.values(1).await, [None; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_not_undone_by_a_backfill_on_its_way() {
    let world = World::new(Phase::DualWrite);
    let told = async || assert_eq!(world.catch_up().await.level, 1);
    a_row_goes_under_a_backfill(&world, told).await;
}

#[tokio::test(start_paused = true)]
async fn nor_is_one_that_was_noted_and_repaired() {
    let world = World::new(Phase::DualWrite);
    let told = async || {
        world.modern.inner().spoil(1);
        world.outside((2, "good"));
        let report = world.catch_up().await;
        assert_eq!((report.copied, report.noted), (1, 1), "{report}");
        world.modern.inner().mend();
        let reconciler = Reconciler::new(&world.rows, world.repairs.clone());
        assert_eq!(reconciler.drain(pending()).await.unwrap().level, 1);
    };
    a_row_goes_under_a_backfill(&world, told).await;
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_comes_while_the_deletion_is_carried_over_is_taken_back() {
    let world = World::new(Phase::DualWrite);
    world.legacy.inner().plant((1, "old"));
    let old = world.legacy.inner().read(&1).await.unwrap();
    world.outside_deletes(1);
    assert_eq!(an_old_copy_comes_first(&world, &old).await.changes, 1);
    assert_eq!(world.values(1).await, [None; 2]);
}

/// What holds up an old copy holds up nothing that is new.
#[tokio::test(start_paused = true)]
async fn a_row_that_was_deleted_comes_back_when_it_is_made_again() {
    for is_backfilled in [false, true] {
        let world = World::new(Phase::DualWrite);
        world.outside_deletes(1);
        world.catch_up().await;
        world.outside((1, "again"));
        if is_backfilled {
            backfiller(&world).run(pending()).await.unwrap();
        }
        world.catch_up().await;
        assert_eq!(world.values(1).await, [Some("again"); 2]);
        world.outside_deletes(2);
        world.catch_up().await;
        world.rows.save((2, "again")).await.unwrap();
        world.rows.drained().await;
        assert_eq!(world.values(2).await, [Some("again"); 2]);
    }
}

/// Once legacy was left behind the larger stamp counts: a tombstone of ours could delete a row that was made anew.
#[tokio::test(start_paused = true)]
async fn where_the_larger_stamp_counts_a_hint_of_nothing_leaves_nothing() {
    let there = after(&state_in(Phase::RampDown), &Move::to(Phase::Cutover));
    let swept = there.begin_sweep(&settled(&there)).finish(0, 0);
    let back = after(&after(&there, &Move::Complete(swept)), &Move::to(Phase::DualWrite));
    let world = World::with_tracker(PhaseTracker::detached(back));
    world.outside_deletes(1);
    assert_eq!(world.catch_up().await.level, 1);
    assert_eq!(world.modern.inner().records(), []);
}
