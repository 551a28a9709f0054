//! A cohort: begins as a copy, lives between `LegacyOnly` and `Live`, and keeps
//! every rule for its own keys.

use strangler_fig::phase::{Bucket, Family, Move, PartName, Phase, Refused, Share, Side};

use super::trip::{ROUND_TRIP, Trip};

#[test]
fn a_cohort_begins_as_a_copy_of_the_base() {
    for phases in [
        vec![],
        vec![Phase::Shadow],
        vec![Phase::Cutover],
        vec![Phase::Cutover, Phase::Live],
        vec![Phase::Cutover, Phase::Live, Phase::Halted],
    ] {
        let trip = Trip::through(&phases);
        let (base, share) = (trip.base(), Share::percent(25));
        let trip = trip.moved(Move::StartCohort { share });
        let cohort = trip.state.cohort().map(|cohort| (cohort.share, cohort.part));
        assert_eq!(cohort, Some((share, base)), "{phases:?}");
        assert_eq!(trip.base(), base, "{phases:?}");
        assert!(trip.state.has_settled(PartName::Cohort, &trip.fleet), "{phases:?}");
    }
}

#[test]
fn a_cohort_does_not_begin_where_legacy_was_left() {
    for phase in [Phase::RampDown, Phase::ModernOnly] {
        let trip = Trip::through(&[Phase::Cutover, Phase::Live, phase]);
        let refused = trip.refusal(Move::StartCohort { share: Share::percent(1) });
        assert_eq!(refused, Refused::CohortForbidden { phase });
    }
}

#[test]
fn a_cohort_is_more_than_nothing_and_less_than_everything() {
    for share in [Share::NONE, Share::WHOLE] {
        let refused = Trip::new().refusal(Move::StartCohort { share });
        assert_eq!(refused, Refused::ShareOutOfRange { share });
    }
}

#[test]
fn there_is_at_most_one_cohort() {
    let trip = Trip::new().with_cohort();
    let refused = trip.refusal(Move::StartCohort { share: Share::percent(50) });
    assert_eq!(refused, Refused::CohortExists);
}

#[test]
fn without_a_cohort_nothing_of_it_moves() {
    let share = Share::percent(50);
    for step in [Move::cohort_to(Phase::Shadow), Move::GrowCohort { share }, Move::EndCohort] {
        assert_eq!(Trip::new().refusal(step.clone()), Refused::NoCohort, "{step:?}");
    }
}

#[test]
fn ramp_down_and_modern_only_are_for_the_whole() {
    let trip = Trip::through(&[Phase::Cutover, Phase::Live]).with_cohort();
    for to in [Phase::RampDown, Phase::ModernOnly] {
        for step in [Move::to(to), Move::cohort_to(to)] {
            assert_eq!(trip.refusal(step.clone()), Refused::CohortExists, "{step:?}");
        }
    }
}

#[test]
fn a_part_moves_and_the_other_stays() {
    let trip = Trip::new().with_cohort().moved(Move::cohort_to(Phase::Cutover));
    let first = trip.state.part_of(Bucket::new(2_499).unwrap());
    let last = trip.state.part_of(Bucket::new(2_500).unwrap());
    assert_eq!((first.phase, last.phase), (Phase::Cutover, Phase::LegacyOnly));
    assert_eq!((first.since_epoch, last.since_epoch), (2, 0));
}

#[test]
fn a_cohort_crosses_by_its_own_facts() {
    let trip = Trip::new().with_cohort().moved(Move::cohort_to(Phase::Cutover));
    let refused = trip.refusal(Move::cohort_to(Phase::Live));
    assert!(matches!(refused, Refused::Unsettled { .. }), "{refused}");
    let trip = trip.settled();
    assert_eq!(trip.refusal(Move::cohort_to(Phase::Live)), Refused::ModernIncomplete);
    let trip = trip.swept().moved(Move::cohort_to(Phase::Live));
    assert_eq!((trip.cohort().phase, trip.base().phase), (Phase::Live, Phase::LegacyOnly));
}

#[test]
fn a_cohort_settles_by_itself() {
    let trip = Trip::new().with_cohort().moved(Move::cohort_to(Phase::Cutover)).settled();
    let trip = trip.moved(Move::to(Phase::DualWrite));
    assert!(trip.state.has_settled(PartName::Cohort, &trip.fleet));
    assert!(!trip.state.has_settled(PartName::Base, &trip.fleet));
}

#[test]
fn a_cohort_is_halted_and_comes_back_alone() {
    let trip = Trip::new().with_cohort().cohort_through(&[Phase::Cutover, Phase::Live]);
    let trip = trip.moved(Move::cohort_to(Phase::Halted)).settled();
    assert_eq!(trip.state.query_side(), None);
    let trip = trip.moved(Move::cohort_to(Phase::DualWrite));
    assert_eq!(trip.state.query_side(), Some(Side::Legacy));
}

#[test]
fn queries_ask_legacy_while_any_part_is_not_in_the_modern_family() {
    let trip = Trip::new().with_cohort().cohort_through(&[Phase::Cutover, Phase::Live]);
    assert_eq!(trip.state.query_side(), Some(Side::Legacy));
    let trip = trip.moved(Move::to(Phase::Cutover)).settled().swept();
    assert_eq!(trip.state.query_side(), Some(Side::Legacy));
    let trip = trip.moved(Move::to(Phase::Live));
    assert_eq!(trip.state.query_side(), Some(Side::Modern));
}

#[test]
fn no_move_leaves_queries_without_a_store_that_holds_every_key() {
    let trip = Trip::through(&ROUND_TRIP).with_cohort().cohort_through(&[Phase::Cutover]);
    assert_eq!(trip.refusal(Move::cohort_to(Phase::Live)), Refused::NoStoreForQueries);

    let trip = trip.moved(Move::to(Phase::Cutover)).settled().swept();
    let trip = trip.moved(Move::cohort_to(Phase::Live)).settled();
    assert_eq!(trip.state.query_side(), Some(Side::Modern));
    assert_eq!(trip.refusal(Move::to(Phase::Shadow)), Refused::NoStoreForQueries);
}

#[test]
fn the_instant_way_back_is_refused_where_it_would_leave_queries_without_a_store() {
    let trip = Trip::through(&ROUND_TRIP).moved(Move::to(Phase::Cutover)).settled();
    let trip = trip.with_cohort().swept().moved(Move::cohort_to(Phase::Live)).settled();
    assert_eq!((trip.base().phase, trip.base().entered_from), (Phase::Cutover, Family::Legacy));
    for to in [Phase::LegacyOnly, Phase::DualWrite, Phase::Shadow] {
        assert_eq!(trip.refusal(Move::to(to)), Refused::NoStoreForQueries);
    }
    let back = trip.moved(Move::cohort_to(Phase::Cutover)).settled().swept();
    back.moved(Move::to(Phase::DualWrite));
}

#[test]
fn a_part_goes_back_only_when_all_know_that_legacy_is_complete_again() {
    let trip = Trip::through(&ROUND_TRIP).moved(Move::to(Phase::Cutover)).settled();
    let trip = trip.with_cohort().swept().moved(Move::cohort_to(Phase::Live)).settled();
    let trip = trip.moved(Move::cohort_to(Phase::Cutover)).settled();
    let evidence = trip.state.begin_sweep(&trip.fleet).finish(0, 0);
    let trip = trip.moved(Move::Complete(evidence));
    assert_eq!((trip.base().phase, trip.base().entered_from), (Phase::Cutover, Family::Legacy));
    // A node that does not know it yet asks modern, which the base would no longer write.
    let needed = trip.state.epoch();
    let refused = trip.refusal(Move::to(Phase::DualWrite));
    assert!(matches!(refused, Refused::Unsettled { needed: epoch, .. } if epoch == needed));
    trip.settled().moved(Move::to(Phase::DualWrite));
}
