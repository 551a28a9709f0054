//! What an operator says holds from when it was said.

use std::sync::Arc;
use std::time::Duration;

use breaker_model::resilience::BreakerState;
use breaker_model::{Call, Fate, Settings, clock};
use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::{Acquire, Release};

use crate::support::{ByHand, Exploration, FATES, Job, Told, at_once, call, open, shipped, works};

/// Where it was when the operator came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Was {
    Closed,
    Open,
    Probing,
}

/// Somebody turns it and lets another know, who calls twice while an older call ends.
fn obeyed(was: Was, by_hand: ByHand, fates: [Fate; 2]) {
    let breaker = shipped(&Settings::default());
    if was != Was::Closed {
        open(&breaker);
    }
    let old = (was != Was::Open).then(|| Call::begin(&breaker).unwrap());
    let is_said = Arc::new(AtomicBool::new(false));
    let operator = {
        let (breaker, is_said) = (breaker.clone(), is_said.clone());
        Box::new(move || {
            by_hand.turn(&breaker);
            is_said.store(true, Release);
        }) as Job<()>
    };
    let caller = {
        let breaker = breaker.clone();
        Box::new(move || {
            for _ in 0..2 {
                let was_said = is_said.load(Acquire);
                let is_through = call(&breaker, fates[1]);
                assert!(!was_said || is_through == by_hand.leads_to().admits());
            }
        }) as Job<()>
    };
    let ends = Box::new(move || old.into_iter().for_each(|old| old.end(fates[0]))) as Job<()>;
    at_once([operator, caller, ends]);
    assert_eq!(breaker.state(), by_hand.leads_to());
}

#[test]
fn what_was_forced_or_disabled_is_so_for_whoever_comes_later() {
    let exploration = Exploration::begin();
    let fates = [Fate::Well, Fate::Sick, Fate::Cancelled];
    for was in [Was::Closed, Was::Open, Was::Probing] {
        for by_hand in [ByHand::ForceOpen, ByHand::Disable] {
            for fate in fates {
                for other in fates {
                    exploration.run(move || obeyed(was, by_hand, [fate, other]));
                }
            }
        }
    }
    exploration.end("by_hand_obeyed");
}

/// Two operators, and a call.
fn disputed(was: Was, by_hand: [ByHand; 2], fate: Fate) {
    let told = Arc::new(Told::default());
    let settings = Settings { observer: Some(told.clone()), ..Settings::default() };
    let breaker = shipped(&settings);
    if was != Was::Closed {
        open(&breaker);
    }
    let old = (was == Was::Probing).then(|| Call::begin(&breaker).unwrap());
    let operators = by_hand.map(|by_hand| {
        let breaker = breaker.clone();
        Box::new(move || by_hand.turn(&breaker)) as Job<()>
    });
    let calls = {
        let breaker = breaker.clone();
        Box::new(move || {
            if let Some(old) = old {
                old.end(fate);
            }
            call(&breaker, fate);
        }) as Job<()>
    };
    at_once(operators.into_iter().chain([calls]));
    let last = told.turns(&breaker).last().copied().unwrap();
    if by_hand.map(ByHand::leads_to).contains(&breaker.state()) {
        assert_eq!(breaker.state().name(), last.2);
    }
    breaker.reset();
    assert_eq!(breaker.state(), BreakerState::Closed);
    works(&breaker, &settings);
}

#[test]
fn after_two_operators_it_is_as_the_later_one_said() {
    let exploration = Exploration::begin();
    for was in [Was::Closed, Was::Open, Was::Probing] {
        for one in ByHand::ALL {
            for other in ByHand::ALL {
                for fate in FATES {
                    exploration.run(move || disputed(was, [one, other], fate));
                }
            }
        }
    }
    exploration.end("by_hand_disputed");
}

/// A reset among calls that end, in a window that moves.
fn counted(fates: [Fate; 2]) {
    let window = Some(Duration::from_secs(10));
    let breaker = shipped(&Settings { window, calls_min: 2, ..Settings::default() });
    let calls = fates.map(|fate| {
        let breaker = breaker.clone();
        Box::new(move || {
            call(&breaker, fate);
        }) as Job<()>
    });
    let resets = {
        let breaker = breaker.clone();
        Box::new(move || {
            clock::pass(20);
            breaker.reset();
        }) as Job<()>
    };
    at_once(calls.into_iter().chain([resets]));
    breaker.reset();
    assert!(call(&breaker, Fate::Sick));
    assert_eq!(breaker.state(), BreakerState::Closed, "what was before the reset is counted");
    assert!(call(&breaker, Fate::Sick));
    assert_eq!(breaker.state(), BreakerState::HalfOpen, "it has counted too few");
}

#[test]
fn a_reset_forgets_what_was_counted_and_nothing_else() {
    let exploration = Exploration::begin().interrupted_at_most(3);
    for fate in FATES {
        for other in FATES {
            exploration.run(move || counted([fate, other]));
        }
    }
    exploration.end("by_hand_counted");
}
