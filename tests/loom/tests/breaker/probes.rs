//! Half open, no more calls are under way or went well than it lets through.

use std::sync::Arc;
use std::time::Duration;

use breaker_model::{Breaker, Call, Fate, Settings, clock};
use loom::sync::Mutex;

use crate::support::{Exploration, FATES, Job, at_once, open, shipped, works};

/// All race for the turn to half open, and hold what they get.
pub(crate) fn race<B: Breaker>(make: impl Fn(&Settings) -> B, threads: u32, probes: u32) {
    let breaker = make(&Settings { probes, ..Settings::default() });
    open(&breaker);
    let begin = |_| {
        let breaker = breaker.clone();
        Box::new(move || Call::begin(&breaker)) as Job<_>
    };
    let calls = at_once((0..threads).map(begin));
    assert_eq!(calls.iter().flatten().count(), probes as usize);
    assert!(Call::begin(&breaker).is_none());
}

#[test]
fn as_many_probes_get_through_as_it_was_told() {
    let exploration = Exploration::begin();
    for (threads, probes) in [(2, 1), (3, 1), (3, 2), (4, 2)] {
        exploration.run(move || race(shipped, threads, probes));
    }
    exploration.end("probes_race");
}

/// The same, while the time comes at which it may.
fn race_with_time(probes: u32) {
    let open_for = Duration::from_secs(10);
    let breaker = shipped(&Settings { probes, open_for, ..Settings::default() });
    open(&breaker);
    let begin = || {
        let breaker = breaker.clone();
        Box::new(move || Call::begin(&breaker)) as Job<_>
    };
    let time = Box::new(|| {
        clock::pass(10);
        None
    });
    let mut calls = at_once([time, begin(), begin()]);
    assert!(calls.iter().flatten().count() <= probes as usize);
    for _ in calls.iter().flatten().count()..probes as usize {
        calls.push(Some(Call::begin(&breaker).unwrap()));
    }
    assert!(Call::begin(&breaker).is_none());
}

#[test]
fn nor_more_when_its_time_comes_meanwhile() {
    let exploration = Exploration::begin();
    for probes in [1, 2, 3] {
        exploration.run(move || race_with_time(probes));
    }
    exploration.end("probes_time");
}

/// What is surely under way or has gone well, by the book of the callers.
struct Ledger {
    probes: u32,
    held: u32,
    well: u32,
    /// It may have turned: what comes now belongs to another generation.
    is_closed: bool,
}

impl Ledger {
    fn begins(&mut self) {
        self.held += 1;
        assert!(self.is_closed || self.held + self.well <= self.probes, "over-admission");
    }

    fn ends(&mut self, fate: Fate) {
        self.held -= 1;
        self.well += u32::from(fate == Fate::Well);
        self.is_closed |= fate == Fate::Sick || self.well == self.probes;
    }
}

/// Each makes a call that ends in its way.
fn mixed(probes: u32, fates: [Fate; 3]) {
    let settings = Settings { probes, ..Settings::default() };
    let breaker = shipped(&settings);
    open(&breaker);
    let ledger = Arc::new(Mutex::new(Ledger { probes, held: 0, well: 0, is_closed: false }));
    at_once(fates.map(|fate| {
        let (breaker, ledger) = (breaker.clone(), ledger.clone());
        Box::new(move || {
            let Some(call) = Call::begin(&breaker) else { return };
            ledger.lock().unwrap().begins();
            ledger.lock().unwrap().ends(fate);
            call.end(fate);
        }) as Job<()>
    }));
    works(&breaker, &settings);
}

#[test]
fn held_and_gone_well_are_never_more_than_that() {
    let exploration = Exploration::begin().interrupted_at_most(3);
    for probes in [1, 2] {
        for (at, one) in FATES.into_iter().enumerate() {
            for (next, other) in FATES.into_iter().enumerate().skip(at) {
                for third in FATES.into_iter().skip(next) {
                    exploration.run(move || mixed(probes, [one, other, third]));
                }
            }
        }
    }
    exploration.end("probes_mixed");
}
