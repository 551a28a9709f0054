//! What a policy answers when its tries end differently, and what it tells.

use strangler_fig::observe::Event;
use strangler_fig::resilience::Health::Sick;
use strangler_fig::resilience::{CallError, Judgement, Policy, Refused, Retry};

use crate::breaker::{breaker, config};
use crate::bulkhead::bulkhead;
use crate::support::{
    Ears, Fault, Script, Step, answers, end, fails, is_given_up, is_refused, ms, pauses,
};

fn thrice() -> Policy {
    Policy::new("prices").with_retry(Retry::new(pauses([10, 10])))
}

/// With a breaker that opens at the next failure.
fn about_to_open() -> Policy {
    let breaker = breaker(config());
    end(&breaker, [Sick; 3]);
    thrice().with_breaker(breaker)
}

#[tokio::test(start_paused = true)]
async fn a_refusal_does_not_hide_the_error_of_an_earlier_try() {
    for fault in [Fault::Busy, Fault::Lost] {
        let script = Script::failing(fault);
        let answer = about_to_open().call(|| script.play()).await;
        assert_eq!((answer, script.count()), (Err(CallError::Failed(fault)), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_does_not_hide_the_error_of_an_earlier_try() {
    for fault in [Fault::Busy, Fault::Lost] {
        let policy = thrice().with_bulkhead(bulkhead(1));
        let script = Script::failing(fault);
        let takes_the_place = async {
            tokio::time::sleep(ms(5)).await;
            let _place = policy.bulkhead().unwrap().acquire().await.unwrap();
            tokio::time::sleep(ms(100)).await;
        };
        let call = policy.call(|| script.play());
        let (answer, ()) = futures::future::join(call, takes_the_place).await;
        assert_eq!((answer, script.count()), (Err(CallError::Failed(fault)), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubt_stays_whatever_later_tries_say() {
    for later in [Fault::Denied, Fault::Broken, Fault::Busy, Fault::Muted] {
        let script = Script::new([fails(Fault::Lost), fails(later)]);
        let answer = thrice().call(|| script.play()).await;
        assert_eq!(answer, Err(CallError::Failed(Fault::Lost)), "{later:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_try_that_was_given_up_is_a_doubt_that_stays() {
    for later in [Fault::Denied, Fault::Broken, Fault::Busy] {
        let script = Script::new([Step::Hang, fails(later)]);
        let answer = thrice().with_try_deadline(ms(10)).call(|| script.play()).await;
        assert!(is_given_up(&answer), "{later:?}: {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubt_outlives_a_queue_that_did_not_move_by_the_deadline() {
    let policy = thrice().with_deadline(ms(100)).with_bulkhead(bulkhead(1).with_queue(1, ms(500)));
    let script = Script::failing(Fault::Lost);
    let takes_the_place = async {
        tokio::time::sleep(ms(5)).await;
        let _place = policy.bulkhead().unwrap().acquire().await.unwrap();
        tokio::time::sleep(ms(500)).await;
    };
    let call = async { (policy.call(|| script.play()).await, script.elapsed()) };
    let (answered, ()) = futures::future::join(call, takes_the_place).await;
    assert_eq!(answered, (Err(CallError::Failed(Fault::Lost)), 100));
}

#[tokio::test(start_paused = true)]
async fn a_definite_error_after_definite_ones_is_the_answer() {
    let script = Script::new([fails(Fault::Busy), fails(Fault::Denied)]);
    let answer = thrice().call(|| script.play()).await;
    assert_eq!(answer, Err(CallError::Failed(Fault::Denied)));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_comes_as_an_ok_is_the_answer_when_no_try_does_better() {
    let judge = |answer: &Result<u16, ()>| match answer {
        Ok(200) => Judgement::success(),
        Ok(500) => Judgement::failed().retryable(),
        _ => Judgement::failed().definite(),
    };
    for (told, expected) in [([500, 503], 500), ([500, 500], 500), ([500, 200], 200)] {
        let mut told = told.into_iter().cycle();
        let policy = Policy::new("pages").with_retry(Retry::new(pauses([1])));
        let call = || std::future::ready(Ok(told.next().unwrap()));
        assert_eq!(policy.call_judged(judge, call).await, Ok(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_comes_as_an_ok_counts_for_the_breaker() {
    let judge = |answer: &Result<u16, ()>| match answer {
        Ok(500..) => Judgement::failed(),
        _ => Judgement::success(),
    };
    let policy = Policy::new("pages").with_breaker(breaker(config()));
    for _ in 0..4 {
        assert_eq!(policy.call_judged(judge, async || Ok(500)).await, Ok(500));
    }
    assert!(is_refused(&policy.call_judged(judge, async || Ok(200)).await));
}

#[tokio::test(start_paused = true)]
async fn refusals_retries_and_tries_given_up_are_told() {
    let (ears, policy) = (Ears::new(), "prices");
    let told = about_to_open().with_try_deadline(ms(10)).with_observer(ears.clone());
    let script = Script::new([fails(Fault::Muted), Step::Hang]);
    told.call(|| script.play()).await.unwrap_err();
    let instance = told.breaker().unwrap().instance();
    let (from, to) = ("closed", "open");
    let expected = [
        Event::CallRetried { policy, attempt: 1, pause: ms(10) },
        Event::BreakerTurned { breaker: "modern", instance, from, to, generation: 1 },
        Event::CallTimedOut { policy },
        Event::CallRetried { policy, attempt: 2, pause: ms(10) },
        Event::CallRefused { policy, reason: "open" },
    ];
    assert_eq!(ears.heard(), expected);
    let full = Policy::new("prices").with_bulkhead(bulkhead(1)).with_observer(ears.clone());
    let _place = full.bulkhead().unwrap().acquire().await.unwrap();
    assert!(is_refused(&full.call(|| script.play()).await));
    assert_eq!(ears.heard(), [Event::CallRefused { policy, reason: "full" }]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_answered_tells_nothing() {
    let (ears, script) = (Ears::new(), Script::new([answers(1), fails(Fault::Denied)]));
    let policy = thrice().with_breaker(breaker(config())).with_observer(ears.clone());
    policy.call(|| script.play()).await.unwrap();
    policy.call(|| script.play()).await.unwrap_err();
    assert_eq!(ears.heard(), []);
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_surely_without_effect() {
    use strangler_fig::error::{StoreError, StoreErrorKind};
    let policy = Policy::new("prices").with_breaker(breaker(config()));
    end(policy.breaker().unwrap(), [Sick; 4]);
    let refused = policy.call(async || Ok::<_, StoreError>(())).await.unwrap_err();
    assert!(!refused.was_made());
    let error = StoreError::from(refused);
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(error.retry_after(), Some(ms(100)));
    assert!(error.downcast_ref::<Refused>().is_some());
}
