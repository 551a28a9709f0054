//! What makes a sweep count.

use strangler_fig::phase::{EvictionGround, Move, Phase, Refused, Share, SweepEvidence};

use super::trip::{Trip, expect_nodes};

fn in_cutover() -> Trip {
    Trip::new().moved(Move::to(Phase::Cutover)).settled()
}

fn clean(trip: &Trip) -> SweepEvidence {
    trip.state.begin_sweep(&trip.fleet).finish(0, 0)
}

#[test]
fn a_clean_sweep_of_a_settled_cutover_counts() {
    let trip = in_cutover();
    let ticket = trip.state.begin_sweep(&trip.fleet);
    assert!(ticket.counts());
    assert_eq!(ticket.steered(), trip.state.steered());
    let swept = trip.moved(Move::Complete(ticket.finish(0, 0)));
    assert!(swept.base().modern_complete);
}

#[test]
fn a_sweep_does_not_unsettle_the_part() {
    let trip = in_cutover();
    let evidence = clean(&trip);
    let swept = trip.moved(Move::Complete(evidence));
    assert_eq!(swept.base().since_epoch, 1);
    swept.moved(Move::to(Phase::Live));
}

#[test]
fn a_sweep_that_began_before_the_fleet_had_settled_does_not_count() {
    let trip = Trip::new().moved(Move::to(Phase::Cutover));
    let ticket = trip.state.begin_sweep(&trip.fleet);
    assert!(!ticket.counts());
    let trip = trip.settled();
    let refused = trip.refusal(Move::Complete(ticket.finish(0, 0)));
    assert_eq!(refused, Refused::SweepWithoutCutover);
}

#[test]
fn a_sweep_outside_cutover_does_not_count() {
    for phases in [vec![], vec![Phase::Shadow], vec![Phase::Cutover, Phase::Live]] {
        let trip = Trip::through(&phases);
        assert!(!trip.state.begin_sweep(&trip.fleet).counts(), "{phases:?}");
        assert_eq!(trip.refusal(Move::Complete(clean(&trip))), Refused::SweepWithoutCutover);
    }
}

#[test]
fn a_sweep_with_failures_or_conflicts_does_not_count() {
    for (failures, conflicts) in [(1, 0), (0, 1), (2, 3)] {
        let trip = in_cutover();
        let evidence = trip.state.begin_sweep(&trip.fleet).finish(failures, conflicts);
        let refused = trip.refusal(Move::Complete(evidence));
        assert_eq!(refused, Refused::SweepUnclean { failures, conflicts });
    }
}

#[test]
fn a_move_that_no_key_notices_leaves_a_sweep_its_worth() {
    let node = in_cutover().fleet.leases()[0].node.clone();
    for step in [
        expect_nodes(1),
        Move::Complete(clean(&in_cutover())),
        Move::Evict { node, ground: EvictionGround::ProcessEnded },
    ] {
        let trip = in_cutover();
        let evidence = clean(&trip);
        let trip = trip.moved(step).moved(Move::Complete(evidence));
        assert!(trip.base().modern_complete);
    }
}

#[test]
fn a_move_of_a_phase_or_a_share_in_between_makes_a_sweep_void() {
    let share = Share::percent(25);
    for step in [Move::to(Phase::Shadow), Move::StartCohort { share }] {
        let trip = in_cutover();
        let evidence = clean(&trip);
        let trip = trip.moved(step.clone()).settled();
        let refused = trip.refusal(Move::Complete(evidence));
        assert_eq!(refused, Refused::SweepOutdated { began: 1, epoch: 2 }, "{step:?}");
    }
}

#[test]
fn leaving_cutover_and_coming_back_makes_a_sweep_void() {
    let trip = in_cutover();
    let evidence = clean(&trip);
    let trip = trip.moved(Move::to(Phase::Shadow)).moved(Move::to(Phase::Cutover)).settled();
    let refused = trip.refusal(Move::Complete(evidence));
    assert_eq!(refused, Refused::SweepOutdated { began: 1, epoch: 3 });
}

#[test]
fn a_sweep_counts_for_the_parts_that_had_settled_in_cutover() {
    let trip = Trip::new().with_cohort().cohort_through(&[Phase::Cutover]);
    assert!(trip.cohort().modern_complete && !trip.base().modern_complete);

    let trip = trip.moved(Move::to(Phase::Cutover));
    let evidence = trip.state.begin_sweep(&trip.fleet).finish(0, 0);
    let trip = trip.moved(Move::Complete(evidence));
    assert!(trip.cohort().modern_complete, "it had settled");
    assert!(!trip.base().modern_complete, "it had not");
}

#[test]
fn legacy_is_complete_again_only_when_every_part_was_swept() {
    let left = Trip::through(&[Phase::Cutover, Phase::Live, Phase::RampDown, Phase::Live]);
    let trip = left.with_cohort().cohort_through(&[Phase::Cutover]);
    assert!(!trip.state.legacy_complete(), "the base is still in live");
    let trip = trip.moved(Move::to(Phase::Cutover)).settled().swept();
    assert!(trip.state.legacy_complete());
}
