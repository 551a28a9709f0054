//! Back over the bridge (R3).

use strangler_fig::phase::{Family, Fleet, Move, Phase, Refused};

use super::trip::{Trip, lease};

/// In a `Cutover` entered from modern, before and after legacy was left behind.
fn on_the_way_back(left: &[Phase]) -> Trip {
    let phases = [&[Phase::Cutover, Phase::Live], left].concat();
    Trip::through(&phases).moved(Move::to(Phase::Cutover))
}

#[test]
fn before_the_first_ramp_down_the_way_back_needs_no_sweep() {
    for to in [Phase::LegacyOnly, Phase::DualWrite, Phase::Shadow] {
        on_the_way_back(&[]).settled().moved(Move::to(to));
    }
}

#[test]
fn crossing_back_needs_a_settled_fleet() {
    let refused = on_the_way_back(&[]).refusal(Move::to(Phase::DualWrite));
    assert!(matches!(refused, Refused::Unsettled { .. }), "{refused}");
}

#[test]
fn after_ramp_down_the_way_back_needs_a_sweep() {
    for left in [Phase::RampDown, Phase::ModernOnly] {
        let trip = on_the_way_back(&[left]).settled();
        assert_eq!(trip.refusal(Move::to(Phase::DualWrite)), Refused::LegacyIncomplete);
        trip.swept().moved(Move::to(Phase::DualWrite));
    }
}

#[test]
fn a_return_to_live_does_not_make_legacy_complete() {
    let trip = on_the_way_back(&[Phase::RampDown, Phase::Live]).settled();
    assert_eq!(trip.refusal(Move::to(Phase::DualWrite)), Refused::LegacyIncomplete);
}

#[test]
fn the_fleet_must_work_by_the_state_that_says_legacy_is_complete() {
    let trip = on_the_way_back(&[Phase::RampDown]).settled();
    let behind = trip.state.adopted();
    let mut trip = trip.swept();
    trip.fleet = Fleet::new(vec![lease("node-1", Some(behind))]);
    let refused = trip.refusal(Move::to(Phase::DualWrite));
    let needed = trip.state.epoch();
    assert!(matches!(refused, Refused::Unsettled { needed: n, .. } if n == needed), "{refused}");
    trip.settled().moved(Move::to(Phase::DualWrite));
}

#[test]
fn coming_back_the_base_is_in_the_legacy_family_again() {
    let trip = on_the_way_back(&[]).settled().moved(Move::to(Phase::Shadow));
    assert_eq!(trip.base().entered_from, Family::Legacy);
}

#[test]
fn nothing_leads_from_the_modern_family_to_the_legacy_family_in_one_move() {
    for from in [Phase::Live, Phase::RampDown, Phase::ModernOnly] {
        let phases = match from {
            Phase::Live => vec![Phase::Cutover, Phase::Live],
            left => vec![Phase::Cutover, Phase::Live, left],
        };
        for to in [Phase::LegacyOnly, Phase::DualWrite, Phase::Shadow] {
            let refused = Trip::through(&phases).refusal(Move::to(to));
            assert_eq!(refused, Refused::NotAMove { from, to });
        }
    }
}
