//! Turns of a breaker: by hand, told to its observer, and generations.

use std::sync::{Arc, OnceLock};

use strangler_fig::observe::{Event, Observer};
use strangler_fig::resilience::Health::{Sick, Well};
use strangler_fig::resilience::{BreakerState, CircuitBreaker, Refused};
use tokio::time::advance;

use crate::breaker::{breaker, config};
use crate::support::{Ears, end, ms};

type Turn = (&'static str, &'static str, u64);

/// The turns that were heard of, all of this breaker.
fn turns(ears: &Ears, breaker: &CircuitBreaker) -> Vec<Turn> {
    let turn = |event: Event| match event {
        Event::BreakerTurned { breaker: "modern", instance, from, to, generation }
            if instance == breaker.instance() =>
        {
            (from, to, generation)
        }
        other => panic!("{other:?}"),
    };
    ears.heard().into_iter().map(turn).collect()
}

#[tokio::test(start_paused = true)]
async fn forced_open_it_refuses_everything_until_it_is_reset() {
    let breaker = breaker(config());
    breaker.force_open();
    advance(ms(1_000_000)).await;
    let refused = breaker.acquire().unwrap_err();
    assert_eq!(refused, Refused::Open { breaker: "modern", retry_after: None });
    assert_eq!(breaker.state(), BreakerState::ForcedOpen);
    breaker.reset();
    assert!(breaker.acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn disabled_it_lets_everything_through_and_counts_nothing() {
    let breaker = breaker(config());
    end(&breaker, [Sick; 4]);
    breaker.disable();
    end(&breaker, [Sick; 100]);
    assert_eq!(breaker.state(), BreakerState::Disabled);
    breaker.reset();
    end(&breaker, [Sick; 3]);
    assert_eq!(breaker.state(), BreakerState::Closed, "none of the hundred is remembered");
}

#[tokio::test(start_paused = true)]
async fn a_reset_forgets_what_was_counted() {
    let breaker = breaker(config());
    end(&breaker, [Sick; 3]);
    breaker.reset();
    end(&breaker, [Sick; 3]);
    assert_eq!(breaker.state(), BreakerState::Closed);
    end(&breaker, [Sick]);
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_turn_by_hand_outranks_an_open_breaker_and_its_probes() {
    let by_hand = [
        (CircuitBreaker::force_open as fn(&CircuitBreaker), BreakerState::ForcedOpen),
        (CircuitBreaker::disable, BreakerState::Disabled),
        (CircuitBreaker::reset, BreakerState::Closed),
    ];
    for (turn, state) in by_hand {
        let breaker = breaker(config());
        end(&breaker, [Sick; 4]);
        turn(&breaker);
        assert_eq!(breaker.state(), state);
        breaker.reset();
        end(&breaker, [Sick; 4]);
        advance(ms(100)).await;
        let probe = breaker.acquire().unwrap();
        turn(&breaker);
        probe.settle(Sick);
        assert_eq!(breaker.state(), state);
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_of_before_the_turn_changes_nothing_after_it() {
    let breaker = breaker(config());
    let late: Vec<_> = (0..40).map(|_| breaker.acquire().unwrap()).collect();
    let mut late = late.into_iter().zip([Sick, Well].into_iter().cycle());
    let mut ten_late_ones_end = || late.by_ref().take(10).for_each(|(it, how)| it.settle(how));
    end(&breaker, [Sick; 4]);
    ten_late_ones_end();
    assert_eq!((breaker.state(), breaker.generation()), (BreakerState::Open, 1));
    advance(ms(100)).await;
    let probe = breaker.acquire().unwrap();
    ten_late_ones_end();
    assert_eq!((breaker.state(), breaker.generation()), (BreakerState::HalfOpen, 2));
    probe.settle(Well);
    end(&breaker, [Well]);
    ten_late_ones_end();
    assert_eq!((breaker.state(), breaker.generation()), (BreakerState::Closed, 3));
    breaker.reset();
    ten_late_ones_end();
    assert_eq!((breaker.state(), breaker.generation()), (BreakerState::Closed, 4));
}

#[tokio::test(start_paused = true)]
async fn every_turn_is_told_once_and_numbered() {
    let ears = Ears::new();
    let breaker = breaker(config().with_observer(ears.clone()));
    end(&breaker, [Sick; 4]);
    assert!((0..10).all(|_| breaker.acquire().is_err()), "a refusal is no turn");
    advance(ms(100)).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert_eq!(
        turns(&ears, &breaker),
        [("closed", "open", 1)],
        "it turns with a call, not by a look"
    );
    end(&breaker, [Well, Well]);
    breaker.force_open();
    breaker.disable();
    breaker.reset();
    let expected = [
        ("open", "half_open", 2),
        ("half_open", "closed", 3),
        ("closed", "forced_open", 4),
        ("forced_open", "disabled", 5),
        ("disabled", "closed", 6),
    ];
    assert_eq!(turns(&ears, &breaker), expected);
    assert_eq!(breaker.generation(), 6);
}

#[tokio::test(start_paused = true)]
async fn probes_that_fail_or_never_end_are_told_as_a_turn() {
    let ears = Ears::new();
    let breaker = breaker(config().with_observer(ears.clone()));
    end(&breaker, [Sick; 4]);
    advance(ms(100)).await;
    end(&breaker, [Sick]);
    advance(ms(100)).await;
    let _stuck = [(); 2].map(|()| breaker.acquire().unwrap());
    advance(ms(1_000)).await;
    assert!(breaker.acquire().is_err());
    let expected = [
        ("closed", "open", 1),
        ("open", "half_open", 2),
        ("half_open", "open", 3),
        ("open", "half_open", 4),
        ("half_open", "open", 5),
    ];
    assert_eq!(turns(&ears, &breaker), expected);
}

/// An observer that looks at the breaker, and takes a call through it.
#[derive(Debug, Default)]
struct Nosy {
    breaker: OnceLock<CircuitBreaker>,
    seen: std::sync::Mutex<Vec<(BreakerState, u64)>>,
}

impl Observer for Nosy {
    fn on_event(&self, _: &Event) {
        let breaker = self.breaker.get().unwrap();
        drop(breaker.acquire());
        self.seen.lock().unwrap().push((breaker.state(), breaker.generation()));
        assert!(format!("{breaker:?}").contains("modern"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_look_at_the_breaker_that_tells_it() {
    let nosy = Arc::new(Nosy::default());
    let breaker = breaker(config().with_observer(nosy.clone()));
    nosy.breaker.set(breaker.clone()).unwrap();
    end(&breaker, [Sick; 4]);
    breaker.reset();
    let seen = nosy.seen.lock().unwrap();
    assert_eq!(*seen, [(BreakerState::Open, 1), (BreakerState::Closed, 2)]);
}
