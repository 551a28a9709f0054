//! Breakers that are flawed, and what the models say of them.

use breaker_model::{Fate, Flaw, Flawed, Settings};

use crate::support::{Exploration, FATES};
use crate::{generations, probes, room, told};

fn with(flaw: Flaw) -> impl Fn(&Settings) -> Flawed + Copy + Send + Sync + 'static {
    move |settings| Flawed::of(flaw, settings)
}

/// The models of each control, on a breaker without a flaw.
#[test]
fn the_control_itself_is_right_without_its_flaw() {
    let exploration = Exploration::begin();
    let right = with(Flaw::None);
    exploration.run(move || probes::race(right, 3, 2));
    exploration.run(move || room::handed_over(right, [Fate::Cancelled, Fate::Well, Fate::Sick]));
    for fate in FATES {
        exploration.run(move || generations::of_calls(right, fate));
    }
    exploration.run(move || told::heard(right, [Fate::Sick, Fate::Well], None));
    exploration.end("control_right");
}

fn finds(name: &str, words: &str, model: impl Fn() + Send + Sync + 'static) {
    let exploration = Exploration::begin();
    let found = exploration.finds(model).expect("the flaw shows");
    assert!(found.contains(words), "{found}");
    exploration.end(name);
}

#[test]
fn one_that_looks_and_then_takes_lets_too_many_through() {
    let flawed = with(Flaw::LooksThenTakes);
    finds("control_looks_then_takes", "left: 2\n right: 1", move || probes::race(flawed, 2, 1));
}

#[test]
fn one_that_keeps_what_is_dropped_is_stuck() {
    let flawed = with(Flaw::KeepsWhatIsDropped);
    finds("control_keeps_what_is_dropped", "it is stuck", move || {
        room::handed_over(flawed, [Fate::Cancelled, Fate::Well, Fate::Well]);
    });
}

#[test]
fn one_that_knows_no_generations_is_turned_by_an_older_call() {
    let flawed = with(Flaw::KnowsNoGenerations);
    finds("control_knows_no_generations", "right: (Closed, 3)", move || {
        generations::of_calls(flawed, Fate::Sick);
    });
}

#[test]
fn one_that_asks_and_then_counts_is_turned_by_an_older_call() {
    let flawed = with(Flaw::AsksThenCounts);
    finds("control_asks_then_counts", "right: (Closed, 3)", move || {
        generations::of_calls(flawed, Fate::Sick);
    });
}

#[test]
fn one_that_tells_under_its_lock_waits_for_itself() {
    let flawed = with(Flaw::TellsUnderItsLock);
    finds("control_tells_under_its_lock", "deadlock", move || {
        told::heard(flawed, [Fate::Sick, Fate::Well], None);
    });
}
