//! What a call is to do, by what was seen before it.

use super::SagaBarrierFixture;
use super::samples::{
    begin, call, commit, compensation, enter, execution, is_duplicate, is_rejected, later, made,
    payload, record,
};
use crate::saga::{Direction, SagaBarrier, Verdict};

/// Contract 1.
pub(super) async fn the_first_execution_runs<F: SagaBarrierFixture>(fixture: &F) {
    assert_eq!(made(fixture, &execution("order"), "17").await, Verdict::Run);
}

/// Contract 1: answered what the first one recorded, whoever asks.
pub(super) async fn a_repeated_execution_is_a_duplicate<F: SagaBarrierFixture>(fixture: &F) {
    let charge = execution("order");
    made(fixture, &charge, "\"receipt 17\"").await;
    for again in [charge.clone(), later(&charge)] {
        let verdict = made(fixture, &again, "\"receipt 18\"").await;
        assert_eq!(verdict, Verdict::Duplicate(Some(payload("\"receipt 17\""))));
    }
}

/// Contract 1: nothing, if nothing was recorded.
pub(super) async fn a_duplicate_of_what_recorded_nothing_has_no_output<F: SagaBarrierFixture>(
    fixture: &F,
) {
    let mut transaction = begin(fixture).await;
    assert_eq!(enter(fixture, &mut transaction, &execution("order")).await, Verdict::Run);
    commit(fixture, transaction).await;
    assert_eq!(made(fixture, &execution("order"), "1").await, Verdict::Duplicate(None));
}

/// Contract 1: what was compensated before it came, is not executed.
pub(super) async fn an_execution_after_its_compensation_hangs<F: SagaBarrierFixture>(fixture: &F) {
    made(fixture, &compensation("order"), "").await;
    for late in [execution("order"), later(&execution("order"))] {
        assert_eq!(made(fixture, &late, "17").await, Verdict::Hanging);
    }
    // That it hangs does not count as an execution.
    assert!(is_duplicate(&made(fixture, &compensation("order"), "").await));
}

/// Contract 1: it was seen first, so it is no more than a repeat.
pub(super) async fn an_execution_that_was_compensated_is_a_duplicate<F: SagaBarrierFixture>(
    fixture: &F,
) {
    made(fixture, &execution("order"), "17").await;
    made(fixture, &compensation("order"), "").await;
    let again = made(fixture, &execution("order"), "18").await;
    assert_eq!(again, Verdict::Duplicate(Some(payload("17"))));
}

/// Contract 2.
pub(super) async fn a_compensation_of_what_was_executed_runs<F: SagaBarrierFixture>(fixture: &F) {
    made(fixture, &execution("order"), "17").await;
    assert_eq!(made(fixture, &later(&compensation("order")), "").await, Verdict::Run);
}

/// Contract 2.
pub(super) async fn a_compensation_of_nothing_is_null<F: SagaBarrierFixture>(fixture: &F) {
    let verdict = made(fixture, &compensation("order"), "").await;
    assert_eq!(verdict, Verdict::NullCompensation);
}

/// Contract 2.
pub(super) async fn a_repeated_compensation_is_a_duplicate<F: SagaBarrierFixture>(fixture: &F) {
    made(fixture, &execution("order"), "17").await;
    made(fixture, &compensation("order"), "").await;
    for again in [compensation("order"), later(&compensation("order"))] {
        let verdict = made(fixture, &again, "").await;
        assert!(is_duplicate(&verdict), "{verdict:?}");
    }
}

/// Contract 2: a null one too.
pub(super) async fn a_repeated_null_compensation_is_a_duplicate<F: SagaBarrierFixture>(
    fixture: &F,
) {
    made(fixture, &compensation("order"), "").await;
    let verdict = made(fixture, &later(&compensation("order")), "").await;
    assert!(is_duplicate(&verdict), "{verdict:?}");
}

/// Contracts 1 and 2: what this transaction has seen counts.
pub(super) async fn a_transaction_sees_its_own_calls<F: SagaBarrierFixture>(fixture: &F) {
    let (charge, refund) = (execution("order"), compensation("order"));
    let mut transaction = begin(fixture).await;
    assert_eq!(enter(fixture, &mut transaction, &charge).await, Verdict::Run);
    record(fixture, &mut transaction, &charge, &payload("17")).await;
    let again = enter(fixture, &mut transaction, &charge).await;
    assert_eq!(again, Verdict::Duplicate(Some(payload("17"))));
    assert_eq!(enter(fixture, &mut transaction, &refund).await, Verdict::Run);
    assert!(is_duplicate(&enter(fixture, &mut transaction, &refund).await));
    commit(fixture, transaction).await;
    assert!(is_duplicate(&made(fixture, &refund, "").await));
}

/// Contract 7: and nothing was seen by that.
pub(super) async fn a_probe_is_rejected<F: SagaBarrierFixture>(fixture: &F) {
    let probe = call("order", "charge", Direction::Probe);
    for n in 0..2 {
        let mut transaction = begin(fixture).await;
        let entered = fixture.barrier().enter(&mut transaction, &probe).await;
        is_rejected(entered, "a probe");
        drop(transaction);
        let expected = if n == 0 { Verdict::Run } else { Verdict::Duplicate(Some(payload("0"))) };
        assert_eq!(made(fixture, &execution("order"), &n.to_string()).await, expected);
    }
}

/// Contract 7: neither of what never came, nor of what hung, nor of what undoes or asks.
pub(super) async fn what_was_not_executed_records_nothing<F: SagaBarrierFixture>(fixture: &F) {
    made(fixture, &compensation("null"), "").await;
    assert_eq!(made(fixture, &execution("null"), "17").await, Verdict::Hanging);
    made(fixture, &execution("seen"), "17").await;
    made(fixture, &compensation("seen"), "").await;
    for (saga, direction) in [
        ("new", Direction::Execute),
        ("null", Direction::Execute),
        ("null", Direction::Compensate),
        ("seen", Direction::Compensate),
        ("seen", Direction::Probe),
    ] {
        let call = call(saga, "charge", direction);
        let mut transaction = begin(fixture).await;
        let recorded = fixture.barrier().record(&mut transaction, &call, &payload("18")).await;
        is_rejected(recorded, &format!("a record of {call:?}"));
    }
    assert_eq!(made(fixture, &execution("new"), "19").await, Verdict::Run);
    let seen = made(fixture, &execution("seen"), "19").await;
    assert_eq!(seen, Verdict::Duplicate(Some(payload("17"))));
}

/// Contract 5.
pub(super) async fn steps_and_sagas_do_not_disturb_each_other<F: SagaBarrierFixture>(fixture: &F) {
    let calls = [
        ("order", "charge"),
        ("order", "Charge"),
        ("Order", "charge"),
        ("order/ship", "charge"),
        ("order", "ship"),
        ("order/", "charge"),
    ];
    for (n, (saga, step)) in (0..).zip(calls) {
        let execute = call(saga, step, Direction::Execute);
        if n % 2 == 0 {
            assert_eq!(made(fixture, &execute, &n.to_string()).await, Verdict::Run);
            continue;
        }
        let compensate = call(saga, step, Direction::Compensate);
        assert_eq!(made(fixture, &compensate, "").await, Verdict::NullCompensation);
    }
    for (n, (saga, step)) in (0..).zip(calls) {
        let expected = match n % 2 {
            0 => Verdict::Duplicate(Some(payload(&n.to_string()))),
            _ => Verdict::Hanging,
        };
        assert_eq!(made(fixture, &call(saga, step, Direction::Execute), "0").await, expected);
    }
}

/// Contract 5: though they share a transaction.
pub(super) async fn calls_of_several_steps_share_a_transaction<F: SagaBarrierFixture>(fixture: &F) {
    let mut transaction = begin(fixture).await;
    for saga in ["one", "other"] {
        let charge = execution(saga);
        assert_eq!(enter(fixture, &mut transaction, &charge).await, Verdict::Run);
        let output = payload(&format!("{saga:?}"));
        record(fixture, &mut transaction, &charge, &output).await;
    }
    commit(fixture, transaction).await;
    for saga in ["one", "other"] {
        let again = made(fixture, &execution(saga), "0").await;
        assert_eq!(again, Verdict::Duplicate(Some(payload(&format!("{saga:?}")))));
    }
}

/// Contract 6.
pub(super) async fn outputs_come_back_byte_for_byte<F: SagaBarrierFixture>(fixture: &F) {
    let long = format!("\"{}\"", "x".repeat(100_000));
    let outputs = [
        "{ \"b\": 1,\n\t\"a\": [ ],\r\n\"a\": 2 }",
        "1e400",
        "12345678901234567890123456789012345678901234567890",
        "\"\\u00e9 \u{e9} e\u{301} \\/ it's \u{1F4A9}\"",
        "\"\"",
        "null",
        &long,
    ];
    for (n, output) in outputs.iter().enumerate() {
        let charge = execution(&format!("order:{n}"));
        made(fixture, &charge, output).await;
        match made(fixture, &charge, "0").await {
            Verdict::Duplicate(Some(found)) => assert_eq!(found.as_str(), *output),
            other => panic!("of {output}: {other:?}"),
        }
    }
}
