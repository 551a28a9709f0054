//! The rules as they are, explored to the end: from a fleet at rest in every
//! phase, whatever the budget allows happens in every order.

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};
use strangler_fig::phase::Scopes;
use strangler_fig::stamp::StampScope;

use crate::protocol::{Protocol, Start};
use crate::shortest::is_sound;
use crate::starts;
use crate::story::story;
use crate::world::Budget;

const NONE: Budget = Budget::NONE;

/// One exploration.
pub(crate) struct Exploration {
    pub(crate) name: &'static str,
    pub(crate) starts: fn() -> Vec<Start>,
    pub(crate) nodes: usize,
    pub(crate) cohorts: bool,
    pub(crate) scopes: Scopes,
    pub(crate) budget: Budget,
}

/// Two nodes, from everywhere, without a cohort.
pub(crate) const fn exploration(name: &'static str, budget: Budget) -> Exploration {
    let scopes = Scopes { legacy: StampScope::Store, modern: StampScope::Store };
    Exploration { name, starts: starts::all, nodes: 2, cohorts: false, scopes, budget }
}

/// Explores all of them, prints what they came to, and fails with a story of what
/// is wrong. Answers how many states there were.
pub(crate) fn explore(explorations: &[Exploration]) -> usize {
    let mut states = 0;
    for Exploration { name, starts, nodes, cohorts, scopes, budget } in explorations {
        let began = Instant::now();
        let model = Protocol::new(starts(), *budget).with_nodes(*nodes).with_cohorts(*cohorts);
        let model = model.with_scopes(*scopes);
        let checker = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
        let checker = checker.spawn_bfs().join();
        let (found, seconds) = (checker.unique_state_count(), began.elapsed().as_secs_f64());
        println!("{name}: {found} states, {} steps deep, {seconds:.1} s", checker.max_depth());
        let discoveries = checker.discoveries();
        let stories = discoveries.into_iter().map(|(property, path)| story(property, path));
        let stories: Vec<_> = stories.collect();
        assert!(stories.is_empty(), "{name}:\n{}", stories.join("\n"));
        states += found;
    }
    states
}

#[test]
fn a_part_is_explored_to_the_end() {
    explore(&[
        exploration("a save across a move", Budget { saves: 1, sweeps: 1, moves: 1, ..NONE }),
        exploration("a deletion, a crash", Budget { deletions: 1, crashes: 1, moves: 1, ..NONE }),
        exploration("a query", Budget { saves: 1, queries: 1, moves: 1, ..NONE }),
        exploration(
            "a save and a repeat",
            Budget { saves: 1, failures: 1, repeats: 1, moves: 1, ..NONE },
        ),
        Exploration {
            starts: || vec![starts::cutover()],
            ..exploration(
                "a writer outside that knows no phase, and a save across a move",
                Budget { saves: 1, outsides: 1, sweeps: 1, moves: 1, ..NONE },
            )
        },
    ]);
}

/// What is not promised, see `docs/PROOF.md`: a write under way is stored and read,
/// code without the crate deletes the row, stamp and all, and the write's call is made
/// again.
#[test]
fn a_repeat_may_bring_back_what_is_deleted_behind_the_crates_back() {
    let is_broken = |start: fn() -> Start, repeats| {
        let budget = Budget { saves: 1, reads: 1, bypasses: 1, failures: 1, repeats, ..NONE };
        !is_sound(Protocol::new(vec![start()], budget))
    };
    for start in [starts::legacy_only, starts::dual_write] {
        assert!(!is_broken(start, 0) && is_broken(start, 1));
    }
}

/// The standard size, for every change of the crate.
#[test]
#[cfg_attr(debug_assertions, ignore = "`make model` explores it, optimised")]
fn the_protocol_is_explored_to_the_end() {
    let began = Instant::now();
    let states = explore(&[
        exploration(
            "a save and a read across two moves",
            Budget { saves: 1, reads: 1, sweeps: 1, moves: 2, ..NONE },
        ),
        exploration(
            "a save and a deletion across a move",
            Budget { saves: 1, deletions: 1, sweeps: 1, moves: 1, ..NONE },
        ),
        exploration(
            "a save, a read and a failure across a move",
            Budget { saves: 1, reads: 1, sweeps: 1, failures: 1, moves: 1, ..NONE },
        ),
        exploration(
            "a save, a read, two failures and a repeat across a move",
            Budget { saves: 1, reads: 1, sweeps: 1, failures: 2, repeats: 1, moves: 1, ..NONE },
        ),
        exploration(
            "two saves, a failure and a repeat across a move",
            Budget { saves: 2, failures: 1, repeats: 1, moves: 1, ..NONE },
        ),
        exploration(
            "a save, a read and a crash across a move",
            Budget { saves: 1, reads: 1, crashes: 1, moves: 1, ..NONE },
        ),
        exploration(
            "a deletion there and back",
            Budget { deletions: 1, sweeps: 1, moves: 3, ..NONE },
        ),
        Exploration {
            cohorts: true,
            ..exploration(
                "a save across three moves with a cohort",
                Budget { saves: 1, sweeps: 1, moves: 3, ..NONE },
            )
        },
        exploration(
            "a save and a query across two moves",
            Budget { saves: 1, queries: 1, moves: 2, ..NONE },
        ),
        exploration(
            "a save and a writer that bypasses the crate",
            Budget { saves: 1, bypasses: 1, repairs: 1, sweeps: 1, moves: 2, ..NONE },
        ),
        Exploration {
            starts: || vec![starts::dual_write_ahead()],
            ..exploration(
                "a save and a read after a row was deleted behind the crate's back",
                Budget { saves: 1, reads: 1, bypasses: 1, repairs: 1, sweeps: 1, moves: 1, ..NONE },
            )
        },
        Exploration {
            starts: || vec![starts::legacy_only(), starts::dual_write(), starts::cutover()],
            ..exploration(
                "a save and a writer outside that knows no phase, across a move",
                Budget { saves: 1, outsides: 1, repairs: 1, sweeps: 1, moves: 1, ..NONE },
            )
        },
    ]);
    println!("figure model.states {states} states");
    println!("figure model.seconds {:.1} s", began.elapsed().as_secs_f64());
}

/// What takes too long for every change.
#[test]
#[ignore = "`make prove` explores it: fifteen minutes and 8 GiB"]
fn the_protocol_is_explored_further() {
    let states = explore(&[
        exploration(
            "two saves and a read across a move",
            Budget { saves: 2, reads: 1, moves: 1, ..NONE },
        ),
        exploration(
            "a save, a deletion and a read across a move",
            Budget { saves: 1, deletions: 1, reads: 1, moves: 1, ..NONE },
        ),
        exploration(
            "a save, a read and a failure across two moves",
            Budget { saves: 1, reads: 1, sweeps: 1, failures: 1, moves: 2, ..NONE },
        ),
        exploration(
            "a save, a read, a failure and a repeat across two moves",
            Budget { saves: 1, reads: 1, sweeps: 1, failures: 1, repeats: 1, moves: 2, ..NONE },
        ),
        exploration(
            "a save, a read, three failures and two repeats across a move",
            Budget { saves: 1, reads: 1, sweeps: 1, failures: 3, repeats: 2, moves: 1, ..NONE },
        ),
        exploration(
            "a save, a read, a failure, a repeat and a crash across a move",
            Budget { saves: 1, reads: 1, failures: 1, repeats: 1, crashes: 1, moves: 1, ..NONE },
        ),
        exploration(
            "two saves, a read, a failure and a repeat across a move",
            Budget { saves: 2, reads: 1, failures: 1, repeats: 1, moves: 1, ..NONE },
        ),
        exploration(
            "a save and a crash across two moves",
            Budget { saves: 1, sweeps: 1, crashes: 1, moves: 2, ..NONE },
        ),
        exploration("a save across four moves", Budget { saves: 1, sweeps: 1, moves: 4, ..NONE }),
        Exploration {
            cohorts: true,
            ..exploration(
                "a save and a query across three moves with a cohort",
                Budget { saves: 1, queries: 1, moves: 3, ..NONE },
            )
        },
        Exploration {
            starts: || vec![starts::dual_write_ahead()],
            ..exploration(
                "a save across three moves after a row was deleted behind the crate's back",
                Budget { saves: 1, bypasses: 1, repairs: 1, sweeps: 1, moves: 3, ..NONE },
            )
        },
        Exploration {
            starts: || vec![starts::legacy_only(), starts::dual_write(), starts::cutover()],
            ..exploration(
                "a save and a writer outside that knows no phase, across two moves",
                Budget { saves: 1, outsides: 1, repairs: 1, sweeps: 1, moves: 2, ..NONE },
            )
        },
        Exploration {
            nodes: 3,
            ..exploration(
                "a save across two moves, on three nodes",
                Budget { saves: 1, sweeps: 1, moves: 2, ..NONE },
            )
        },
        Exploration {
            starts: || vec![starts::dual_write()],
            ..exploration(
                "two saves, a read and a failure across a move from `DualWrite`",
                Budget { saves: 2, reads: 1, sweeps: 1, failures: 1, moves: 1, ..NONE },
            )
        },
    ]);
    println!("figure model.prove.states {states} states");
}
