//! A call of an older generation changes nothing in a later one, however it ends.

use std::time::Duration;

use breaker_model::resilience::BreakerState;
use breaker_model::{Breaker, Call, Fate, Settings, clock};

use crate::support::{ByHand, Exploration, FATES, Job, at_once, call, open, shipped, works};

/// A call from when it was closed ends, while another fails, a probe comes and goes well.
pub(crate) fn of_calls<B: Breaker>(make: impl Fn(&Settings) -> B, fate: Fate) {
    let breaker = make(&Settings::default());
    let [old, failing] = [(); 2].map(|()| Call::begin(&breaker).unwrap());
    let turns = {
        let breaker = breaker.clone();
        Box::new(move || {
            failing.end(Fate::Sick);
            let probe = Call::begin(&breaker).expect("it is half open, and nobody has come");
            assert!(Call::begin(&breaker).is_none(), "an older call has made room");
            probe.end(Fate::Well);
        })
    };
    at_once([Box::new(move || old.end(fate)) as Job<()>, turns]);
    assert_eq!((breaker.state(), breaker.generation()), (BreakerState::Closed, 3));
}

/// A probe ends just when it is given up, and others come.
fn of_probes(fates: [Fate; 2]) {
    let probe_deadline = Duration::from_secs(10);
    let settings = Settings { probe_deadline, ..Settings::default() };
    let breaker = shipped(&settings);
    open(&breaker);
    let old = Call::begin(&breaker).unwrap();
    clock::pass(10);
    let turns = {
        let breaker = breaker.clone();
        Box::new(move || {
            if call(&breaker, fates[1]) {
                return;
            }
            let probe = Call::begin(&breaker).expect("it was given up, and opened for no time");
            assert!(Call::begin(&breaker).is_none(), "an older probe has made room");
            assert_eq!(breaker.generation(), 4);
            probe.end(Fate::Well);
            assert_eq!((breaker.state(), breaker.generation()), (BreakerState::Closed, 5));
        })
    };
    at_once([Box::new(move || old.end(fates[0])) as Job<()>, turns]);
    works(&breaker, &settings);
}

#[test]
fn a_late_call_changes_no_later_generation() {
    let exploration = Exploration::begin();
    for fate in FATES {
        exploration.run(move || of_calls(shipped, fate));
        for other in FATES {
            exploration.run(move || of_probes([fate, other]));
        }
    }
    exploration.end("generations");
}

/// Two calls of before end while it is turned by hand.
fn turned(was_half_open: bool, by_hand: ByHand, fates: [Fate; 2]) {
    let breaker = shipped(&Settings { calls_min: 2, probes: 2, ..Settings::default() });
    if was_half_open {
        (0..2).for_each(|_| assert!(call(&breaker, Fate::Sick)));
    }
    let calls = [(); 2].map(|()| Call::begin(&breaker).unwrap());
    let ends = calls.into_iter().zip(fates);
    let ends = ends.map(|(call, fate)| Box::new(move || call.end(fate)) as Job<()>);
    let turns = {
        let breaker = breaker.clone();
        Box::new(move || by_hand.turn(&breaker)) as Job<()>
    };
    at_once(ends.chain([turns]));
    assert_eq!(breaker.state(), by_hand.leads_to());
    if by_hand == ByHand::Reset {
        assert!(call(&breaker, Fate::Sick));
        assert_eq!(breaker.state(), BreakerState::Closed, "an older call was counted");
        assert!(call(&breaker, Fate::Sick));
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }
}

#[test]
fn nor_one_that_began_by_hand() {
    let exploration = Exploration::begin();
    for by_hand in ByHand::ALL {
        for fate in FATES {
            for other in FATES {
                exploration.run(move || turned(false, by_hand, [fate, other]));
                exploration.run(move || turned(true, by_hand, [fate, other]));
            }
        }
    }
    exploration.end("generations_by_hand");
}
