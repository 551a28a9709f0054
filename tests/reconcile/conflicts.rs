//! Conflicts: what each policy makes of them.

use std::future::pending;

use strangler_fig::phase::Phase;
use strangler_fig::reconcile::{ReconcileReport, Sweep};
use strangler_fig::repository::{ConflictPolicy, Merged, StampedRepository};
use strangler_fig::stamp::Record;
use strangler_fig::testkit::faults::Pause;

use crate::support::{KEY, Row, World, settled, stamp};

type Policy = ConflictPolicy<u32, Row>;

/// Both sides under one stamp, with different contents.
async fn in_conflict(phase: Phase) -> World {
    let world = World::new(phase);
    world.put(&world.legacy, stamp(1), Some((KEY, "of legacy"))).await;
    world.put(&world.modern, stamp(1), Some((KEY, "of modern"))).await;
    world.note([KEY]).await;
    world
}

async fn drain(world: &World, policy: &Policy) -> ReconcileReport {
    let reconciler = world.reconciler().with_conflict_policy(policy.clone());
    reconciler.drain(pending()).await.unwrap()
}

fn merged_to(merged: Merged<Row>) -> Policy {
    ConflictPolicy::merge(move |_, _, _| merged)
}

#[tokio::test(start_paused = true)]
async fn the_primary_wins_by_default() {
    for (phase, winner) in [(Phase::Cutover, "of legacy"), (Phase::Live, "of modern")] {
        let world = in_conflict(phase).await;
        assert_eq!(world.drain().await.settled, 1);
        assert_eq!(world.values().await, [Some(winner); 2], "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_may_be_parked_and_nothing_is_written() {
    for policy in [Policy::Park, merged_to(Merged::Park)] {
        let world = in_conflict(Phase::Live).await;
        let report = drain(&world, &policy).await;
        assert_eq!((report.parked, report.postponed), (1, 0));
        assert_eq!(world.values().await, [Some("of legacy"), Some("of modern")]);
        assert_eq!(world.legacy.applies() + world.modern.applies(), 0);
        let why = world.why_parked().await;
        assert_eq!(why, ["conflict: equal stamps with different contents"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_conflict_is_merged_to_takes_the_next_stamp_on_both_sides() {
    let merge = Policy::merge(|key, legacy, modern| {
        assert_eq!((legacy.stamp, modern.stamp), (stamp(1), stamp(1)));
        assert_eq!((legacy.value, modern.value), (Some((1, "of legacy")), Some((1, "of modern"))));
        Merged::Content(Some((*key, "of both")))
    });
    let world = in_conflict(Phase::Live).await;
    assert_eq!(drain(&world, &merge).await.settled, 1);
    let next = Record::live(stamp(1).successor().unwrap(), (KEY, "of both"));
    for side in [&world.legacy, &world.modern] {
        assert_eq!(side.inner().records(), [(KEY, next.clone())]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_may_be_merged_to_a_deletion_or_to_the_primary() {
    let world = in_conflict(Phase::Live).await;
    drain(&world, &merged_to(Merged::Content(None))).await;
    assert_eq!(world.values().await, [None; 2]);
    assert!(world.modern.inner().records()[0].1.is_tombstone());

    let world = in_conflict(Phase::Live).await;
    drain(&world, &merged_to(Merged::Primary)).await;
    assert_eq!(world.values().await, [Some("of modern"); 2]);
}

#[tokio::test(start_paused = true)]
async fn where_legacy_wins_every_difference_no_policy_is_asked() {
    let merge = Policy::merge(|_, _, _| unreachable!("nothing is joined into the primary"));
    for policy in [Policy::Park, merge] {
        let world = in_conflict(Phase::DualWrite).await;
        assert_eq!(drain(&world, &policy).await.settled, 1);
        assert_eq!(world.values().await, [Some("of legacy"); 2]);
        assert_eq!(world.legacy.applies(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_of_another_key_is_refused() {
    let world = in_conflict(Phase::Live).await;
    let report = drain(&world, &merged_to(Merged::Content(Some((7, "elsewhere"))))).await;
    assert_eq!((report.postponed, report.settled), (1, 0));
    assert_eq!(world.legacy.applies() + world.modern.applies(), 0);
    let error = world.waiting().await.remove(0).error.unwrap();
    assert!(error.ends_with("the conflict was merged to an entity of another key"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_merge_that_panics_is_a_failed_attempt() {
    let world = in_conflict(Phase::Live).await;
    let report = drain(&world, &Policy::merge(|_, _, _| panic!("a bug"))).await;
    assert_eq!(report.postponed, 1);
    assert_eq!(world.waiting().await[0].error.as_deref(), Some("the join panicked"));
}

#[tokio::test(start_paused = true)]
async fn a_merge_never_beats_a_write_that_came_meanwhile() {
    for late in [true, false] {
        let world = in_conflict(Phase::Live).await;
        let side = if late { &world.modern } else { &world.legacy };
        let gate = side.pause_next_apply(Pause::BeforeEffect);
        let merge = merged_to(Merged::Content(Some((KEY, "of both"))));
        let reconciler = world.reconciler().with_conflict_policy(merge);
        let draining = tokio::spawn(async move { reconciler.drain(pending()).await });
        gate.reached().await;
        world.rows.save((KEY, "written")).await.unwrap();
        gate.open();
        draining.await.unwrap().unwrap();
        assert_eq!(world.values().await, [Some("written"); 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_leaves_what_the_policy_leaves_and_is_not_clean() {
    let world = in_conflict(Phase::Live).await;
    let state = world.rows.tracker().state();
    let ticket = state.begin_sweep(&settled(&state));
    let sweep = Sweep::new(&world.rows).with_conflict_policy(Policy::Park);
    let report = sweep.run(ticket, pending()).await.unwrap();
    assert_eq!((report.conflicts, report.settled, report.is_clean()), (1, 0, false));
    assert_eq!(world.values().await, [Some("of legacy"), Some("of modern")]);

    let keep = merged_to(Merged::Content(Some((KEY, "of both"))));
    let report = Sweep::new(&world.rows).with_conflict_policy(keep).run(ticket, pending()).await;
    assert_eq!(report.unwrap().settled, 1);
    assert_eq!(world.legacy.inner().read(&KEY).await.unwrap().value, Some((KEY, "of both")));
}
