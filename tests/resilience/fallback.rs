//! Who is answered by somebody else, and who is not.

use std::future::ready;

use strangler_fig::error::StoreError;
use strangler_fig::resilience::{
    Answered, CallError, Deadline, Fallback, Judgement, Policy, Refused,
};

use crate::breaker::{breaker, config};
use crate::support::{Fault, Script, Step, answers, fails, ms};

async fn answer(
    fallback: Fallback,
    own: Step,
    other: Step,
) -> (Result<Answered<u32, Fault>, Fault>, usize) {
    let (own, other) = (Script::new([own]), Script::new([other]));
    let answer = fallback.call(|| own.play(), || other.play()).await;
    (answer, other.count())
}

#[tokio::test(start_paused = true)]
async fn a_call_that_answers_needs_nobody_else() {
    let (answer, asked) = answer(Fallback::without_effect(), answers(1), answers(2)).await;
    assert_eq!((answer, asked), (Ok(Answered { value: 1, instead_of: None }), 0));
}

#[tokio::test(start_paused = true)]
async fn a_failure_without_effect_is_answered_by_somebody_else() {
    for fault in [Fault::Busy, Fault::Broken, Fault::Muted, Fault::BusyFor(ms(9))] {
        let (answer, _) = answer(Fallback::default(), fails(fault), answers(2)).await;
        assert_eq!(answer, Ok(Answered { value: 2, instead_of: Some(Err(fault)) }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_definite_no_is_the_answer() {
    for fallback in [Fallback::default(), Fallback::without_effect()] {
        let (answer, asked) = answer(fallback, fails(Fault::Denied), answers(2)).await;
        assert_eq!((answer, asked), (Err(Fault::Denied), 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_in_doubt_is_answered_by_somebody_else_only_if_it_has_no_effect() {
    let (write, asked) = answer(Fallback::default(), fails(Fault::Lost), answers(2)).await;
    assert_eq!((write, asked), (Err(Fault::Lost), 0));
    let (read, _) = answer(Fallback::without_effect(), fails(Fault::Lost), answers(2)).await;
    assert_eq!(read.map(|it| it.value), Ok(2));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_answers_the_first_error_is_told() {
    let (answer, asked) = answer(Fallback::default(), fails(Fault::Busy), fails(Fault::Lost)).await;
    assert_eq!((answer, asked), (Err(Fault::Busy), 1));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_comes_as_an_ok_is_kept_beside_what_stands_in_for_it() {
    let judge = |answer: &Result<u16, ()>| match answer {
        Ok(500..) | Err(()) => Judgement::failed().definite(),
        Ok(400..) => Judgement::refused(),
        Ok(_) => Judgement::success(),
    };
    let of = async |own: u16, other: Result<u16, ()>| {
        Fallback::default().call_judged(judge, || ready(Ok(own)), || ready(other)).await
    };
    assert_eq!(of(503, Ok(200)).await, Ok(Answered { value: 200, instead_of: Some(Ok(503)) }));
    assert_eq!(of(503, Err(())).await, Ok(Answered { value: 503, instead_of: None }));
    assert_eq!(of(404, Ok(200)).await, Ok(Answered { value: 404, instead_of: None }));
}

#[tokio::test(start_paused = true)]
async fn it_stands_in_for_a_policy_that_refuses() {
    let breaker = breaker(config());
    breaker.force_open();
    let policy = Policy::new("prices").with_breaker(breaker);
    let own = async || Ok::<_, StoreError>("fresh");
    let cached = async || Ok("of yesterday");
    let answer = Fallback::default().call(|| policy.call(own), cached).await.unwrap();
    assert_eq!(answer.value, "of yesterday");
    let open = Refused::Open { breaker: "modern", retry_after: None };
    assert!(matches!(answer.instead_of, Some(Err(CallError::Refused(it))) if it == open));
}

#[tokio::test(start_paused = true)]
async fn it_stands_in_for_a_call_that_was_given_up_only_if_that_has_no_effect() {
    let (hangs, soon) = (Script::new([Step::Hang]), Deadline::after(ms(10)));
    let cached = async || Ok(2);
    let write = Fallback::default().call(|| soon.call(|| hangs.play()), cached).await;
    assert!(matches!(write, Err(CallError::TimedOut(_))));
    let read = Fallback::without_effect().call(|| soon.call(|| hangs.play()), cached).await;
    assert_eq!(read.map(|it| it.value), Ok(2));
}
