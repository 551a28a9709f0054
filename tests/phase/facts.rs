//! The two facts that stand in the state: when they are lost and regained.

use strangler_fig::phase::{Move, Phase};

use super::trip::{ROUND_TRIP, Trip};

#[test]
fn at_the_start_legacy_is_complete_and_modern_is_not() {
    let trip = Trip::new();
    assert!(trip.state.legacy_complete() && !trip.base().modern_complete);
}

#[test]
fn modern_is_complete_by_a_sweep_and_stays_so_in_its_family() {
    let mut trip = Trip::through(&[Phase::Cutover]);
    assert!(trip.base().modern_complete);
    for to in [Phase::Live, Phase::RampDown, Phase::ModernOnly, Phase::Live, Phase::Cutover] {
        trip = trip.moved(Move::to(to)).settled();
        assert!(trip.base().modern_complete, "{to}");
    }
}

#[test]
fn modern_is_complete_no_more_once_the_part_moves_into_the_legacy_family() {
    for to in [Phase::LegacyOnly, Phase::DualWrite, Phase::Shadow] {
        let trip = Trip::through(&[Phase::Cutover]).moved(Move::to(to));
        assert!(!trip.base().modern_complete, "{to}");
        let again = trip.moved(Move::to(Phase::Cutover));
        assert!(!again.base().modern_complete, "{to} and back");
    }
}

#[test]
fn legacy_stays_complete_until_ramp_down_or_modern_only() {
    let mut trip = Trip::new();
    for to in [Phase::DualWrite, Phase::Cutover] {
        trip = trip.moved(Move::to(to)).settled();
        assert!(trip.state.legacy_complete(), "{to}");
    }
    trip = trip.swept();
    for to in [Phase::Live, Phase::Cutover, Phase::Live, Phase::Halted, Phase::Live] {
        trip = trip.moved(Move::to(to)).settled();
        assert!(trip.state.legacy_complete(), "{to}");
    }
}

#[test]
fn legacy_is_complete_no_more_from_ramp_down_or_modern_only_on() {
    for left in [Phase::RampDown, Phase::ModernOnly] {
        let mut trip = Trip::through(&[Phase::Cutover, Phase::Live, left]);
        assert!(!trip.state.legacy_complete(), "{left}");
        for to in [Phase::Live, Phase::Cutover] {
            trip = trip.moved(Move::to(to)).settled();
            assert!(!trip.state.legacy_complete(), "{left} and {to}");
        }
    }
}

#[test]
fn legacy_is_complete_again_by_a_sweep_in_cutover() {
    let trip = Trip::through(&[Phase::Cutover, Phase::Live, Phase::RampDown, Phase::Cutover]);
    assert!(trip.state.legacy_complete());
}

#[test]
fn legacy_is_lost_again_on_leaving_that_cutover_to_live() {
    let trip = Trip::through(&[Phase::Cutover, Phase::Live, Phase::RampDown, Phase::Cutover]);
    let live = trip.moved(Move::to(Phase::Live)).settled();
    assert!(!live.state.legacy_complete());
    let again = live.moved(Move::to(Phase::Cutover));
    assert!(!again.state.legacy_complete());
}

#[test]
fn legacy_stays_complete_on_leaving_that_cutover_to_the_legacy_family() {
    let trip = Trip::through(&ROUND_TRIP);
    assert!(trip.state.legacy_complete());
    assert!(trip.moved(Move::to(Phase::Cutover)).state.legacy_complete());
}

#[test]
fn that_legacy_was_left_once_is_never_forgotten() {
    let trip = Trip::through(&ROUND_TRIP).moved(Move::to(Phase::Cutover)).settled().swept();
    assert!(!trip.moved(Move::to(Phase::Live)).state.legacy_complete());
}

#[test]
fn leaving_cutover_for_live_keeps_legacy_complete_if_it_was_never_left() {
    let live = Trip::through(&[Phase::Cutover, Phase::Live, Phase::Cutover, Phase::Live]);
    assert!(live.state.legacy_complete());
}
