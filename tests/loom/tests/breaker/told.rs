//! Turns are told outside of the lock, each once.

use std::sync::Arc;

use breaker_model::{Breaker, Fate, Settings};

use crate::support::{Asks, ByHand, Exploration, Job, at_once, call, shipped, works};

/// Calls and an operator, heard by one who looks at the breaker each time.
pub(crate) fn heard<B: Breaker>(
    make: impl Fn(&Settings) -> B,
    fates: [Fate; 2],
    by_hand: Option<ByHand>,
) {
    let asks = Arc::new(Asks::<B>::default());
    let settings = Settings { observer: Some(asks.clone()), ..Settings::default() };
    let breaker = make(&settings);
    *asks.breaker.lock().unwrap() = Some(breaker.clone());
    let calls = fates.map(|fate| {
        let breaker = breaker.clone();
        Box::new(move || {
            call(&breaker, fate);
            call(&breaker, fate);
        }) as Job<()>
    });
    let operator = by_hand.map(|by_hand| {
        let breaker = breaker.clone();
        Box::new(move || by_hand.turn(&breaker)) as Job<()>
    });
    at_once(calls.into_iter().chain(operator));
    asks.told.turns(&breaker);
    if by_hand.is_none_or(|by_hand| by_hand == ByHand::Reset) {
        works(&breaker, &settings);
    }
    asks.told.turns(&breaker);
    asks.breaker.lock().unwrap().take();
}

#[test]
fn an_observer_may_look_and_hears_of_every_turn_once() {
    let exploration = Exploration::begin().interrupted_at_most(3);
    for one in [Fate::Well, Fate::Sick, Fate::Cancelled] {
        for by_hand in ByHand::ALL.map(Some).into_iter().chain([None]) {
            exploration.run(move || heard(shipped, [Fate::Sick, one], by_hand));
        }
    }
    exploration.end("told");
}
