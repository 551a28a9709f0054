//! Half open, it is never stuck: what is cancelled, on whatever thread, makes room, and
//! what never ends is given up.

use std::time::Duration;

use breaker_model::resilience::BreakerState;
use breaker_model::{Breaker, Call, Fate, Settings, clock};

use crate::support::{Exploration, FATES, Job, at_once, call, open, shipped, works};

/// Two probes end on threads that have not begun them, while somebody comes.
pub(crate) fn handed_over<B: Breaker>(make: impl Fn(&Settings) -> B, fates: [Fate; 3]) {
    let settings = Settings { probes: 2, ..Settings::default() };
    let breaker = make(&settings);
    open(&breaker);
    let [one, other] = [(); 2].map(|()| Call::begin(&breaker).unwrap());
    let ends = |call: Call, fate| Box::new(move || call.end(fate)) as Job<()>;
    let comes = {
        let breaker = breaker.clone();
        Box::new(move || {
            call(&breaker, fates[2]);
        })
    };
    at_once([ends(one, fates[0]), ends(other, fates[1]), comes]);
    works(&breaker, &settings);
}

#[test]
fn what_another_thread_cancels_makes_room() {
    let exploration = Exploration::begin();
    for one in FATES {
        for other in FATES {
            for third in FATES {
                exploration.run(move || handed_over(shipped, [one, other, third]));
            }
        }
    }
    exploration.end("room_handed_over");
}

/// Probes that nobody ends, and then their deadline.
fn leaked(probes: u32, fates: [Fate; 2], passes_meanwhile: bool) {
    let probe_deadline = Duration::from_secs(10);
    let settings = Settings { probes, probe_deadline, ..Settings::default() };
    let breaker = shipped(&settings);
    open(&breaker);
    (0..probes).for_each(|_| Call::begin(&breaker).unwrap().end(Fate::Leaked));
    let calls = fates.map(|fate| {
        let breaker = breaker.clone();
        Box::new(move || call(&breaker, fate)) as Job<bool>
    });
    let time = Box::new(|| {
        clock::pass(10);
        false
    });
    if passes_meanwhile {
        at_once([time as Job<bool>].into_iter().chain(calls));
    } else {
        time();
        let through = at_once(calls);
        assert!(through.contains(&false), "the first that comes opens it");
    }
    if breaker.generation() == 2 {
        assert!(!call(&breaker, Fate::Well), "they are given up");
        assert_eq!(breaker.generation(), 3);
    }
    works(&breaker, &settings);
}

#[test]
fn what_never_ends_is_given_up() {
    let exploration = Exploration::begin();
    for one in FATES {
        for other in FATES {
            for probes in [1, 2] {
                exploration.run(move || leaked(probes, [one, other], false));
                exploration.run(move || leaked(probes, [one, other], true));
            }
        }
    }
    exploration.end("room_leaked");
}

/// A probe and an older call are slow by the time they end, or not yet, while others
/// come.
fn slow(fates: [Fate; 3]) {
    let slow_after = Some(Duration::from_secs(10));
    let settings = Settings { slow_after, ..Settings::default() };
    let breaker = shipped(&settings);
    let old = Call::begin(&breaker).unwrap();
    open(&breaker);
    let probe = Call::begin(&breaker).unwrap();
    let ends = Box::new(move || {
        probe.end(fates[0]);
        old.end(fates[1]);
    }) as Job<()>;
    let comes = {
        let breaker = breaker.clone();
        Box::new(move || {
            call(&breaker, fates[2]);
        }) as Job<()>
    };
    at_once([Box::new(|| clock::pass(10)) as Job<()>, ends, comes]);
    works(&breaker, &settings);
}

#[test]
fn what_is_slow_when_it_is_given_up_makes_room_as_well() {
    let exploration = Exploration::begin().interrupted_at_most(3);
    let fates = [Fate::Well, Fate::Sick, Fate::Cancelled];
    for one in fates {
        for other in fates {
            for third in fates {
                exploration.run(move || slow([one, other, third]));
            }
        }
    }
    exploration.end("room_slow");
}

/// With no patience at all, every probe that meets another gives it up.
fn impatient(fates: [Fate; 3]) {
    let settings = Settings { probe_deadline: Duration::ZERO, ..Settings::default() };
    let breaker = shipped(&settings);
    open(&breaker);
    at_once(fates.map(|fate| {
        let breaker = breaker.clone();
        Box::new(move || call(&breaker, fate)) as Job<bool>
    }));
    let generation = breaker.generation();
    let is_through = call(&breaker, Fate::Leaked);
    assert!(is_through || breaker.generation() == generation + 1);
    assert!(is_through || call(&breaker, Fate::Leaked), "it is stuck");
    breaker.reset();
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn without_any_patience_it_goes_on_as_well() {
    let exploration = Exploration::begin();
    let fates = [Fate::Well, Fate::Sick, Fate::Cancelled, Fate::Leaked];
    for one in fates {
        for other in fates {
            for third in fates {
                exploration.run(move || impatient([one, other, third]));
            }
        }
    }
    exploration.end("room_impatient");
}
