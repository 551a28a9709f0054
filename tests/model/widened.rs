//! Cohorts, leases that run out, and sides whose stamps are kept elsewhere than in the
//! row, explored to the end.

use strangler_fig::phase::Scopes;

use crate::explored::{Exploration, exploration, explore};
use crate::protocol::{BOTH, LEGACY, MODERN, Protocol};
use crate::shortest::is_sound;
use crate::starts;
use crate::world::Budget;

const NONE: Budget = Budget::NONE;

/// From every place with a cohort.
const fn with_a_cohort(name: &'static str, budget: Budget) -> Exploration {
    Exploration { starts: starts::with_a_cohort, cohorts: true, ..exploration(name, budget) }
}

/// One node alone, with a side that forgets its stamps, or two.
const fn forgetful(name: &'static str, scopes: Scopes, budget: Budget) -> Exploration {
    Exploration { nodes: 1, scopes, ..exploration(name, budget) }
}

/// Cohorts, from every place there is with one.
#[test]
#[cfg_attr(debug_assertions, ignore = "`make model` explores it, optimised")]
fn cohorts_are_explored_to_the_end() {
    let states = explore(&[
        with_a_cohort(
            "a save and a sweep across a move, from every place with a cohort",
            Budget { saves: 1, sweeps: 1, moves: 1, ..NONE },
        ),
        with_a_cohort(
            "a save and a query across a move, from every place with a cohort",
            Budget { saves: 1, queries: 1, moves: 1, ..NONE },
        ),
    ]);
    println!("figure model.cohort_states {states} states");
}

/// What takes too long for every change.
#[test]
#[ignore = "`make prove` explores it"]
fn cohorts_are_explored_further() {
    let states = explore(&[
        with_a_cohort(
            "a save across two moves, from every place with a cohort",
            Budget { saves: 1, moves: 2, ..NONE },
        ),
        with_a_cohort(
            "a save and a read across a move, from every place with a cohort",
            Budget { saves: 1, reads: 1, moves: 1, ..NONE },
        ),
    ]);
    println!("figure model.prove.cohort_states {states} states");
}

/// Leases that run out, with what their nodes have under way.
#[test]
#[cfg_attr(debug_assertions, ignore = "`make model` explores it, optimised")]
fn fences_are_explored_to_the_end() {
    let states = explore(&[
        exploration(
            "a save and a read across a fence and a move",
            Budget { saves: 1, reads: 1, fences: 1, moves: 1, ..NONE },
        ),
        exploration(
            "a save and a sweep across a fence and two moves",
            Budget { saves: 1, sweeps: 1, fences: 1, moves: 2, ..NONE },
        ),
        exploration(
            "a save and a repair across a fence and a move",
            Budget { saves: 1, repairs: 1, fences: 1, moves: 1, ..NONE },
        ),
    ]);
    println!("figure model.fence_states {states} states");
}

/// What takes too long for every change.
#[test]
#[ignore = "`make prove` explores it"]
fn fences_are_explored_further() {
    let states = explore(&[
        exploration(
            "a save, a read and a sweep across a fence and a move",
            Budget { saves: 1, reads: 1, sweeps: 1, fences: 1, moves: 1, ..NONE },
        ),
        exploration(
            "a save and a repair across a fence and two moves",
            Budget { saves: 1, repairs: 1, fences: 1, moves: 2, ..NONE },
        ),
    ]);
    println!("figure model.prove.fence_states {states} states");
}

/// Sides whose stamps are kept beside the rows, or in the process.
#[test]
#[cfg_attr(debug_assertions, ignore = "`make model` explores it, optimised")]
fn wrapped_sides_are_explored_to_the_end() {
    let states = explore(&[
        exploration(
            "a save and a read, a call that stores the row alone, a repeat, a move",
            Budget { saves: 1, reads: 1, failures: 1, repeats: 1, tears: 1, moves: 1, ..NONE },
        ),
        forgetful(
            "legacy forgets: a save and a read across two moves",
            LEGACY,
            Budget { saves: 1, reads: 1, sweeps: 1, forgets: 1, moves: 2, ..NONE },
        ),
        forgetful(
            "modern forgets: a save and a read across two moves",
            MODERN,
            Budget { saves: 1, reads: 1, sweeps: 1, forgets: 1, moves: 2, ..NONE },
        ),
        forgetful(
            "legacy forgets: two saves across a restart and a move",
            LEGACY,
            Budget { saves: 2, sweeps: 1, crashes: 1, moves: 1, ..NONE },
        ),
        forgetful(
            "modern forgets: two saves across a restart and a move",
            MODERN,
            Budget { saves: 2, sweeps: 1, crashes: 1, moves: 1, ..NONE },
        ),
        forgetful(
            "both forget: a save and a read across two moves",
            BOTH,
            Budget { saves: 1, reads: 1, sweeps: 1, forgets: 1, moves: 2, ..NONE },
        ),
        forgetful(
            "modern forgets: a save across a restart and two moves",
            MODERN,
            Budget { saves: 1, sweeps: 1, crashes: 1, moves: 2, ..NONE },
        ),
    ]);
    println!("figure model.wrapped_states {states} states");
}

/// What is not promised either: a stamp is forgotten between the read and the write of
/// a join, which then puts an earlier record over it.
#[test]
fn the_stamp_of_what_a_join_has_under_way_must_not_be_forgotten() {
    let budget = Budget { saves: 1, sweeps: 1, forgets: 1, ..NONE };
    let model = || Protocol::new(vec![starts::cutover_again()], budget).alone(LEGACY);
    assert!(is_sound(model()) && !is_sound(model().careless()));
}

/// Nor this: a process that has forgotten all stamps begins by a clock that is behind
/// those of the one before it, which are still there on the other side.
#[test]
#[cfg_attr(debug_assertions, ignore = "`make model` explores it, optimised")]
fn a_process_that_forgets_must_begin_above_the_one_before_it() {
    let budget = Budget { saves: 2, sweeps: 1, crashes: 1, moves: 1, ..NONE };
    let model = || Protocol::new(vec![starts::ramp_down()], budget).alone(MODERN);
    assert!(is_sound(model()) && !is_sound(model().careless()));
}
