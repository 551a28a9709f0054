//! Calls that are dropped before their end: what a breaker makes of them.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::join;
use strangler_fig::phase::Share;
use strangler_fig::resilience::Health::Sick;
use strangler_fig::resilience::{BreakerState, Bulkhead, CircuitBreaker, Policy};
use tokio::time::{advance, timeout};

use crate::breaker::{breaker, config};
use crate::support::{Script, Step, end, ms};

/// A call is slow after 50 ms, and four slow ones open it.
fn slow_after_50() -> CircuitBreaker {
    breaker(config().with_slow_calls(ms(50), Share::WHOLE))
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_a_slow_call_has_seen_a_slow_call() {
    let (breaker, script) = (slow_after_50(), Script::new([Step::Hang]));
    for _ in 0..4 {
        timeout(ms(50), breaker.call(|| script.play())).await.unwrap_err();
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_before_that_has_seen_nothing() {
    let (breaker, script) = (slow_after_50(), Script::new([Step::Hang]));
    for _ in 0..20 {
        timeout(ms(49), breaker.call(|| script.play())).await.unwrap_err();
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn where_no_call_is_slow_who_gives_up_has_seen_nothing() {
    let breaker = breaker(config());
    let permits = [(); 20].map(|()| breaker.acquire().unwrap());
    advance(ms(1_000_000)).await;
    drop(permits);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_slow_probe_that_is_given_up_opens_it_again() {
    let (breaker, script) = (slow_after_50(), Script::new([Step::Hang]));
    end(&breaker, [Sick; 4]);
    advance(ms(100)).await;
    timeout(ms(60), breaker.call(|| script.play())).await.unwrap_err();
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_a_slow_call_of_a_policy_has_seen_a_slow_call() {
    let (breaker, script) = (slow_after_50(), Script::new([Step::Hang]));
    let policy = Policy::new("prices").with_breaker(breaker.clone());
    for _ in 0..4 {
        timeout(ms(50), policy.call(|| script.play())).await.unwrap_err();
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

/// A policy in front of whose only place a queue forms.
async fn queued(breaker: &CircuitBreaker, wait: u64) -> Policy {
    let bulkhead = Bulkhead::new("prices", std::num::NonZeroU32::MIN).with_queue(8, ms(wait));
    std::mem::forget(bulkhead.acquire().await);
    Policy::new("prices").with_breaker(breaker.clone()).with_bulkhead(bulkhead)
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_queue_has_seen_nothing_however_long_it_was() {
    for slow in [0, 50] {
        let breaker = breaker(config().with_slow_calls(ms(slow), Share::WHOLE));
        let script = Script::new([Step::Hang]);
        let policy = queued(&breaker, 10_000).await;
        for _ in 0..8 {
            timeout(ms(500), policy.call(|| script.play())).await.unwrap_err();
        }
        assert_eq!((breaker.state(), script.count()), (BreakerState::Closed, 0));
    }
}

/// Both are of one task, and the panic drops them together.
#[tokio::test(start_paused = true)]
async fn who_waits_in_the_queue_beside_a_panic_has_seen_nothing() {
    let (breaker, script) = (breaker(config()), Script::new([Step::Panic]));
    let policy = queued(&breaker, 10_000).await;
    for _ in 0..8 {
        let panics = async {
            tokio::task::yield_now().await;
            panic!("for reasons of its own");
        };
        let beside = async { join(policy.call(|| script.play()), panics).await.0 };
        AssertUnwindSafe(beside).catch_unwind().await.map(drop).unwrap_err();
    }
    assert_eq!((breaker.state(), script.count()), (BreakerState::Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_after_a_long_wait_has_seen_nothing() {
    let (breaker, script) = (slow_after_50(), Script::new([Step::Hang]));
    let policy = queued(&breaker, 500).await;
    for _ in 0..8 {
        policy.call(|| script.play()).await.unwrap_err();
    }
    assert_eq!((breaker.state(), script.count()), (BreakerState::Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_has_failed() {
    let (breaker, script) = (breaker(config()), Script::new([Step::Panic]));
    for _ in 0..4 {
        let call = AssertUnwindSafe(breaker.call(|| script.play()));
        call.catch_unwind().await.unwrap_err();
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_before_it_is_a_future_has_failed() {
    let breaker = breaker(config());
    for _ in 0..4 {
        let panics = || -> std::future::Ready<Result<(), crate::support::Fault>> { panic!("no") };
        AssertUnwindSafe(breaker.call(panics)).catch_unwind().await.unwrap_err();
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}
