use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::StoreError;
use crate::saga::{BarrierCall, Direction, Payload, SagaBarrier, SagaId, StepName, Verdict};

/// A barrier in memory, one transaction at a time: for tests, and to copy from. Clones
/// share what was seen.
///
/// ```
/// use strangler_fig::memory::InMemoryBarrier;
/// use strangler_fig::saga::{BarrierCall, Direction, SagaBarrier, Verdict};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let barrier = InMemoryBarrier::default();
/// let (saga, step) = ("order:4711".parse()?, "charge".parse()?);
/// let refund = BarrierCall { saga, step, direction: Direction::Compensate, epoch: 2 };
/// let charge = BarrierCall { direction: Direction::Execute, epoch: 1, ..refund.clone() };
///
/// // The charge got lost, and arrives after all when it is too late.
/// let mut transaction = barrier.begin().await;
/// assert_eq!(barrier.enter(&mut transaction, &refund).await?, Verdict::NullCompensation);
/// transaction.commit();
/// let mut transaction = barrier.begin().await;
/// assert_eq!(barrier.enter(&mut transaction, &charge).await?, Verdict::Hanging);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct InMemoryBarrier(Arc<Mutex<Rows>>);

type Rows = HashMap<(SagaId, StepName), Row>;

/// What was seen of a step.
#[derive(Debug, Clone, Default)]
struct Row {
    execution: Option<Call>,
    compensation: Option<Call>,
}

#[derive(Debug, Clone)]
struct Call {
    #[expect(dead_code, reason = "`Debug` shows whose call it was")]
    epoch: u64,
    output: Option<Payload>,
}

impl Row {
    /// What a call is to do, and the row with it.
    fn enter(&mut self, call: &BarrierCall) -> Result<Verdict, StoreError> {
        let seen = Call { epoch: call.epoch, output: None };
        let verdict = match (call.direction, &self.execution, &self.compensation) {
            (Direction::Execute, Some(first), _) => Verdict::Duplicate(first.output.clone()),
            (Direction::Execute, None, Some(_)) => Verdict::Hanging,
            (Direction::Execute, None, None) => {
                self.execution = Some(seen);
                Verdict::Run
            }
            (Direction::Compensate, _, Some(_)) => Verdict::Duplicate(None),
            (Direction::Compensate, execution, None) => {
                let ran = execution.is_some();
                self.compensation = Some(seen);
                if ran { Verdict::Run } else { Verdict::NullCompensation }
            }
            (Direction::Probe, ..) => {
                return Err(StoreError::rejected("a probe changes nothing, and needs no barrier"));
            }
        };
        Ok(verdict)
    }

    fn record(&mut self, call: &BarrierCall, output: &Payload) -> Result<(), StoreError> {
        match (call.direction, &mut self.execution) {
            (Direction::Execute, Some(execution)) => execution.output = Some(output.clone()),
            _ => {
                return Err(StoreError::rejected(
                    "only of an execution that runs, after it entered",
                ));
            }
        }
        Ok(())
    }
}

/// A transaction on an [`InMemoryBarrier`]: the barrier is its own until it ends. What was
/// done in it is gone if it is dropped.
///
/// ```
/// use strangler_fig::memory::InMemoryBarrier;
/// use strangler_fig::saga::{BarrierCall, Direction, SagaBarrier, Verdict};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let barrier = InMemoryBarrier::default();
/// let (saga, step) = ("order:4711".parse()?, "charge".parse()?);
/// let charge = BarrierCall { saga, step, direction: Direction::Execute, epoch: 1 };
/// for _ in 0..2 {
///     let mut transaction = barrier.begin().await;
///     assert_eq!(barrier.enter(&mut transaction, &charge).await?, Verdict::Run);
///     drop(transaction); // its effect has failed
/// }
/// # Ok(())
/// # }
/// ```
pub struct InMemoryBarrierTransaction {
    rows: OwnedMutexGuard<Rows>,
    own: Rows,
}

impl InMemoryBarrierTransaction {
    /// Makes what was done in it visible.
    pub fn commit(mut self) {
        self.rows.extend(self.own);
    }

    /// The row of a call's step, to be changed in this transaction.
    fn row(&mut self, call: &BarrierCall) -> &mut Row {
        let key = (call.saga.clone(), call.step.clone());
        let before = self.rows.get(&key);
        self.own.entry(key).or_insert_with(|| before.cloned().unwrap_or_default())
    }
}

impl fmt::Debug for InMemoryBarrierTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryBarrierTransaction").finish_non_exhaustive()
    }
}

impl InMemoryBarrier {
    /// Begins a transaction, when the one before has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits, it has done nothing.
    pub async fn begin(&self) -> InMemoryBarrierTransaction {
        let rows = Arc::clone(&self.0).lock_owned().await;
        InMemoryBarrierTransaction { rows, own: Rows::new() }
    }
}

#[async_trait]
impl SagaBarrier for InMemoryBarrier {
    type Transaction = InMemoryBarrierTransaction;

    async fn enter(
        &self,
        transaction: &mut Self::Transaction,
        call: &BarrierCall,
    ) -> Result<Verdict, StoreError> {
        transaction.row(call).enter(call)
    }

    async fn record(
        &self,
        transaction: &mut Self::Transaction,
        call: &BarrierCall,
        output: &Payload,
    ) -> Result<(), StoreError> {
        transaction.row(call).record(call, output)
    }
}
