//! The boundary between base and cohort: it moves only where its keys may.

use strangler_fig::phase::{Family, Move, Phase, Refused, Share};

use super::trip::Trip;

fn grow(percent: u16) -> Move {
    Move::GrowCohort { share: Share::percent(percent) }
}

fn share(trip: &Trip) -> Option<Share> {
    trip.state.cohort().map(|cohort| cohort.share)
}

#[test]
fn a_share_only_grows() {
    let trip = Trip::new().with_cohort();
    for percent in [0, 10, 25] {
        let refused = trip.refusal(grow(percent));
        assert_eq!(refused, Refused::ShareOutOfRange { share: Share::percent(percent) });
    }
    assert_eq!(share(&trip.moved(grow(26))), Some(Share::percent(26)));
}

#[test]
fn growth_to_the_whole_makes_the_cohort_the_base() {
    let trip = Trip::new().with_cohort().cohort_through(&[Phase::Shadow]).moved(grow(100));
    assert_eq!(share(&trip), None);
    assert_eq!((trip.base().phase, trip.base().since_epoch), (Phase::Shadow, 3));
}

#[test]
fn ending_a_cohort_gives_all_of_it_back() {
    let trip = Trip::new().with_cohort().cohort_through(&[Phase::Shadow]).moved(Move::EndCohort);
    assert_eq!(share(&trip), None);
    assert_eq!((trip.base().phase, trip.base().since_epoch), (Phase::LegacyOnly, 3));
}

#[test]
fn keys_that_move_give_their_receiver_a_new_beginning_and_leave_the_giver_its_own() {
    let trip = Trip::new().with_cohort().cohort_through(&[Phase::Cutover]);
    let (base, epoch) = (trip.base(), trip.state.epoch());
    let trip = trip.moved(grow(50));
    assert_eq!(trip.cohort().since_epoch, epoch + 1);
    assert_eq!(trip.base(), base);
    let refused = trip.refusal(Move::cohort_to(Phase::Live));
    assert!(matches!(refused, Refused::Unsettled { .. }), "{refused}");
}

#[test]
fn a_receiver_is_complete_only_if_both_were() {
    let swept = Trip::through(&[Phase::Cutover]).with_cohort();
    assert!(swept.clone().moved(grow(50)).cohort().modern_complete);
    assert!(swept.moved(Move::EndCohort).base().modern_complete);

    let trip = Trip::new().with_cohort().cohort_through(&[Phase::Cutover]);
    assert!(trip.cohort().modern_complete);
    assert!(!trip.moved(grow(50)).cohort().modern_complete);
}

#[test]
fn keys_follow_a_cohort_that_is_live_only_over_a_swept_cutover_of_their_own() {
    let live = Trip::new().with_cohort().cohort_through(&[Phase::Cutover, Phase::Live]);
    let refused = live.refusal(grow(50));
    assert_eq!(refused, Refused::NotAMove { from: Phase::LegacyOnly, to: Phase::Live });

    let bridged = live.moved(Move::to(Phase::Cutover));
    let refused = bridged.refusal(grow(50));
    assert!(matches!(refused, Refused::Unsettled { .. }), "{refused}");
    let bridged = bridged.settled();
    assert_eq!(bridged.refusal(grow(50)), Refused::ModernIncomplete);

    let grown = bridged.swept().moved(grow(50));
    assert_eq!(grown.cohort().phase, Phase::Live);
    assert!(grown.cohort().modern_complete);
}

#[test]
fn keys_go_back_to_legacy_only_over_a_cutover_of_their_own() {
    let live = Trip::new().with_cohort().cohort_through(&[Phase::Cutover, Phase::Live]);
    let refused = live.refusal(Move::EndCohort);
    assert_eq!(refused, Refused::NotAMove { from: Phase::Live, to: Phase::LegacyOnly });

    let bridged = live.moved(Move::cohort_to(Phase::Cutover));
    let refused = bridged.refusal(Move::EndCohort);
    assert!(matches!(refused, Refused::Unsettled { .. }), "{refused}");
    let ended = bridged.settled().moved(Move::EndCohort);
    assert_eq!(ended.base().phase, Phase::LegacyOnly);
}

#[test]
fn two_cutovers_of_different_families_never_merge() {
    let live = Trip::new().with_cohort().cohort_through(&[Phase::Cutover, Phase::Live]);
    let trip = live.moved(Move::cohort_to(Phase::Cutover)).moved(Move::to(Phase::Cutover));
    let trip = trip.settled().swept();
    assert_eq!(trip.base().entered_from, Family::Legacy);
    assert_eq!(trip.cohort().entered_from, Family::Modern);
    for step in [grow(50), grow(100), Move::EndCohort] {
        assert_eq!(trip.refusal(step.clone()), Refused::EnteredFromDiffers, "{step:?}");
    }
}

#[test]
fn keys_of_live_do_not_enter_a_cutover_that_came_from_legacy() {
    let live = Trip::through(&[Phase::Cutover, Phase::Live]).with_cohort();
    let back = live.cohort_through(&[Phase::Cutover, Phase::DualWrite, Phase::Cutover]);
    assert_eq!(back.refusal(grow(50)), Refused::EnteredFromDiffers);
}

#[test]
fn keys_of_live_are_halted_with_the_cohort_they_join() {
    let trip = Trip::through(&[Phase::Cutover, Phase::Live]).with_cohort();
    let trip = trip.moved(Move::cohort_to(Phase::Halted)).moved(grow(50));
    assert_eq!((trip.cohort().phase, trip.base().phase), (Phase::Halted, Phase::Live));
}

#[test]
fn what_a_cohort_cut_over_is_taken_down() {
    let trip = Trip::new().with_cohort().cohort_through(&[Phase::Cutover]);
    assert_eq!(trip.cut_over([0, 2_499, 2_500, 9_999]), [true, true, false, false]);
    let trip = trip.moved(Move::EndCohort);
    assert_eq!(trip.cut_over([0, 2_499, 2_500, 9_999]), [true, true, false, false]);
}

#[test]
fn what_the_base_cut_over_is_taken_down() {
    let trip = Trip::new().with_cohort().moved(Move::to(Phase::Cutover));
    assert_eq!(trip.cut_over([0, 2_499, 2_500, 9_999]), [false, false, true, true]);
}

#[test]

fn keys_that_join_a_cutover_are_taken_down_and_no_others() {
    let trip = Trip::new().with_cohort().cohort_through(&[Phase::Cutover]).moved(grow(50));
    let found = trip.cut_over([0, 2_500, 4_999, 5_000, 9_999]);
    assert_eq!(found, [true, true, true, false, false]);
}
