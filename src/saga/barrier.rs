use std::fmt;

use async_trait::async_trait;

use super::{Direction, Payload, SagaId, StepContext, StepName};
use crate::error::StoreError;

/// Which call of which step stands before a [`SagaBarrier`].
///
/// A participant in another process takes it from the request: saga, step and direction
/// are what tells a repeat.
///
/// ```
/// use strangler_fig::saga::{BarrierCall, Direction};
///
/// let call = BarrierCall {
///     saga: "order:4711".parse()?,
///     step: "reserve".parse()?,
///     direction: Direction::Execute,
///     epoch: 1,
/// };
/// assert_eq!(call.direction, Direction::Execute);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BarrierCall {
    /// The saga.
    pub saga: SagaId,
    /// Its step.
    pub step: StepName,
    /// Whether it executes or compensates. A probe changes nothing, and needs no barrier.
    pub direction: Direction,
    /// The claim under which it was made; kept, so that one can see whose call it was.
    pub epoch: u64,
}

impl BarrierCall {
    /// The call that a step is being asked for.
    #[must_use]
    pub fn of(context: &StepContext) -> Self {
        Self {
            saga: context.saga().clone(),
            step: context.step().clone(),
            direction: context.direction(),
            epoch: context.epoch(),
        }
    }
}

/// What a participant is to do with a call.
///
/// The three failures of calls that are late, lost or repeated, and their names, are those
/// of dtm's subtransaction barrier.
///
/// ```
/// use strangler_fig::saga::{Payload, Verdict};
///
/// fn answer(verdict: &Verdict) -> Option<&Payload> {
///     match verdict {
///         Verdict::Run => None, // do it, and `record` what came of it
///         Verdict::Duplicate(output) => output.as_ref(),
///         Verdict::NullCompensation | Verdict::Hanging => None,
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the first of its kind: do it.
    Run,
    /// It was done before: answer what was recorded then, and do nothing.
    Duplicate(Option<Payload>),
    /// It compensates what was never executed: there is nothing to undo, and nothing will be.
    NullCompensation,
    /// It executes what was compensated already: refuse it.
    Hanging,
}

/// What makes a participant's calls happen once: a row for each in the participant's own
/// database, written in the transaction that has the effect.
///
/// A saga's step may be asked for twice, by two runners, after its compensation, or for a
/// compensation of what it never did. A participant whose effect is not idempotent by itself asks its
/// barrier first.
///
/// ```
/// use strangler_fig::memory::InMemoryBarrier;
/// use strangler_fig::saga::{BarrierCall, Direction, Payload, SagaBarrier, Verdict};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let barrier = InMemoryBarrier::default();
/// let charge = BarrierCall {
///     saga: "order:4711".parse()?,
///     step: "charge".parse()?,
///     direction: Direction::Execute,
///     epoch: 1,
/// };
///
/// let mut transaction = barrier.begin().await;
/// assert_eq!(barrier.enter(&mut transaction, &charge).await?, Verdict::Run);
/// // The money moves here, in the same transaction.
/// let receipt = Payload::of(&"receipt 17")?;
/// barrier.record(&mut transaction, &charge, &receipt).await?;
/// transaction.commit();
///
/// let mut transaction = barrier.begin().await;
/// let again = barrier.enter(&mut transaction, &charge).await?;
/// assert_eq!(again, Verdict::Duplicate(Some(receipt)));
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// Of the calls of one step of one saga, where "seen" means by a transaction that has committed,
/// or by this one:
///
/// 1. `enter` of an execution answers `Run` if none was seen and no compensation was; `Duplicate` with
///    what was recorded if one was seen; `Hanging` if a compensation was seen first.
/// 2. `enter` of a compensation answers `Run` if an execution was seen and no compensation was;
///    `NullCompensation` if neither was; `Duplicate` if a compensation was seen, a null one too.
/// 3. What `enter` answers, and what `record` stores, becomes visible and durable with the
///    transaction's commit, and is gone without it.
/// 4. Of calls at once, the later ones wait in `enter` for the transaction of the first, and
///    see what it committed; or fail with `Unavailable`, and are made again.
/// 5. Steps, and sagas, do not disturb each other.
/// 6. An output comes back as it was, byte for byte; it is that of the execution, and a
///    compensation has none.
/// 7. `enter` of a probe is `Rejected`, and so is `record` of anything but an execution that was seen.
///
/// # How long it is kept
///
/// Nothing of this removes what was seen: it is what a call meets that comes late. Once it is gone, an execution
/// that comes again has its effect again, and a compensation takes what was executed for what never was. So it may
/// go when its saga is over, and has been for longer than a call can be under way: the step's timeout and
/// whatever lies between, and the longest that a runner may have stood still.
///
/// A participant that can ask the journal removes what belongs to those that a
/// [`SagaFilter`](super::SagaFilter) takes with the statuses that are over and an `idle_min` of that,
/// before they are purged. One that cannot goes by when a step came first: a periodic `DELETE` of what is older than
/// any saga gets, those included that were parked, and watches that none is parked for longer than that.
///
/// # Cancel safety
///
/// A dropped call ends the transaction: it can only be dropped.
#[async_trait]
pub trait SagaBarrier: fmt::Debug + Send + Sync + 'static {
    /// The transaction of the participant's own database.
    type Transaction: Send;

    /// What is to be done with a call.
    ///
    /// # Errors
    ///
    /// `Unavailable`, for a lost race too; `Rejected` if what is stored cannot be read. The
    /// transaction can only be dropped then.
    async fn enter(
        &self,
        transaction: &mut Self::Transaction,
        call: &BarrierCall,
    ) -> Result<Verdict, StoreError>;

    /// Keeps what an execution that `Run` answers to its repeats.
    ///
    /// # Errors
    ///
    /// As [`enter`](Self::enter).
    async fn record(
        &self,
        transaction: &mut Self::Transaction,
        call: &BarrierCall,
        output: &Payload,
    ) -> Result<(), StoreError>;
}
