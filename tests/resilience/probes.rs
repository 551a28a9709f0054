//! Half open: which calls go through, and what becomes of the breaker by them.

use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::Barrier;
use std::time::Duration;

use futures::FutureExt;
use strangler_fig::phase::Share;
use strangler_fig::resilience::Health::{Ignored, Sick, Well};
use strangler_fig::resilience::{BreakerState, CircuitBreaker, Permit, Refused};
use tokio::time::advance;

use crate::breaker::{breaker, config};
use crate::support::{Fault, Script, Step, end, lasts, ms};

/// A breaker that lets two probes through.
async fn half_open() -> CircuitBreaker {
    let breaker = breaker(config());
    end(&breaker, [Sick; 4]);
    advance(ms(100)).await;
    breaker
}

fn both(breaker: &CircuitBreaker) -> [Permit<'_>; 2] {
    [(); 2].map(|()| breaker.acquire().unwrap())
}

fn is_full(breaker: &CircuitBreaker) -> bool {
    breaker.acquire().is_err()
}

#[tokio::test(start_paused = true)]
async fn it_lets_its_probes_through_and_no_other_call() {
    let breaker = half_open().await;
    let [one, other] = both(&breaker);
    assert!(is_full(&breaker));
    one.settle(Well);
    assert!(is_full(&breaker), "one went well and one is under way: that is both");
    other.settle(Well);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_opens_it_again_for_its_whole_time() {
    let breaker = half_open().await;
    let [one, _other] = both(&breaker);
    one.settle(Sick);
    let refused = breaker.acquire().unwrap_err();
    assert_eq!(refused, Refused::Open { breaker: "modern", retry_after: Some(ms(100)) });
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_slow_opens_it_again() {
    let breaker = breaker(config().with_slow_calls(ms(50), Share::WHOLE));
    end(&breaker, [Sick; 4]);
    advance(ms(100)).await;
    breaker.call(|| lasts(50)).await.unwrap();
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_makes_room_for_another() {
    let breaker = half_open().await;
    for _ in 0..50 {
        let [one, other] = both(&breaker);
        assert!(is_full(&breaker));
        drop((one, other));
    }
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    end(&breaker, [Well, Well]);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_caller_leaves_makes_room_for_another() {
    let (breaker, script) = (half_open().await, Script::new([Step::Hang]));
    for _ in 0..5 {
        let call = || breaker.call(|| script.play());
        let two = futures::future::join(call(), call());
        tokio::time::timeout(ms(10), two).await.unwrap_err();
    }
    assert_eq!((script.count(), script.dropped()), (10, 10));
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn an_ignored_probe_makes_room_for_another() {
    let breaker = half_open().await;
    end(&breaker, [Ignored; 50]);
    end(&breaker, [Well, Ignored, Well]);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_panics_has_failed_and_gives_its_permit_back() {
    let (breaker, script) = (half_open().await, Script::new([Step::Panic]));
    let panics = AssertUnwindSafe(breaker.call(|| script.play())).catch_unwind();
    panics.await.unwrap_err();
    assert_eq!(breaker.state(), BreakerState::Open);
    advance(ms(100)).await;
    drop(both(&breaker));
}

#[tokio::test(start_paused = true)]
async fn probes_that_never_end_have_failed_at_their_deadline() {
    let breaker = half_open().await;
    let _stuck = both(&breaker);
    advance(ms(999)).await;
    let refused = |retry_after| Refused::Open { breaker: "modern", retry_after };
    assert_eq!(breaker.acquire().unwrap_err(), refused(None), "time does not decide");
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    advance(ms(1)).await;
    assert_eq!(breaker.state(), BreakerState::Open, "what a call that came now would meet");
    assert_eq!(breaker.acquire().unwrap_err(), refused(Some(Duration::ZERO)));
    drop(both(&breaker));
}

#[tokio::test(start_paused = true)]
async fn the_younger_of_two_probes_has_its_whole_time() {
    let breaker = half_open().await;
    let _stuck = breaker.acquire().unwrap();
    advance(ms(600)).await;
    let young = breaker.acquire().unwrap();
    advance(ms(600)).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    drop(young);
    assert!(breaker.acquire().is_ok(), "and while there is room, calls go through");
}

#[tokio::test(start_paused = true)]
async fn of_many_tasks_at_once_only_the_probes_go_through() {
    let (breaker, script) = (half_open().await, Script::new([crate::support::takes(10)]));
    let call = || breaker.call(|| script.play());
    let answers = futures::future::join_all((0..1_000).map(|_| call())).await;
    assert_eq!(script.count(), 2);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

/// Real threads, and a breaker that is half open at once.
#[test]
fn of_many_threads_at_once_only_the_probes_go_through() {
    let probes = NonZeroU32::new(3).unwrap();
    for _ in 0..200 {
        let breaker = breaker(config().with_open_for(Duration::ZERO).with_probes(probes));
        end(&breaker, [Sick; 4]);
        let (start, done) = (Barrier::new(8), Barrier::new(8));
        let admitted = std::thread::scope(|scope| {
            let threads = [(); 8].map(|()| {
                scope.spawn(|| {
                    start.wait();
                    let permit = breaker.acquire();
                    done.wait();
                    permit.is_ok()
                })
            });
            threads.map(|thread| thread.join().unwrap())
        });
        assert_eq!(admitted.iter().filter(|it| **it).count(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_side_that_goes_on_failing_meets_one_call_in_each_while() {
    let (breaker, script) = (half_open().await, Script::failing(Fault::Busy));
    for _ in 0..1_000 {
        let _ = breaker.call(|| script.play()).await;
        advance(ms(1)).await;
    }
    assert_eq!(script.count(), 10, "the first probe fails");
}
