//! Each rule of the fleet left out.

use super::act::Start;
use super::explored::{
    back_to_cutover, live_alone, live_over_its_end, on_the_way_back, to_cutover,
};
use super::model::FleetModel;
use super::rule::Rule;
use super::site::Budget;
use super::story::story;
use crate::shortest::{is_sound, shortest};

fn found(
    rule: Rule,
    start: Start,
    is_fenced: bool,
    drivers: usize,
    budget: Budget,
) -> Option<String> {
    let whole =
        || FleetModel::new(vec![start], budget).with_fences(is_fenced).with_drivers(drivers);
    assert!(is_sound(whole()), "the rules are broken without leaving any out");
    shortest(|| whole().without(rule), story)
}

macro_rules! without {
    ($($rule:ident: $fence:literal $drivers:literal $start:ident { $($budget:ident: $amount:literal),+ })+) => {
        $(
            #[expect(non_snake_case, reason = "named for the rule that is left out")]
            #[test]
            #[cfg_attr(debug_assertions, ignore = "`make model` runs it, optimised")]
            fn $rule() {
                let budget = Budget { $($budget: $amount,)+ ..Budget::NONE };
                let story = found(Rule::$rule, $start(), $fence, $drivers, budget);
                let story = story.expect("no counterexample without this rule");
                println!("without {}:\n{story}", stringify!($rule));
            }
        )+

        const RULES: &[Rule] = &[$(Rule::$rule),+];
    };
}

without! {
    LeaseBeforeTheState: false 1 live_alone { moves: 2, renewals: 2 }
    AdoptedBeforeRenewed: false 1 back_to_cutover { moves: 1, renewals: 1 }
    CompareAndSet: false 2 on_the_way_back { moves: 2 }
    FenceAtTheEnd: true 1 back_to_cutover { moves: 1, evictions: 1 }
    TermFromBeforeItWasSent: true 1 back_to_cutover { moves: 1, evictions: 1 }
    WatchedForTheTerm: true 1 back_to_cutover { moves: 1, evictions: 1 }
    EvictionNamesTheRenewal: true 1 back_to_cutover { moves: 1, renewals: 1, evictions: 1 }
    LateRenewalChangesNothing: true 1 back_to_cutover { moves: 1, renewals: 1, twice: 1, evictions: 1 }
    EvictedIsBarred: true 1 back_to_cutover { moves: 1, renewals: 1, evictions: 1 }
    IncarnationOfItsOwn: false 1 live_over_its_end { moves: 2, renewals: 2, evictions: 1 }
    SettledBeforeTheSweep: false 1 to_cutover { moves: 1, renewals: 1, sweeps: 1 }
}

#[test]
fn every_rule_of_the_fleet_is_left_out_once() {
    for rule in Rule::ALL {
        assert!(RULES.contains(&rule), "{rule:?} is never left out");
    }
    println!("figure model.fleet_ablations_found {} rules", RULES.len());
}
