//! What becomes of a call with its transaction, and of calls at once.

use futures::future::join_all;

use super::SagaBarrierFixture;
use super::samples::{
    begin, compensation, enter, execution, is_duplicate, made, payload, persist, record,
};
use crate::saga::Verdict;

/// Contract 3: an execution whose effect has failed runs again.
pub(super) async fn an_execution_rolled_back_was_not_seen<F: SagaBarrierFixture>(fixture: &F) {
    let charge = execution("order");
    for _ in 0..2 {
        let mut transaction = begin(fixture).await;
        assert_eq!(enter(fixture, &mut transaction, &charge).await, Verdict::Run);
        record(fixture, &mut transaction, &charge, &payload("17")).await;
        drop(transaction);
    }
    assert_eq!(made(fixture, &compensation("order"), "").await, Verdict::NullCompensation);
}

/// Contract 3.
pub(super) async fn a_compensation_rolled_back_was_not_seen<F: SagaBarrierFixture>(fixture: &F) {
    made(fixture, &execution("order"), "17").await;
    let mut transaction = begin(fixture).await;
    let verdict = enter(fixture, &mut transaction, &compensation("order")).await;
    assert_eq!(verdict, Verdict::Run);
    drop(transaction);
    assert_eq!(made(fixture, &compensation("order"), "").await, Verdict::Run);
}

/// Contract 3.
pub(super) async fn a_null_compensation_rolled_back_was_not_seen<F: SagaBarrierFixture>(
    fixture: &F,
) {
    let mut transaction = begin(fixture).await;
    let verdict = enter(fixture, &mut transaction, &compensation("order")).await;
    assert_eq!(verdict, Verdict::NullCompensation);
    drop(transaction);
    assert_eq!(made(fixture, &execution("order"), "17").await, Verdict::Run);
}

/// Contract 4: the later ones see what the first one committed.
pub(super) async fn of_concurrent_executions_one_runs<F: SagaBarrierFixture>(fixture: &F) {
    for round in 0..6 {
        let charge = execution(&format!("order:{round}"));
        let outputs: Vec<_> = (0..8).map(|n| n.to_string()).collect();
        let calls = outputs.iter().map(|output| persist(fixture, &charge, output));
        let made = join_all(calls).await;
        if made.iter().any(|(_, is_doubtful)| *is_doubtful) {
            continue;
        }
        let ran = made.iter().position(|(verdict, _)| *verdict == Verdict::Run);
        let ran = ran.expect("the first of several calls runs");
        let first = Verdict::Duplicate(Some(payload(&outputs[ran])));
        for (call, (verdict, _)) in made.iter().enumerate().filter(|(call, _)| *call != ran) {
            assert_eq!(*verdict, first, "call {call} of eight at once");
        }
    }
}

/// Contract 4.
pub(super) async fn of_concurrent_compensations_one_runs<F: SagaBarrierFixture>(fixture: &F) {
    for round in 0..6 {
        let saga = format!("order:{round}");
        made(fixture, &execution(&saga), "17").await;
        let refund = compensation(&saga);
        let made = join_all((0..8).map(|_| persist(fixture, &refund, ""))).await;
        if made.iter().any(|(_, is_doubtful)| *is_doubtful) {
            continue;
        }
        let ran = made.iter().filter(|(verdict, _)| *verdict == Verdict::Run).count();
        let others = made.iter().filter(|(verdict, _)| is_duplicate(verdict)).count();
        assert_eq!((ran, others), (1, 7), "of eight calls at once: {made:?}");
    }
}

/// Contract 4: whichever comes first, nothing is left of it.
pub(super) async fn an_execution_and_its_compensation_at_once_leave_no_effect<
    F: SagaBarrierFixture,
>(
    fixture: &F,
) {
    for round in 0..8 {
        let saga = format!("order:{round}");
        let (charge, refund) = (execution(&saga), compensation(&saga));
        let (charge, refund) = (persist(fixture, &charge, "17"), persist(fixture, &refund, ""));
        let ((charged, one), (refunded, other)) = if round % 2 == 0 {
            tokio::join!(charge, refund)
        } else {
            let (refunded, charged) = tokio::join!(refund, charge);
            (charged, refunded)
        };
        let is_right = match (&charged, &refunded) {
            (Verdict::Run, Verdict::Run) | (Verdict::Hanging, Verdict::NullCompensation) => true,
            _ => one || other,
        };
        assert!(is_right, "the execution: {charged:?}, its compensation: {refunded:?}");
    }
}

/// Contract 4: whoever waited for one that was rolled back is the first.
pub(super) async fn who_waits_for_a_call_that_is_rolled_back_runs<F: SagaBarrierFixture>(
    fixture: &F,
) {
    let charge = execution("order");
    let failing = async {
        let mut transaction = begin(fixture).await;
        let verdict = enter(fixture, &mut transaction, &charge).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        drop(transaction);
        verdict
    };
    let waiting = async {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        persist(fixture, &charge, "17").await.0
    };
    let (failed, waited) = tokio::join!(failing, waiting);
    assert_eq!((failed, waited), (Verdict::Run, Verdict::Run));
}
