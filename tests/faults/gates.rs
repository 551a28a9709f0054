use strangler_fig::repository::Applied;
use strangler_fig::testkit::faults::{Fault, Pause};
use tokio::task::{JoinHandle, yield_now};

use super::*;

fn start_apply(users: &Users) -> JoinHandle<Result<Applied, StoreErrorKind>> {
    let users = users.clone();
    tokio::spawn(async move { apply(&users).await })
}

#[tokio::test]
async fn a_call_stops_before_its_effect() {
    let users = users();
    let gate = users.pause_next_apply(Pause::BeforeEffect);
    assert!(!gate.is_reached());
    let call = start_apply(&users);
    gate.reached().await;
    assert_eq!(held(&users).await, None);
    gate.open();
    assert_eq!(call.await.unwrap(), Ok(Applied::Stored));
}

#[tokio::test]
async fn a_call_stops_after_its_effect() {
    let users = users();
    let gate = users.pause_next_apply(Pause::AfterEffect);
    let call = start_apply(&users);
    gate.reached().await;
    assert!(!call.is_finished());
    assert_eq!(held(&users).await, Some((1, "Ada")));
    gate.open();
    assert_eq!(call.await.unwrap(), Ok(Applied::Stored));
}

#[tokio::test]
async fn a_read_that_stops_after_its_effect_answers_what_was_there() {
    let users = users();
    let gate = users.pause_next_read(Pause::AfterEffect);
    let reader = users.clone();
    let call = tokio::spawn(async move { read(&reader).await });
    gate.reached().await;
    assert_eq!(apply(&users).await, Ok(Applied::Stored));
    gate.open();
    assert_eq!(call.await.unwrap(), Ok(Record::absent()));
}

#[tokio::test]
async fn each_gate_stops_one_call() {
    let users = users();
    let (first, second) =
        (users.pause_next_apply(Pause::BeforeEffect), users.pause_next_apply(Pause::BeforeEffect));
    let one = start_apply(&users);
    first.reached().await;
    let other = start_apply(&users);
    second.reached().await;
    second.open();
    assert_eq!(other.await.unwrap(), Ok(Applied::Stored));
    assert!(!one.is_finished());
    first.open();
    assert_eq!(one.await.unwrap(), Ok(Applied::Stale(Stamp::BASE)));
    assert_eq!(apply(&users).await, Ok(Applied::Stale(Stamp::BASE)));
}

#[tokio::test]
async fn a_gate_that_is_open_or_gone_stops_nobody() {
    let users = users();
    users.pause_next_apply(Pause::BeforeEffect).open();
    drop(users.pause_next_apply(Pause::AfterEffect));
    assert_eq!(apply(&users).await, Ok(Applied::Stored));
    assert_eq!(apply(&users).await, Ok(Applied::Stale(Stamp::BASE)));
}

#[tokio::test]
async fn a_gate_dropped_while_a_call_stands_there_lets_it_go_on() {
    let users = users();
    let gate = users.pause_next_apply(Pause::BeforeEffect);
    let call = start_apply(&users);
    gate.reached().await;
    drop(gate);
    assert_eq!(call.await.unwrap(), Ok(Applied::Stored));
}

#[tokio::test]
async fn a_call_dropped_at_the_gate_has_no_effect() {
    let users = users();
    let gate = users.pause_next_apply(Pause::BeforeEffect);
    let call = start_apply(&users);
    gate.reached().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    gate.open();
    yield_now().await;
    assert_eq!(held(&users).await, None);
}

#[tokio::test]
async fn a_gate_and_a_fault_go_together() {
    let users = users();
    users.push_apply(Fault::FailAfter);
    let gate = users.pause_next_apply(Pause::AfterEffect);
    let call = start_apply(&users);
    gate.reached().await;
    assert_eq!(held(&users).await, Some((1, "Ada")));
    gate.open();
    assert_eq!(call.await.unwrap(), Err(StoreErrorKind::Unknown));
}

#[tokio::test]
#[should_panic(expected = "ended before it reached the gate")]
async fn waiting_for_a_call_that_was_refused_is_a_mistake() {
    let users = users();
    users.push_apply(Fault::Refuse(StoreErrorKind::Rejected));
    let gate = users.pause_next_apply(Pause::AfterEffect);
    let _ = apply(&users).await;
    gate.reached().await;
}
