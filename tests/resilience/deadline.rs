//! How long a call may take.

use std::time::Duration;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::resilience::{CallError, Deadline, Judged};

use crate::support::{Fault, Script, Step, answers, fails, is_given_up, ms, takes};

#[tokio::test(start_paused = true)]
async fn a_call_in_time_answers_for_itself() {
    let script = Script::new([takes(99), fails(Fault::Denied)]);
    let soon = Deadline::after(ms(100));
    assert_eq!(soon.call(|| script.play()).await, Ok(1));
    let no = soon.call(|| script.play()).await;
    assert_eq!((no, script.dropped()), (Err(CallError::Failed(Fault::Denied)), 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_longer_is_dropped_then() {
    let script = Script::new([Step::Hang]);
    let answer = Deadline::after(ms(100)).call(|| script.play()).await;
    let Err(CallError::TimedOut(late)) = answer else { panic!("{answer:?}") };
    assert_eq!(late.after, ms(100));
    assert_eq!((script.elapsed(), script.dropped()), (100, 1));
}

#[tokio::test(start_paused = true)]
async fn each_call_has_the_whole_time() {
    let (script, soon) = (Script::new([takes(90)]), Deadline::after(ms(100)));
    for _ in 0..5 {
        soon.call(|| script.play()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_given_up_is_in_doubt() {
    let script = Script::new([Step::Hang]);
    let late = Deadline::after(ms(1)).call(|| script.play()).await.unwrap_err();
    assert!(late.was_made() && late.judgement().is_in_doubt());
    let hangs = std::future::pending::<Result<(), StoreError>>;
    let late = Deadline::after(ms(1)).call(hangs).await.unwrap_err();
    assert_eq!(StoreError::from(late).kind(), StoreErrorKind::Unknown);
}

#[tokio::test(start_paused = true)]
async fn no_time_at_all_is_enough_for_an_answer_that_is_there() {
    let script = Script::new([answers(7), Step::Hang]);
    let now = Deadline::after(Duration::ZERO);
    assert_eq!(now.call(|| script.play()).await, Ok(7));
    assert!(is_given_up(&now.call(|| script.play()).await));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_no_clock_reaches_never_comes() {
    let script = Script::new([takes(1_000_000_000)]);
    assert_eq!(Deadline::after(Duration::MAX).call(|| script.play()).await, Ok(1));
}
