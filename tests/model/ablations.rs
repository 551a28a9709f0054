//! Each rule left out, in a model small enough to be explored at once: what goes
//! wrong is the reason for the rule, and is printed as the shortest story of it.

use stateright::{Checker, HasDiscoveries, Model};

use crate::ablation::Ablation;
use crate::protocol::{Protocol, Start};
use crate::starts;
use crate::story::story;
use crate::world::Budget;

/// A story of what goes wrong without `rule`, in fewer than `steps`. A start is
/// at depth 1, and the depth given is not explored any more.
fn within(rule: Ablation, start: &Start, budget: Budget, steps: usize) -> Option<(usize, String)> {
    let model = Protocol::new(vec![start.clone()], budget).without(rule).checker();
    let model =
        model.finish_when(HasDiscoveries::AnyFailures).target_max_depth(steps.saturating_add(1));
    let discoveries = model.spawn_bfs().join().discoveries().into_iter();
    let told = discoveries
        .map(|(property, path)| (path.clone().into_vec().len() - 1, story(property, path)));
    told.min_by_key(|(steps, _)| *steps)
}

/// The shortest story of what goes wrong without `rule`, if anything does; with it,
/// nothing must.
fn found(rule: Ablation, start: &Start, budget: Budget) -> Option<String> {
    let whole = Protocol::new(vec![start.clone()], budget).checker();
    let whole = whole.finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    assert!(whole.discoveries().is_empty(), "the rules are broken without leaving any out");
    // What is found first need not be the shortest: it is looked for again below that.
    let mut shortest = within(rule, start, budget, usize::MAX)?;
    while let Some(shorter) = within(rule, start, budget, shortest.0) {
        if shorter.0 >= shortest.0 {
            break;
        }
        shortest = shorter;
    }
    Some(shortest.1)
}

/// A test for each rule, named for it.
macro_rules! without {
    ($($rule:ident: $start:ident { $($budget:ident: $amount:literal),+ } $(#[$slow:meta])?)+) => {
        $(
            #[expect(non_snake_case, reason = "named for the rule that is left out")]
            #[test]
            $(#[$slow])?
            fn $rule() {
                let budget = Budget { $($budget: $amount,)+ ..Budget::NONE };
                let story = found(Ablation::$rule, &starts::$start(), budget);
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
}

/// The tests above fail where nothing is found.
#[test]
fn every_rule_is_left_out_once() {
    for rule in Ablation::ALL {
        assert!(RULES.contains(&rule), "{rule:?} is never left out");
    }
    println!("figure model.ablations_found {} rules", RULES.len());
}
