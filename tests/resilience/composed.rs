//! Primitives around primitives, by hand, without a policy.

use strangler_fig::resilience::Health::Sick;
use strangler_fig::resilience::{BreakerState, CallError, Deadline, Fallback, Retry};

use crate::breaker::{breaker, config};
use crate::bulkhead::bulkhead;
use crate::support::{Fault, Script, Step, answers, end, fails, is_refused, ms, pauses};

#[tokio::test(start_paused = true)]
async fn a_retry_around_a_deadline_tries_again_what_was_given_up() {
    let script = Script::new([Step::Hang, answers(7)]);
    let (retry, soon) = (Retry::new(pauses([10])), Deadline::after(ms(50)));
    let answer = retry.call(|| soon.call(|| script.play())).await;
    assert_eq!((answer.unwrap(), script.calls()), (7, vec![0, 60]));
}

#[tokio::test(start_paused = true)]
async fn a_retry_around_a_breaker_does_not_try_a_refusal_again() {
    let (breaker, script) = (breaker(config()), Script::new([answers(1)]));
    breaker.force_open();
    let retry = Retry::new(pauses([10; 5]));
    let answer = retry.call(|| breaker.call(|| script.play())).await;
    assert!(is_refused(&answer.map_err(CallError::flatten)));
    assert_eq!((script.count(), script.elapsed()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_from_within_does_not_hide_the_error_of_an_earlier_try() {
    for fault in [Fault::Busy, Fault::Lost] {
        let (breaker, script) = (breaker(config()), Script::failing(fault));
        end(&breaker, [Sick; 3]);
        let retry = Retry::new(pauses([10; 5]));
        let answer = retry.call(|| breaker.call(|| script.play())).await;
        assert_eq!(answer.map_err(CallError::flatten), Err(CallError::Failed(fault)));
        assert_eq!(script.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_around_a_full_bulkhead_learns_nothing_of_the_side() {
    let (breaker, bulkhead) = (breaker(config()), bulkhead(1));
    let _place = bulkhead.acquire().await.unwrap();
    let script = Script::new([answers(1)]);
    for _ in 0..20 {
        breaker.call(|| bulkhead.call(|| script.play())).await.unwrap_err();
    }
    assert_eq!((breaker.state(), script.count()), (BreakerState::Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_around_a_deadline_opens_on_a_side_that_hangs() {
    let (breaker, soon) = (breaker(config()), Deadline::after(ms(50)));
    let script = Script::new([Step::Hang]);
    for _ in 0..4 {
        breaker.call(|| soon.call(|| script.play())).await.unwrap_err();
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn all_of_them_nest_to_any_depth() {
    let (breaker, bulkhead) = (breaker(config()), bulkhead(1));
    let (retry, soon) = (Retry::new(pauses([10])), Deadline::after(ms(50)));
    let script = Script::new([fails(Fault::Busy), answers(7)]);
    let guarded = || async {
        let call = || soon.call(|| script.play());
        let call = || async { bulkhead.call(call).await.map_err(CallError::flatten) };
        breaker.call(call).await.map_err(CallError::flatten)
    };
    let whole = || async { retry.call(guarded).await.map_err(CallError::flatten) };
    let cached = async || Ok(0);
    let answer = Fallback::default().call(whole, cached).await.unwrap();
    assert_eq!((answer.value, answer.instead_of, script.count()), (7, None, 2));
}
