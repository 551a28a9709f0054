//! The parts of a policy in their order: what stands outside of what.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::join;
use strangler_fig::phase::Share;
use strangler_fig::resilience::Health::Sick;
use strangler_fig::resilience::{BreakerState, CallError, CircuitBreaker, Policy, Refused, Retry};
use tokio::time::{sleep, timeout};

use crate::breaker::{breaker, config};
use crate::bulkhead::bulkhead;
use crate::support::{
    Fault, Script, Step, answers, end, fails, is_given_up, is_refused, ms, pauses, takes,
};

/// With one place, for which anybody waits long.
fn narrow() -> Policy {
    Policy::new("prices").with_bulkhead(bulkhead(1).with_queue(9, ms(100_000)))
}

#[tokio::test(start_paused = true)]
async fn without_parts_it_passes_every_call_on() {
    let script = Script::new([fails(Fault::Busy), takes(1_000_000)]);
    let policy = Policy::new("prices");
    let failed = policy.call(|| script.play()).await;
    assert_eq!(failed, Err(CallError::Failed(Fault::Busy)));
    assert_eq!(policy.call(|| script.play()).await, Ok(1));
    assert!(policy.breaker().is_none() && policy.bulkhead().is_none());
}

#[tokio::test(start_paused = true)]
async fn each_try_asks_the_breaker_and_is_counted_by_it() {
    let script = Script::failing(Fault::Busy);
    let retry = Retry::new(pauses([1; 9]));
    let policy = Policy::new("prices").with_retry(retry).with_breaker(breaker(config()));
    policy.call(|| script.play()).await.unwrap_err();
    assert_eq!(script.count(), 4, "the fifth try met an open breaker");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_the_breaker_is_not_tried_again() {
    let (breaker, script) = (breaker(config()), Script::new([answers(1)]));
    end(&breaker, [Sick; 4]);
    let policy = Policy::new("prices").with_retry(Retry::new(pauses([200; 3])));
    let answer = policy.with_breaker(breaker).call(|| script.play()).await;
    let open = Refused::Open { breaker: "modern", retry_after: Some(ms(100)) };
    assert_eq!(answer, Err(CallError::Refused(open)));
    assert_eq!((script.count(), script.elapsed()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_the_bulkhead_is_not_tried_again() {
    let (bulkhead, script) = (bulkhead(1), Script::new([answers(1)]));
    let _place = bulkhead.acquire().await.unwrap();
    let policy = Policy::new("prices").with_retry(Retry::new(pauses([200; 3])));
    let answer = policy.with_bulkhead(bulkhead.clone()).call(|| script.play()).await;
    assert_eq!(answer, Err(CallError::Refused(Refused::Full { bulkhead: "reports" })));
    assert_eq!((script.count(), script.elapsed()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_bulkhead_refuses_is_no_failure_of_the_side() {
    let (breaker, bulkhead) = (breaker(config()), bulkhead(1));
    let _place = bulkhead.acquire().await.unwrap();
    let policy =
        Policy::new("prices").with_breaker(breaker.clone()).with_bulkhead(bulkhead.clone());
    for _ in 0..20 {
        assert!(is_refused(&policy.call(async || Err::<(), _>(Fault::Busy)).await));
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_refuses_before_anybody_queues() {
    let (breaker, script) = (breaker(config()), Script::new([answers(1)]));
    let policy = narrow().with_breaker(breaker.clone());
    let _place = policy.bulkhead().unwrap().acquire().await.unwrap();
    breaker.force_open();
    assert!(is_refused(&policy.call(|| script.play()).await));
    assert_eq!(script.elapsed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_retry_holds_no_place_while_it_pauses() {
    let policy = narrow().with_retry(Retry::new(pauses([100])));
    let (failing, quick) =
        (Script::new([fails(Fault::Busy), answers(1)]), Script::new([takes(20)]));
    let between = async {
        sleep(ms(50)).await;
        assert_eq!(policy.bulkhead().unwrap().under_way(), 0);
        policy.call(|| quick.play()).await
    };
    let answers = join(policy.call(|| failing.play()), between).await;
    assert_eq!(answers, (Ok(1), Ok(1)));
    assert_eq!((failing.calls(), quick.calls()), (vec![0, 100], vec![50]));
}

#[tokio::test(start_paused = true)]
async fn a_retry_holds_no_probe_while_it_pauses() {
    let breaker = half_open(config()).await;
    let policy = Policy::new("prices").with_retry(Retry::new(pauses([100])));
    let policy = policy.with_breaker(breaker.clone());
    let muted = Script::failing(Fault::Muted);
    let between = async {
        sleep(ms(50)).await;
        drop([(); 2].map(|()| breaker.acquire().unwrap()));
    };
    join(policy.call(|| muted.play()), between).await.0.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_try_does_not_run_while_it_queues() {
    let (policy, script) = (narrow().with_try_deadline(ms(100)), Script::new([takes(90)]));
    let both = join(policy.call(|| script.play()), policy.call(|| script.play())).await;
    assert_eq!(both, (Ok(1), Ok(1)));
    assert_eq!(script.calls(), [0, 90]);
}

#[tokio::test(start_paused = true)]
async fn each_try_has_its_own_deadline() {
    let script = Script::new([Step::Hang, takes(90)]);
    let policy = Policy::new("prices").with_retry(Retry::new(pauses([10])));
    let policy = policy.with_try_deadline(ms(100));
    assert_eq!(policy.call(|| script.play()).await, Ok(1));
    assert_eq!((script.calls(), script.dropped()), (vec![0, 110], 1));
}

#[tokio::test(start_paused = true)]
async fn a_try_that_has_no_answer_in_its_time_is_a_failure_of_the_side() {
    let (breaker, script) = (breaker(config()), Script::new([Step::Hang]));
    let policy = Policy::new("prices").with_breaker(breaker.clone()).with_try_deadline(ms(10));
    for _ in 0..4 {
        assert!(is_given_up(&policy.call(|| script.play()).await));
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_wait_in_the_queue_makes_no_call_slow() {
    let breaker = breaker(config().with_slow_calls(ms(50), Share::percent(25)));
    let (policy, script) = (narrow().with_breaker(breaker.clone()), Script::new([takes(40)]));
    let calls = [(); 6].map(|()| policy.call(|| script.play()));
    assert!(futures::future::join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(script.calls(), [0, 40, 80, 120, 160, 200]);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_slow_after_its_wait_is_slow() {
    let breaker = breaker(config().with_slow_calls(ms(50), Share::WHOLE));
    let (policy, script) = (narrow().with_breaker(breaker.clone()), Script::new([takes(50)]));
    let calls = [(); 4].map(|()| policy.call(|| script.play()));
    futures::future::join_all(calls).await;
    assert_eq!(breaker.state(), BreakerState::Open);
}

async fn half_open(config: strangler_fig::resilience::BreakerConfig) -> CircuitBreaker {
    let breaker = breaker(config);
    end(&breaker, [Sick; 4]);
    tokio::time::advance(ms(100)).await;
    breaker
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_and_gives_place_and_permit_back() {
    let script = Script::new([Step::Panic]);
    let policy = narrow().with_breaker(half_open(config()).await);
    let call = AssertUnwindSafe(policy.call(|| script.play()));
    call.catch_unwind().await.unwrap_err();
    assert_eq!(policy.bulkhead().unwrap().under_way(), 0);
    assert_eq!(policy.breaker().unwrap().state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_gives_place_and_permit_back() {
    let script = Script::new([Step::Hang]);
    let policy = narrow().with_breaker(half_open(config()).await);
    for _ in 0..5 {
        timeout(ms(10), policy.call(|| script.play())).await.unwrap_err();
        assert_eq!(policy.bulkhead().unwrap().under_way(), 0);
    }
    assert_eq!(policy.breaker().unwrap().state(), BreakerState::HalfOpen);
    drop([(); 2].map(|()| policy.breaker().unwrap().acquire().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_the_queue_gives_his_probe_back() {
    let policy = narrow().with_breaker(half_open(config()).await);
    let _place = policy.bulkhead().unwrap().acquire().await.unwrap();
    let script = Script::new([answers(1)]);
    for _ in 0..5 {
        timeout(ms(10), policy.call(|| script.play())).await.unwrap_err();
    }
    drop([(); 2].map(|()| policy.breaker().unwrap().acquire().unwrap()));
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn clones_are_one_policy() {
    let policy = narrow().with_breaker(breaker(config()));
    let clone = policy.clone();
    end(policy.breaker().unwrap(), [Sick; 4]);
    assert_eq!(clone.breaker().unwrap().state(), BreakerState::Open);
    let _place = policy.bulkhead().unwrap().acquire().await.unwrap();
    assert_eq!(clone.bulkhead().unwrap().under_way(), 1);
}
