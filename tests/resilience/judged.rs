//! What errors say of themselves.

use strangler_fig::error::StoreError;
use strangler_fig::resilience::{Bulkhead, CallError, Deadline, Health, Judged, Judgement};

use crate::support::{Fault, ms};

/// Of whoever was called; whether again; whether it may have had an effect.
fn told(judgement: Judgement) -> (Health, bool, bool) {
    (judgement.health(), judgement.is_retryable(), judgement.is_in_doubt())
}

#[test]
fn a_store_that_said_no_is_well_and_is_not_asked_again() {
    for no in [StoreError::rejected("no such table"), StoreError::conflict("it has changed")] {
        assert_eq!(told(no.judgement()), (Health::Well, false, false));
    }
}

#[test]
fn a_store_that_was_away_is_asked_again_and_leaves_no_doubt() {
    let away = StoreError::unavailable("connection refused");
    assert_eq!(told(away.judgement()), (Health::Sick, true, false));
}

#[test]
fn a_store_that_broke_off_is_asked_again_and_leaves_a_doubt() {
    let broken = StoreError::unknown("the connection broke");
    assert_eq!(told(broken.judgement()), (Health::Sick, true, true));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_nothing_of_the_side_and_leaves_no_doubt() {
    let bulkhead = Bulkhead::new("reports", std::num::NonZeroU32::MIN);
    let _place = bulkhead.acquire().await.unwrap();
    let refused = bulkhead.acquire().await.unwrap_err();
    assert_eq!(told(refused.judgement()), (Health::Ignored, false, false));
    assert_eq!(CallError::<Fault>::from(refused).judgement(), refused.judgement());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_given_up_is_a_failure_and_leaves_a_doubt() {
    let hangs = std::future::pending::<Result<(), Fault>>;
    let late = Deadline::after(ms(1)).call(hangs).await.unwrap_err();
    assert_eq!(told(late.judgement()), (Health::Sick, true, true));
}

#[test]
fn an_error_within_a_guard_says_what_it_says_itself() {
    for fault in [Fault::Busy, Fault::BusyFor(ms(5)), Fault::Lost, Fault::Denied, Fault::Muted] {
        assert_eq!(CallError::Failed(fault).judgement(), fault.judgement());
    }
}

#[test]
fn of_a_success_and_of_a_no_there_is_no_doubt_to_take_away() {
    assert_eq!(Judgement::success().definite(), Judgement::success());
    assert_eq!(Judgement::refused().definite(), Judgement::refused());
    assert!(!Judgement::failed().definite().is_success());
}
