//! The deadline of the whole call.

use strangler_fig::resilience::{BreakerState, CallError, CircuitBreaker, Policy, Retry};

use crate::breaker::{breaker, config};
use crate::bulkhead::bulkhead;
use crate::support::{Fault, Script, Step, fails, is_given_up, is_refused, ms, pauses, takes};

/// Nine retries, and 100 ms for all of it.
fn short<const N: usize>(millis: [u64; N]) -> Policy {
    Policy::new("prices").with_deadline(ms(100)).with_retry(Retry::new(pauses(millis)))
}

#[tokio::test(start_paused = true)]
async fn it_drops_a_try_that_is_under_way() {
    let script = Script::new([Step::Hang]);
    let answer = short([]).call(|| script.play()).await;
    assert!(is_given_up(&answer), "{answer:?}");
    assert_eq!((script.elapsed(), script.dropped()), (100, 1));
}

#[tokio::test(start_paused = true)]
async fn it_drops_a_later_try_that_is_under_way() {
    let script = Script::new([fails(Fault::Busy), Step::Hang]);
    let answer = short([30]).call(|| script.play()).await;
    assert!(is_given_up(&answer), "{answer:?}");
    assert_eq!((script.calls(), script.elapsed(), script.dropped()), (vec![0, 30], 100, 1));
}

#[tokio::test(start_paused = true)]
async fn it_begins_no_pause_that_would_end_after_it() {
    let script = Script::failing(Fault::Busy);
    let answer = short([60, 60, 60]).call(|| script.play()).await;
    assert_eq!(answer, Err(CallError::Failed(Fault::Busy)));
    assert_eq!((script.calls(), script.elapsed()), (vec![0, 60], 60));
}

#[tokio::test(start_paused = true)]
async fn a_pause_longer_than_it_ends_the_call_at_once() {
    for step in [fails(Fault::Busy), fails(Fault::BusyFor(ms(5_000)))] {
        let script = Script::new([step]);
        short([5_000]).call(|| script.play()).await.unwrap_err();
        assert_eq!((script.count(), script.elapsed()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn it_includes_tries_pauses_and_waits() {
    let policy = short([20; 9]).with_bulkhead(bulkhead(1).with_queue(1, ms(1_000)));
    let script = Script::new([Step::End(ms(25), Err(Fault::Busy))]);
    let holds_it_at_first = async {
        let _place = policy.bulkhead().unwrap().acquire().await.unwrap();
        tokio::time::sleep(ms(15)).await;
    };
    let call = async {
        tokio::task::yield_now().await;
        policy.call(|| script.play()).await
    };
    let ((), answer) = futures::future::join(holds_it_at_first, call).await;
    assert_eq!(answer, Err(CallError::Failed(Fault::Busy)));
    assert_eq!((script.calls(), script.elapsed()), (vec![15, 60], 85), "15+25+20+25+20 > 100");
}

#[tokio::test(start_paused = true)]
async fn it_ends_a_wait_in_the_queue_without_a_call() {
    let policy = short([]).with_bulkhead(bulkhead(1).with_queue(1, ms(1_000)));
    let _place = policy.bulkhead().unwrap().acquire().await.unwrap();
    let script = Script::new([Step::Hang]);
    let answer = policy.call(|| script.play()).await;
    assert!(is_refused(&answer), "{answer:?}");
    assert_eq!((script.count(), script.elapsed()), (0, 100));
}

#[tokio::test(start_paused = true)]
async fn the_shorter_of_the_deadlines_of_policy_and_retry_holds() {
    for (whole, of_retry) in [(100, 1_000), (1_000, 100)] {
        let retry = Retry::new(pauses([])).with_deadline(ms(of_retry));
        let policy = Policy::new("prices").with_deadline(ms(whole)).with_retry(retry);
        let script = Script::new([Step::Hang]);
        assert!(is_given_up(&policy.call(|| script.play()).await));
        assert_eq!(script.elapsed(), 100);
    }
}

/// Twenty calls of a policy with this breaker, each by this script.
async fn twenty(breaker: &CircuitBreaker, policy: Policy, steps: &[Step]) -> BreakerState {
    let policy = policy.with_breaker(breaker.clone());
    for _ in 0..20 {
        let script = Script::new(steps.iter().copied());
        let _ = policy.call(|| script.play()).await;
        if breaker.state() != BreakerState::Closed {
            break;
        }
    }
    breaker.state()
}

#[tokio::test(start_paused = true)]
async fn a_first_try_that_it_cut_short_is_a_failure_of_the_side() {
    let config = config().with_open_for(ms(1_000));
    let state = twenty(&breaker(config), short([]), &[Step::Hang]).await;
    assert_eq!(state, BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_later_try_that_it_cut_short_is_not() {
    let steps = [fails(Fault::Muted), Step::Hang];
    let state = twenty(&breaker(config()), short([90]), &steps).await;
    assert_eq!(state, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_later_try_that_had_its_own_time_is_a_failure_of_the_side() {
    let steps = [fails(Fault::Muted), Step::Hang];
    for own in [10, 50] {
        let policy = short([50]).with_try_deadline(ms(own));
        let state = twenty(&breaker(config()), policy, &steps).await;
        assert_eq!(state, BreakerState::Open, "{own} of the 50 ms that are left");
    }
}

#[tokio::test(start_paused = true)]
async fn it_begins_with_each_call_anew() {
    let (policy, script) = (short([]), Script::new([takes(90)]));
    for _ in 0..5 {
        assert_eq!(policy.call(|| script.play()).await, Ok(1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_with_it_is_taken() {
    let script = Script::new([takes(100)]);
    assert_eq!(short([]).call(|| script.play()).await, Ok(1));
}
