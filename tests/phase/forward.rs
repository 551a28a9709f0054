//! Inside the families (R1), and forward over the bridge (R2).

use strangler_fig::phase::{Family, Move, Phase, Refused};

use super::trip::Trip;

#[test]
fn inside_a_family_every_move_is_allowed_without_waiting() {
    let trip = Trip::new().unsettled();
    let trip = [Phase::DualWrite, Phase::Shadow, Phase::Cutover, Phase::LegacyOnly, Phase::Shadow]
        .into_iter()
        .fold(trip, |trip, phase| trip.moved(Move::to(phase)));
    assert_eq!(trip.base().phase, Phase::Shadow);
}

#[test]
fn cutover_remembers_the_family_it_was_entered_from() {
    let trip = Trip::through(&[Phase::Cutover]);
    assert_eq!(trip.base().entered_from, Family::Legacy);
    let trip = trip.moved(Move::to(Phase::Live)).moved(Move::to(Phase::Cutover));
    assert_eq!(trip.base().entered_from, Family::Modern);
}

#[test]
fn the_way_cutover_was_entered_is_open_at_once() {
    for back in [Phase::LegacyOnly, Phase::DualWrite, Phase::Shadow] {
        Trip::new().moved(Move::to(Phase::Cutover)).unsettled().moved(Move::to(back));
    }
    let live = Trip::through(&[Phase::Cutover, Phase::Live]);
    live.moved(Move::to(Phase::Cutover)).unsettled().moved(Move::to(Phase::Live));
}

#[test]
fn a_phase_does_not_lead_to_itself() {
    let refused = Trip::new().refusal(Move::to(Phase::LegacyOnly));
    let same = Phase::LegacyOnly;
    assert_eq!(refused, Refused::NotAMove { from: same, to: same });
}

#[test]
fn a_move_grows_the_epoch_by_one_and_carries_its_id() {
    let trip = Trip::new().moved(Move::to(Phase::DualWrite)).moved(Move::to(Phase::Shadow));
    assert_eq!((trip.state.epoch(), trip.base().since_epoch), (2, 2));
    assert_ne!(trip.state.move_id(), Trip::new().state.move_id());
}

#[test]
fn crossing_forward_needs_a_settled_fleet() {
    let swept = Trip::through(&[Phase::Cutover]);
    let refused = swept.clone().unsettled().refusal(Move::to(Phase::Live));
    assert!(matches!(refused, Refused::Unsettled { adopted: None, needed: 1, .. }), "{refused}");
    swept.moved(Move::to(Phase::Live));
}

#[test]
fn crossing_forward_needs_modern_to_be_complete() {
    let settled = Trip::new().moved(Move::to(Phase::Cutover)).settled();
    assert_eq!(settled.refusal(Move::to(Phase::Live)), Refused::ModernIncomplete);
}

#[test]
fn ramp_down_and_modern_only_are_not_entered_from_cutover() {
    for trip in [
        Trip::through(&[Phase::Cutover]),
        Trip::through(&[Phase::Cutover, Phase::Live, Phase::Cutover]),
    ] {
        for to in [Phase::RampDown, Phase::ModernOnly] {
            let from = Phase::Cutover;
            assert_eq!(trip.refusal(Move::to(to)), Refused::NotAMove { from, to });
        }
    }
}

#[test]
fn ramp_down_and_modern_only_are_entered_from_live_when_the_fleet_has_settled() {
    let live = Trip::through(&[Phase::Cutover]).moved(Move::to(Phase::Live));
    for to in [Phase::RampDown, Phase::ModernOnly] {
        let refused = live.refusal(Move::to(to));
        assert!(matches!(refused, Refused::Unsettled { .. }), "{refused}");
        live.clone().settled().moved(Move::to(to));
    }
}

#[test]
fn ramp_down_and_modern_only_are_entered_from_each_other_when_the_fleet_has_settled() {
    let live = Trip::through(&[Phase::Cutover, Phase::Live]);
    for [one, other] in [[Phase::RampDown, Phase::ModernOnly], [Phase::ModernOnly, Phase::RampDown]]
    {
        let trip = live.clone().moved(Move::to(one));
        let refused = trip.refusal(Move::to(other));
        assert!(matches!(refused, Refused::Unsettled { .. }), "{refused}");
        trip.settled().moved(Move::to(other));
    }
}

#[test]
fn live_and_cutover_are_open_at_once_from_where_legacy_was_left() {
    for left in [Phase::RampDown, Phase::ModernOnly] {
        let trip = Trip::through(&[Phase::Cutover, Phase::Live, left]).unsettled();
        for to in [Phase::Live, Phase::Cutover] {
            trip.clone().moved(Move::to(to));
        }
    }
}
