//! When a call is made again, when not, and what it answers in the end.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::resilience::{CallError, Judgement, Retry};

use crate::support::{Fault, Script, answers, fails, is_given_up, ms, pauses, takes};

#[tokio::test(start_paused = true)]
async fn a_call_is_made_again_after_each_pause_until_it_succeeds() {
    let script = Script::new([fails(Fault::Busy), fails(Fault::Lost), answers(7)]);
    let retry = Retry::new(pauses([10, 100, 1_000]));
    assert_eq!(retry.call(|| script.play()).await, Ok(7));
    assert_eq!(script.calls(), [0, 10, 110]);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_does_not_say_so_is_not_tried_again() {
    for fault in [Fault::Denied, Fault::Broken] {
        let script = Script::failing(fault);
        let answer = Retry::new(pauses([10, 100])).call(|| script.play()).await;
        assert_eq!(answer, Err(CallError::Failed(fault)));
        assert_eq!(script.calls(), [0]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_does_not_say_so_ends_what_others_began() {
    let script = Script::new([fails(Fault::Busy), fails(Fault::Denied), answers(7)]);
    let answer = Retry::new(pauses([10, 10, 10])).call(|| script.play()).await;
    assert_eq!((answer, script.count()), (Err(CallError::Failed(Fault::Denied)), 2));
}

#[tokio::test(start_paused = true)]
async fn where_the_schedule_ends_the_call_ends() {
    let script = Script::failing(Fault::Busy);
    let answer = Retry::new(pauses([10, 100])).call(|| script.play()).await;
    assert_eq!(answer, Err(CallError::Failed(Fault::Busy)));
    assert_eq!((script.calls(), script.elapsed()), (vec![0, 10, 110], 110));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_without_a_pause_makes_one_try() {
    let script = Script::failing(Fault::Busy);
    let answer = Retry::new(pauses([])).call(|| script.play()).await;
    assert_eq!((answer, script.count()), (Err(CallError::Failed(Fault::Busy)), 1));
}

#[tokio::test(start_paused = true)]
async fn no_call_has_more_retries_than_it_may() {
    for (retries, count) in [(0, 1), (2, 3), (u32::MAX, 6)] {
        let script = Script::failing(Fault::Busy);
        let retry = Retry::new(pauses([1; 5])).with_retries_max(retries);
        retry.call(|| script.play()).await.unwrap_err();
        assert_eq!(script.count(), count, "{retries}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_call_has_the_pauses_from_the_first_on() {
    let retry = Retry::new(pauses([10, 100]));
    for _ in 0..3 {
        let script = Script::failing(Fault::Busy);
        retry.clone().call(|| script.play()).await.unwrap_err();
        assert_eq!(script.calls(), [0, 10, 110]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_succeeds_asks_for_no_schedule() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let retry = Retry::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        std::iter::once(ms(1))
    });
    let script = Script::new([answers(1)]);
    retry.call(|| script.play()).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_comes_as_an_ok_is_tried_again_and_is_the_answer_in_the_end() {
    let judge = |answer: &Result<u16, ()>| match answer {
        Ok(503) => Judgement::failed().retryable(),
        _ => Judgement::success(),
    };
    let mut made = 0;
    let busy = || {
        made += 1;
        ready(Ok(503))
    };
    assert_eq!(Retry::new(pauses([1, 1])).call_judged(judge, busy).await, Ok(503));
    assert_eq!(made, 3);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_stays_whatever_later_tries_say() {
    let told = [
        ([Fault::Lost, Fault::Denied, Fault::Denied], Fault::Lost),
        ([Fault::Lost, Fault::Broken, Fault::Broken], Fault::Lost),
        ([Fault::Lost, Fault::Busy, Fault::Busy], Fault::Lost),
        ([Fault::Busy, Fault::Lost, Fault::Denied], Fault::Lost),
        ([Fault::Busy, Fault::Busy, Fault::Lost], Fault::Lost),
        ([Fault::Busy, Fault::Busy, Fault::Denied], Fault::Denied),
        ([Fault::Busy, Fault::Muted, Fault::Broken], Fault::Broken),
    ];
    for (faults, expected) in told {
        let script = Script::new(faults.map(fails));
        let answer = Retry::new(pauses([1, 1])).call(|| script.play()).await;
        assert_eq!(answer, Err(CallError::Failed(expected)), "{faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_settles_every_doubt() {
    let script = Script::new([fails(Fault::Lost), fails(Fault::Busy), answers(7)]);
    assert_eq!(Retry::new(pauses([1, 1])).call(|| script.play()).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn of_two_doubts_the_later_one_is_told() {
    let doubts = |answer: &Result<(), u32>| match answer {
        Err(3) => Judgement::failed().definite(),
        _ => Judgement::failed().retryable(),
    };
    let mut tries = 0..;
    let lost = || ready(Err(tries.next().unwrap() + 1));
    let answer = Retry::new(pauses([1, 1, 1])).call_judged(doubts, lost).await;
    assert_eq!(answer, Err(CallError::Failed(2)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_the_longer_of_schedule_and_hint() {
    let hints = [fails(Fault::BusyFor(ms(500))), fails(Fault::BusyFor(ms(5))), answers(1)];
    let script = Script::new(hints);
    Retry::new(pauses([10, 100])).call(|| script.play()).await.unwrap();
    assert_eq!(script.calls(), [0, 500, 600]);
}

#[tokio::test(start_paused = true)]
async fn the_hint_of_a_store_is_heard_unless_it_said_no() {
    let hinted = |error: StoreError| error.with_retry_after(ms(500));
    for (error, waited) in [
        (StoreError::unavailable("too many connections"), 500),
        (StoreError::unknown("the connection broke"), 500),
        (StoreError::rejected("no such table"), 0),
        (StoreError::conflict("it has changed"), 0),
    ] {
        let began = tokio::time::Instant::now();
        let fails = || ready(Err::<(), _>(hinted(error.clone())));
        Retry::new(pauses([10])).call(fails).await.unwrap_err();
        assert_eq!(began.elapsed(), ms(waited), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_more_than_the_longest_pause_is_not_called_again() {
    let retry = Retry::new(pauses([1, 1, 1])).with_hint_max(ms(500));
    for (hint, calls) in [(500, vec![0, 500]), (501, vec![0])] {
        let script = Script::new([fails(Fault::BusyFor(ms(hint))), answers(1)]);
        let _ = retry.call(|| script.play()).await;
        assert_eq!(script.calls(), calls, "{hint}");
    }
    let script = Script::failing(Fault::BusyFor(Duration::MAX));
    retry.call(|| script.play()).await.unwrap_err();
    assert_eq!((script.count(), script.elapsed()), (1, 0), "and nobody waited");
}

#[tokio::test(start_paused = true)]
async fn a_hint_makes_no_more_tries_than_the_schedule_has() {
    let script = Script::failing(Fault::BusyFor(ms(5)));
    Retry::new(pauses([1, 1])).call(|| script.play()).await.unwrap_err();
    assert_eq!(script.calls(), [0, 5, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_hint_counts_against_the_deadline() {
    let retry = Retry::new(pauses([1, 1])).with_deadline(ms(300));
    let script = Script::failing(Fault::BusyFor(ms(400)));
    let answer = retry.call(|| script.play()).await;
    assert_eq!(answer, Err(CallError::Failed(Fault::BusyFor(ms(400)))));
    assert_eq!((script.calls(), script.elapsed()), (vec![0], 0));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_would_outlast_the_deadline_ends_the_call_without_a_wait() {
    let script = Script::failing(Fault::Busy);
    let retry = Retry::new(pauses([50, 100, 100])).with_deadline(ms(150));
    let answer = retry.call(|| script.play()).await;
    assert_eq!(answer, Err(CallError::Failed(Fault::Busy)));
    assert_eq!((script.calls(), script.elapsed()), (vec![0, 50], 50));
}

#[tokio::test(start_paused = true)]
async fn a_try_that_runs_when_the_deadline_comes_is_dropped() {
    let script = Script::new([fails(Fault::Busy), takes(500)]);
    let retry = Retry::new(pauses([50])).with_deadline(ms(150));
    let answer = retry.call(|| script.play()).await;
    assert!(is_given_up(&answer), "{answer:?}");
    assert_eq!((script.elapsed(), script.dropped()), (150, 1));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_during_a_pause_makes_no_further_try() {
    let script = Script::failing(Fault::Busy);
    let retry = Retry::new(pauses([100, 100]));
    tokio::time::timeout(ms(150), retry.call(|| script.play())).await.unwrap_err();
    tokio::time::sleep(ms(1_000)).await;
    assert_eq!(script.calls(), [0, 100]);
}
