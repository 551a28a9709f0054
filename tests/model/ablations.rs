//! Each rule left out, in a model small enough to be explored at once: what goes
//! wrong is the reason for the rule, and is printed as the shortest story of it.

use crate::ablation::Ablation;
use crate::protocol::{MODERN, Protocol};
use crate::shortest::{is_sound, shortest};
use crate::starts;
use crate::story::story;
use crate::world::Budget;

/// The shortest story of what goes wrong without `rule`, if anything does; with it,
/// nothing must.
fn found(rule: Ablation, whole: impl Fn() -> Protocol) -> Option<String> {
    assert!(is_sound(whole()), "the rules are broken without leaving any out");
    shortest(|| whole().without(rule), story)
}

/// A test for each rule, named for it.
macro_rules! without {
    ($(
        $rule:ident: $start:ident $(.$with:ident($($how:expr),*))* { $($budget:ident: $amount:literal),+ }
        $(#[$slow:meta])?
    )+) => {
        $(
            #[expect(non_snake_case, reason = "named for the rule that is left out")]
            #[test]
            $(#[$slow])?
            fn $rule() {
                let budget = Budget { $($budget: $amount,)+ ..Budget::NONE };
                let whole = || Protocol::new(vec![starts::$start()], budget)$(.$with($($how),*))*;
                let story = found(Ablation::$rule, whole);
                let story = story.expect("no counterexample without this rule");
                println!("without {}:\n{story}", stringify!($rule));
            }
        )+

        const RULES: &[Ablation] = &[$(Ablation::$rule),+];
    };
}

without! {
    ModernComplete: cutover { moves: 1 }
    SettledBeforeTheSweep: legacy_only { saves: 1, sweeps: 1, moves: 2 }
    SweepNotInterrupted: cutover { saves: 1, sweeps: 1, moves: 3 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    SettledToGoBack: live { saves: 1, moves: 2 }
    LegacyCompleteToGoBack: cutover_again { moves: 1 }
    LegacyIncompleteOnceLeft: ramp_down { moves: 3 }
    LegacyCompleteToHalt: live_again { moves: 2 }
    SettledInHalted: live { saves: 1, moves: 2 }
    SettledToRampDown: cutover { saves: 1, sweeps: 1, moves: 2 }
    CutoverChangesThePlan: dual_write { saves: 1, sweeps: 1, moves: 2 }
    EndCheckOfWrites: dual_write { saves: 1, sweeps: 1, moves: 2 }
    EndCheckOfReads: dual_write { saves: 1, reads: 1, sweeps: 1, moves: 2 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    RerunOfRampDownWrites: ramp_down { saves: 1, sweeps: 1, moves: 3 }
    StrictLive: live { saves: 1, moves: 2 }
    LegacyFirst: live { saves: 1, reads: 1, failures: 1, moves: 2 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    StampAboveModern: ramp_down { saves: 2, moves: 1 }
    NoNewStampOnceTouched: dual_write { saves: 2, reads: 1, moves: 1 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    DoubtOfTheOvertaken: dual_write_buried { saves: 1, sweeps: 1, moves: 2 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    DoubtOfTheRepeated: dual_write_ahead { saves: 1, failures: 1, repeats: 1 }
    NoNewStampInDoubt: legacy_only { saves: 2, reads: 1, failures: 1, repeats: 1 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    UnknownOnceInDoubt: legacy_only { saves: 1, failures: 2, repeats: 1 }
    UnknownOnceTouched: cutover { saves: 1, reads: 1, failures: 1 }
    BringUp: cutover { saves: 1, reads: 1, sweeps: 1, failures: 1, moves: 1 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    Base: cutover { sweeps: 1, moves: 1 }
    SuccessorStamp: cutover_in_conflict { saves: 1, sweeps: 1, moves: 1 }
    Tombstones: cutover { deletions: 1, sweeps: 1, moves: 1 }
    FenceAtTheEnd: dual_write { saves: 1, sweeps: 1, fences: 1, moves: 2 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    FenceOfCopies: cutover_complete { saves: 1, repairs: 1, fences: 1, moves: 2 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    GrowthIsAMove: base_behind_live.with_cohorts(true) { moves: 1 }
    GrowthSettlesAnew: base_behind_cutover.with_cohorts(true) { saves: 1, sweeps: 1, moves: 2 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    CompleteIfBothWere: base_behind_complete.with_cohorts(true) { moves: 2 }
    OneOrigin: cohort_before_base.with_cohorts(true) { saves: 1, moves: 3 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    QueryOfTwoParts: base_beside_complete.with_cohorts(true) { saves: 1, moves: 1 }
    StoreForQueries: base_back_again.with_cohorts(true) { saves: 1, moves: 1 }
    RowBeforeItsStamp: live { saves: 1, failures: 1, repeats: 1, tears: 1 }
    StartOfThePrimary: ramp_down.alone(MODERN) { saves: 1, moves: 1, forgets: 1, crashes: 1 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    BaseOfTheOther: dual_write_again.alone(MODERN) { repairs: 1, forgets: 1 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    ForgetfulPrimaryTakesNothing: ramp_down.alone(MODERN) { saves: 2, repairs: 1, forgets: 1, moves: 1 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    OneForgetfulNode: dual_write_late.with_scopes(MODERN) { sweeps: 1, moves: 2 }
        #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
    OutsideLease: cutover { outsides: 1, sweeps: 1, moves: 1 }
}

/// The tests above fail where nothing is found.
#[test]
fn every_rule_is_left_out_once() {
    for rule in Ablation::ALL {
        assert!(RULES.contains(&rule), "{rule:?} is never left out");
    }
    println!("figure model.ablations_found {} rules", RULES.len());
}
