//! Calls, and what a participant does with them.

use std::fmt;

use super::{SagaBarrierFixture, TransactionOf};
use crate::error::{StoreError, StoreErrorKind};
use crate::saga::{BarrierCall, Direction, Payload, SagaBarrier, Verdict};

pub(super) fn answered<T: fmt::Debug>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}

pub(super) fn payload(json: &str) -> Payload {
    Payload::parse(json).expect("it is JSON")
}

pub(super) fn call(saga: &str, step: &str, direction: Direction) -> BarrierCall {
    BarrierCall {
        saga: saga.parse().expect("it is an id"),
        step: step.parse().expect("it is a name"),
        direction,
        epoch: 1,
    }
}

pub(super) fn execution(saga: &str) -> BarrierCall {
    call(saga, "charge", Direction::Execute)
}

pub(super) fn compensation(saga: &str) -> BarrierCall {
    call(saga, "charge", Direction::Compensate)
}

pub(super) async fn begin<F: SagaBarrierFixture>(fixture: &F) -> TransactionOf<F> {
    let begun = fixture.begin().await;
    begun.unwrap_or_else(|error| panic!("no transaction was begun: {error:?}"))
}

pub(super) async fn commit<F: SagaBarrierFixture>(fixture: &F, transaction: TransactionOf<F>) {
    answered("committing", fixture.commit(transaction).await);
}

pub(super) async fn enter<F: SagaBarrierFixture>(
    fixture: &F,
    transaction: &mut TransactionOf<F>,
    call: &BarrierCall,
) -> Verdict {
    answered("entering", fixture.barrier().enter(transaction, call).await)
}

pub(super) async fn record<F: SagaBarrierFixture>(
    fixture: &F,
    transaction: &mut TransactionOf<F>,
    call: &BarrierCall,
    output: &Payload,
) {
    answered("recording", fixture.barrier().record(transaction, call, output).await);
}

/// What a call is to do, in a transaction of its own that commits. An execution that
/// runs answers `output`.
pub(super) async fn made<F: SagaBarrierFixture>(
    fixture: &F,
    call: &BarrierCall,
    output: &str,
) -> Verdict {
    answered("a call", try_make(fixture, call, output).await)
}

/// The same, or why not.
pub(super) async fn try_make<F: SagaBarrierFixture>(
    fixture: &F,
    call: &BarrierCall,
    output: &str,
) -> Result<Verdict, StoreError> {
    let mut transaction = fixture.begin().await?;
    let verdict = fixture.barrier().enter(&mut transaction, call).await?;
    // Whoever comes at the same time comes now.
    tokio::task::yield_now().await;
    if verdict == Verdict::Run && call.direction == Direction::Execute {
        let output = payload(output);
        fixture.barrier().record(&mut transaction, call, &output).await?;
    }
    fixture.commit(transaction).await?;
    Ok(verdict)
}

/// Makes a call in spite of others that are made at once; answers whether it may have been
/// made before, too.
pub(super) async fn persist<F: SagaBarrierFixture>(
    fixture: &F,
    call: &BarrierCall,
    output: &str,
) -> (Verdict, bool) {
    let mut is_doubtful = false;
    for attempt in 0..100_u64 {
        match try_make(fixture, call, output).await {
            Ok(verdict) => return (verdict, is_doubtful),
            Err(error) => {
                assert_ne!(error.kind(), StoreErrorKind::Rejected, "{error:?}");
                is_doubtful |= error.kind() == StoreErrorKind::Unknown;
                tokio::time::sleep(std::time::Duration::from_millis(attempt % 8)).await;
            }
        }
    }
    panic!("a call among others was refused a hundred times")
}

/// The same call under the claim of a later runner.
pub(super) fn later(call: &BarrierCall) -> BarrierCall {
    BarrierCall { epoch: call.epoch + 1, ..call.clone() }
}

pub(super) fn is_duplicate(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Duplicate(_))
}

pub(super) fn is_rejected<T: fmt::Debug>(answer: Result<T, StoreError>, what: &str) {
    match answer {
        Err(error) => assert_eq!(error.kind(), StoreErrorKind::Rejected, "{what}: {error:?}"),
        Ok(answer) => panic!("{what} was taken: {answer:?}"),
    }
}
