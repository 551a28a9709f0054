//! A node that stops by itself: what it refuses, from when on, and until when.

use std::time::Duration;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::phase::{MigrationStateService, Move, Phase, Standing, TrackerError};
use strangler_fig::repository::MigrationError;
use strangler_fig::testkit::faults::{Fault, Pause};

use crate::name;
use crate::node::{Rows, SECOND, TERM, World, all, fenced, poll};
use crate::texts::Outage;

const MILLI: Duration = Duration::from_millis(1);

const SERVING: [Phase; 7] = [
    Phase::LegacyOnly,
    Phase::DualWrite,
    Phase::Shadow,
    Phase::Cutover,
    Phase::Live,
    Phase::RampDown,
    Phase::ModernOnly,
];

async fn in_phase(phase: Phase) -> (World, Rows) {
    let world = World::new().await;
    let node = world.node_with("node-1", fenced()).await;
    world.go_to(&[&node], phase).await;
    (world, node)
}

fn ran_out<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> StoreErrorKind {
    let error = answer.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&MigrationError::LeaseRanOut));
    error.kind()
}

#[tokio::test(start_paused = true)]
async fn once_its_lease_has_run_out_it_answers_nothing_in_any_phase() {
    for phase in Phase::ALL {
        let (world, node) = in_phase(phase).await;
        tokio::time::advance(SECOND * 3_600 * 5).await;
        let (reads, applies) = (world.legacy.reads(), world.legacy.applies());
        assert_eq!(ran_out(node.find(&1).await), StoreErrorKind::Unavailable, "{phase}");
        assert_eq!(ran_out(node.save((1, "fig")).await), StoreErrorKind::Unavailable, "{phase}");
        assert_eq!(ran_out(node.delete(&1).await), StoreErrorKind::Unavailable, "{phase}");
        assert_eq!(ran_out(all(&node).await), StoreErrorKind::Unavailable, "{phase}");
        assert_eq!(ran_out(node.join(&1).await), StoreErrorKind::Unavailable, "{phase}");
        assert_eq!((world.legacy.reads(), world.legacy.applies()), (reads, applies));
        assert_eq!(node.tracker().health().standing, Standing::Fenced);
    }
}

#[tokio::test(start_paused = true)]
async fn it_serves_to_the_last_moment_of_its_term_and_not_at_its_end() {
    let (_world, node) = in_phase(Phase::DualWrite).await;
    // The fence counts on the host's own clock too, which has gone on a little.
    tokio::time::advance(SECOND * 29).await;
    node.save((1, "fig")).await.unwrap();
    assert!(!node.tracker().is_fenced());
    tokio::time::advance(SECOND).await;
    assert!(node.tracker().is_fenced());
    ran_out(node.find(&1).await);
}

#[tokio::test(start_paused = true)]
async fn a_slow_renewal_counts_from_before_it_was_sent() {
    for (there, back) in [(SECOND * 4, Duration::ZERO), (Duration::ZERO, SECOND * 4)] {
        let (world, node) = in_phase(Phase::DualWrite).await;
        *world.service.renewal_takes.lock().unwrap() = (there, back);
        node.tracker().poll().await.unwrap();
        tokio::time::advance(SECOND * 25).await;
        assert!(!node.tracker().is_fenced());
        tokio::time::advance(SECOND).await;
        assert!(node.tracker().is_fenced(), "four seconds of the term were on the way");
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_whose_answer_comes_after_its_term_opens_nothing() {
    let (world, node) = in_phase(Phase::DualWrite).await;
    *world.service.renewal_takes.lock().unwrap() = (SECOND * 4, Duration::ZERO);
    let tracker = node.tracker().clone();
    let polling = tokio::spawn(async move { tracker.poll().await });
    tokio::time::sleep(SECOND).await;
    tokio::time::advance(TERM + SECOND).await;
    // Paused for so long that the deadline of the call has passed too, or not.
    let _ = polling.await.unwrap();
    assert!(node.tracker().is_fenced());
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_was_not_acknowledged_does_not_count() {
    let (world, node) = in_phase(Phase::DualWrite).await;
    *world.service.renewal_takes.lock().unwrap() = (Duration::ZERO, SECOND * 6);
    tokio::time::advance(TERM / 2).await;
    let late = node.tracker().poll().await;
    assert!(matches!(late, Err(TrackerError::TimedOut { .. })), "{late:?}");
    tokio::time::advance(TERM / 2).await;
    assert!(node.tracker().is_fenced());
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_lease_runs_out_in_flight_is_in_doubt() {
    for phase in SERVING {
        let (world, node) = in_phase(phase).await;
        let first = if phase.leaves_legacy() { &world.modern } else { &world.legacy };
        for pause in [Pause::BeforeEffect, Pause::AfterEffect] {
            let gate = first.pause_next_apply(pause);
            let writer = node.clone();
            let saved = tokio::spawn(async move { writer.save((1, "fig")).await });
            gate.reached().await;
            tokio::time::advance(TERM).await;
            gate.open();
            let error = saved.await.unwrap();
            assert_eq!(ran_out(error), StoreErrorKind::Unknown, "{phase}");
            poll(&[&node]).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_touched_nothing_when_its_lease_ran_out_was_not_made() {
    let (world, node) = in_phase(Phase::DualWrite).await;
    let gate = world.legacy.pause_next_apply(Pause::BeforeEffect);
    world.legacy.push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    let writer = node.clone();
    let saved = tokio::spawn(async move { writer.save((1, "fig")).await });
    gate.reached().await;
    tokio::time::advance(TERM).await;
    gate.open();
    assert_eq!(saved.await.unwrap().unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert!(world.legacy.inner().records().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_read_or_query_whose_lease_runs_out_in_flight_is_not_answered() {
    for phase in SERVING {
        let (world, node) = in_phase(phase).await;
        let in_legacy = phase.family() == Some(strangler_fig::phase::Family::Legacy);
        let read = if in_legacy { &world.legacy } else { &world.modern };
        let asked =
            if in_legacy || phase == Phase::Cutover { &world.legacy } else { &world.modern };

        let (gate, reader) = (read.pause_next_read(Pause::AfterEffect), node.clone());
        let found = tokio::spawn(async move { reader.find(&1).await });
        gate.reached().await;
        tokio::time::advance(TERM).await;
        gate.open();
        assert_eq!(ran_out(found.await.unwrap()), StoreErrorKind::Unavailable, "{phase}");

        poll(&[&node]).await;
        let (gate, reader) = (asked.pause_next_read(Pause::AfterEffect), node.clone());
        let found = tokio::spawn(async move { all(&reader).await });
        gate.reached().await;
        tokio::time::advance(TERM).await;
        gate.open();
        assert_eq!(ran_out(found.await.unwrap()), StoreErrorKind::Unavailable, "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_good_round_it_serves_again_and_by_the_phase_of_now() {
    let (world, node) = in_phase(Phase::Cutover).await;
    let other = world.node("node-2").await;
    tokio::time::advance(SECOND * 3_600).await;
    world.go(&[&other], Phase::DualWrite).await;
    ran_out(node.find(&1).await);
    node.tracker().poll().await.unwrap();
    assert_eq!(node.tracker().word().base(), Phase::DualWrite);
    node.save((1, "fig")).await.unwrap();
    assert_eq!(node.find(&1).await.unwrap(), Some((1, "fig")));
}

#[tokio::test(start_paused = true)]
async fn a_round_that_cannot_renew_leaves_it_closed_though_it_adopts() {
    let (world, node) = in_phase(Phase::Cutover).await;
    tokio::time::advance(TERM).await;
    world.step(Move::to(Phase::DualWrite)).await;
    world.service.go(Some(Outage::RefusesRenewals));
    assert!(node.tracker().poll().await.is_err());
    assert_eq!(node.tracker().state().base().phase, Phase::DualWrite);
    ran_out(node.find(&1).await);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_evicted_meanwhile_never_serves_again() {
    let (world, node) = in_phase(Phase::Live).await;
    tokio::time::advance(TERM).await;
    let lease = world.lease_of(&node).await;
    world.service.evict(&name(), &lease).await.unwrap();
    assert!(matches!(node.tracker().poll().await, Err(TrackerError::Evicted { .. })));
    let refused = node.find(&1).await.unwrap_err();
    assert_eq!(refused.downcast_ref(), Some(&MigrationError::Closed));
    assert_eq!(node.tracker().health().standing, Standing::Evicted);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_the_word_to_move_learns_that_the_lease_ran_out() {
    let (_world, node) = in_phase(Phase::DualWrite).await;
    let tracker = node.tracker().clone();
    let seen = tracker.word();
    let moved = tokio::time::timeout(TERM * 2, tracker.moved_from(seen)).await;
    assert!(moved.is_ok() && tracker.word().is_closed());
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_the_word_to_move_learns_that_the_node_serves_again() {
    let (_world, node) = in_phase(Phase::DualWrite).await;
    tokio::time::advance(TERM).await;
    let (tracker, seen) = (node.tracker().clone(), node.tracker().word());
    let waiting = tokio::spawn(async move { tracker.moved_from(seen).await });
    tokio::task::yield_now().await;
    node.tracker().poll().await.unwrap();
    tokio::time::timeout(SECOND, waiting).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_halted_operation_is_refused_when_the_lease_runs_out_and_not_later() {
    let (_world, node) = in_phase(Phase::Halted).await;
    tokio::time::advance(SECOND * 29).await;
    let began = tokio::time::Instant::now();
    ran_out(node.save((1, "fig")).await);
    assert!(began.elapsed() <= SECOND + MILLI, "{:?}", began.elapsed());
}
