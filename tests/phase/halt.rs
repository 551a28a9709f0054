//! When modern is gone (R4).

use strangler_fig::phase::{Move, Phase, Refused};

use super::trip::Trip;

fn halted() -> Trip {
    Trip::through(&[Phase::Cutover, Phase::Live]).moved(Move::to(Phase::Halted))
}

#[test]
fn live_is_halted_at_once_while_legacy_is_complete() {
    let live = Trip::through(&[Phase::Cutover, Phase::Live]);
    live.unsettled().moved(Move::to(Phase::Halted));
}

#[test]
fn live_is_not_halted_once_legacy_was_left_behind() {
    for left in [Phase::RampDown, Phase::ModernOnly] {
        let live = Trip::through(&[Phase::Cutover, Phase::Live, left, Phase::Live]);
        assert_eq!(live.refusal(Move::to(Phase::Halted)), Refused::LegacyIncomplete);
    }
}

#[test]
fn only_live_is_halted() {
    for phases in [
        vec![],
        vec![Phase::DualWrite],
        vec![Phase::Shadow],
        vec![Phase::Cutover],
        vec![Phase::Cutover, Phase::Live, Phase::Cutover],
        vec![Phase::Cutover, Phase::Live, Phase::RampDown],
        vec![Phase::Cutover, Phase::Live, Phase::ModernOnly],
    ] {
        let refused = Trip::through(&phases).refusal(Move::to(Phase::Halted));
        assert!(matches!(refused, Refused::NotAMove { .. }), "{phases:?}: {refused}");
    }
}

#[test]
fn halted_leads_to_legacy_when_the_fleet_has_settled_in_it() {
    for to in [Phase::LegacyOnly, Phase::DualWrite] {
        let refused = halted().refusal(Move::to(to));
        assert!(matches!(refused, Refused::Unsettled { .. }), "{refused}");
        halted().settled().moved(Move::to(to));
    }
}

#[test]
fn halted_leads_nowhere_else_than_to_legacy_and_back() {
    for to in [Phase::Shadow, Phase::Cutover, Phase::RampDown, Phase::ModernOnly] {
        let from = Phase::Halted;
        assert_eq!(halted().settled().refusal(Move::to(to)), Refused::NotAMove { from, to });
    }
}

#[test]
fn halted_leads_back_to_live_at_any_time() {
    let live = halted().unsettled().moved(Move::to(Phase::Live)).settled();
    live.moved(Move::to(Phase::RampDown));
}

#[test]
fn leaving_modern_behind_makes_it_incomplete() {
    let trip = halted().settled().moved(Move::to(Phase::DualWrite));
    assert!(!trip.base().modern_complete);
    let trip = trip.moved(Move::to(Phase::Cutover)).settled();
    assert_eq!(trip.refusal(Move::to(Phase::Live)), Refused::ModernIncomplete);
}

#[test]
fn a_part_that_is_halted_takes_the_queries_with_it() {
    assert_eq!(halted().state.query_side(), None);
}
