//! The fleet by the rules, explored to the end.

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};
use strangler_fig::phase::{Move, Phase};

use super::act::Start;
use super::model::FleetModel;
use super::site::Budget;
use super::story::story;
use crate::spec::{Spec, walked};

const NONE: Budget = Budget::NONE;

/// The states along these phases.
fn along(phases: &[Phase]) -> Vec<Spec> {
    let walk = |to: usize| Spec::of(walked(phases[..to].iter().map(|to| Move::to(*to))));
    (0..=phases.len()).map(walk).collect()
}

/// The last of these phases, which the second node has not learnt of.
fn lagging(phases: &[Phase]) -> Start {
    let states = along(phases);
    let second = Some(states[states.len() - 2]);
    Start { current: states[states.len() - 1], second, has_ended: false }
}

const THERE: [Phase; 3] = [Phase::DualWrite, Phase::Cutover, Phase::Live];

fn live() -> Start {
    let current = along(&THERE)[THERE.len()];
    Start { current, second: Some(current), has_ended: false }
}

pub(super) fn live_alone() -> Start {
    Start { second: None, ..live() }
}

/// The second node has ended, a driver has seen the lease it left.
pub(super) fn live_over_its_end() -> Start {
    Start { has_ended: true, ..live() }
}

pub(super) fn to_cutover() -> Start {
    lagging(&THERE[..2])
}

pub(super) fn back_to_cutover() -> Start {
    lagging(&[&THERE[..], &[Phase::Cutover]].concat())
}

pub(super) fn on_the_way_back() -> Start {
    let start = back_to_cutover();
    Start { second: Some(start.current), ..start }
}

/// Each move that a node may not have learnt of, and a node that is not there yet.
fn all() -> Vec<Start> {
    let live_again = [Phase::RampDown, Phase::Live];
    let ways = [
        vec![Phase::DualWrite],
        THERE[..2].to_vec(),
        THERE.to_vec(),
        [&THERE[..], &[Phase::Cutover]].concat(),
        [&THERE[..], &[Phase::Halted]].concat(),
        [&THERE[..], &live_again[..1]].concat(),
        [&THERE[..], &live_again].concat(),
    ];
    let lagging = ways.iter().map(|way| lagging(way));
    lagging.chain([on_the_way_back(), live_alone(), live_over_its_end()]).collect()
}

struct Exploration {
    name: &'static str,
    is_fenced: bool,
    drivers: usize,
    budget: Budget,
}

fn explore(explorations: &[Exploration]) -> usize {
    let mut states = 0;
    for &Exploration { name, is_fenced, drivers, budget } in explorations {
        let began = Instant::now();
        let model = FleetModel::new(all(), budget).with_drivers(drivers).with_fences(is_fenced);
        let checker = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
        let checker = checker.spawn_bfs().join();
        let (found, seconds) = (checker.unique_state_count(), began.elapsed().as_secs_f64());
        println!("{name}: {found} states, {} steps deep, {seconds:.1} s", checker.max_depth());
        let stories = checker.discoveries().into_iter().map(|(told, path)| story(told, path));
        let stories: Vec<_> = stories.collect();
        assert!(stories.is_empty(), "{name}:\n{}", stories.join("\n"));
        states += found;
    }
    states
}

const fn fenced(name: &'static str, budget: Budget) -> Exploration {
    Exploration { name, is_fenced: true, drivers: 1, budget }
}

const fn going_on(name: &'static str, drivers: usize, budget: Budget) -> Exploration {
    Exploration { name, is_fenced: false, drivers, budget }
}

/// The standard size.
#[test]
#[cfg_attr(debug_assertions, ignore = "`make model` explores it, optimised")]
fn fleets_are_explored_to_the_end() {
    let states = explore(&[
        fenced(
            "fenced: a renewal, one that comes twice, an eviction, a move",
            Budget { moves: 1, renewals: 1, twice: 1, evictions: 1, ..NONE },
        ),
        going_on(
            "a renewal, a crash, an eviction, a move",
            1,
            Budget { moves: 1, renewals: 1, crashes: 1, evictions: 1, ..NONE },
        ),
        going_on("a guard beside the controller, two moves", 2, Budget { moves: 2, ..NONE }),
        going_on(
            "a renewal, a sweep, two moves",
            1,
            Budget { moves: 2, renewals: 1, sweeps: 1, ..NONE },
        ),
    ]);
    println!("figure model.fleet_states {states} states");
}

/// What takes too long for every change.
#[test]
#[ignore = "`make prove` explores it"]
fn fleets_are_explored_further() {
    let states = explore(&[
        going_on(
            "two renewals, a sweep, two moves",
            1,
            Budget { moves: 2, renewals: 2, sweeps: 1, ..NONE },
        ),
        going_on(
            "a guard beside the controller, a renewal, two moves",
            2,
            Budget { moves: 2, renewals: 1, ..NONE },
        ),
    ]);
    println!("figure model.prove.fleet_states {states} states");
}
