use std::fmt;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StepContext, StepError};

/// What a step hands on: serde's both ways, and cheap to share.
pub trait StepOutput: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> StepOutput for T {}

/// What is known of a step that is to be compensated.
///
/// ```
/// use strangler_fig::saga::Effect;
///
/// fn refund(charged: &Effect<String>) -> String {
///     match charged {
///         Effect::Applied(receipt) => format!("refund {receipt}"),
///         Effect::Maybe => "look for a charge under the idempotency key".to_owned(),
///     }
/// }
/// assert_eq!(refund(&Effect::Applied("17".to_owned())), "refund 17");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<O> {
    /// It was done, and answered this.
    Applied(O),
    /// It may have been done, may not have, or may be done yet.
    Maybe,
}

/// What a step found out about its own execution.
///
/// ```
/// use strangler_fig::saga::Probe;
///
/// /// What a bank's answer to "what became of transfer X?" means.
/// fn of(status: &str) -> Probe<String> {
///     match status {
///         "booked" => Probe::Done("receipt".to_owned()),
///         "pending" => Probe::Ongoing,
///         "refused" => Probe::Never,
///         "unknown transfer" => Probe::Absent,
///         _ => Probe::Unclear,
///     }
/// }
/// assert_eq!(of("pending"), Probe::Ongoing);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe<O> {
    /// It was done, and would have answered this.
    Done(O),
    /// It is being done: ask again later.
    Ongoing,
    /// It was not done, but an attempt on its way may do it yet. It is executed again.
    Absent,
    /// It was not done, and no attempt made so far will do it.
    Never,
    /// It cannot be told. It is executed again.
    Unclear,
}

/// One step of a saga: an effect elsewhere, and how to undo it.
///
/// Users implement it. Every call may be made twice, by two runners even, and a compensation for an
/// execution that never arrived: let the effect be idempotent by
/// [`StepContext::idempotency_key`], or put a [`SagaBarrier`](super::SagaBarrier) before it.
///
/// ```
/// # use strangler_fig::async_trait;
/// # use strangler_fig::saga::{Effect, SagaStep, StepContext, StepError};
/// #
/// #[derive(Debug)]
/// struct Charge;
///
/// #[async_trait]
/// impl SagaStep for Charge {
///     type Input = u32;
///     type Output = String;
///
///     async fn execute(&self, cents: &u32, context: &StepContext) -> Result<String, StepError> {
///         match *cents {
///             0 => Err(StepError::rejected("nothing to pay")),
///             _ => Ok(format!("charged {cents} under {}", context.idempotency_key())),
///         }
///     }
///
///     async fn compensate(&self, _: &u32, charged: Effect<String>, _: &StepContext) -> Result<(), StepError> {
///         match charged {
///             Effect::Applied(_receipt) => Ok(()), // pay it back
///             Effect::Maybe => Ok(()),             // look whether there is something to pay back
///         }
///     }
/// }
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let context = StepContext::new("order:4711".parse()?, "charge".parse()?);
/// let receipt = Charge.execute(&700, &context).await?;
/// assert_eq!(receipt, "charged 700 under order:4711/charge");
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. An error that is no [`StepError::unknown`] means that this attempt has had no effect, and will
///    have none.
/// 2. `execute` with one idempotency key has its effect once, however often it is called.
/// 3. Once `compensate` has answered `Ok` there is no effect, and never will be: an `execute` of before that
///    arrives later has none.
/// 4. `compensate` bears to be told [`Effect::Maybe`], and to be called again.
///
/// # Cancel safety
///
/// Every call may be dropped at any moment, by its timeout say. Then it counts as in doubt.
#[async_trait]
pub trait SagaStep: fmt::Debug + Send + Sync + 'static {
    /// What it needs.
    type Input: Send + Sync;
    /// What it hands on.
    type Output: StepOutput;

    /// Has the effect.
    ///
    /// # Errors
    ///
    /// [`StepError::rejected`]: a definite no, for good. [`StepError::unavailable`]: not done, it may be
    /// tried again. [`StepError::unknown`]: nobody knows, as after a timeout.
    async fn execute(
        &self,
        input: &Self::Input,
        context: &StepContext,
    ) -> Result<Self::Output, StepError>;

    /// Undoes it.
    ///
    /// # Errors
    ///
    /// [`StepError::rejected`]: it cannot be undone, and an operator must look. Else it is tried again, by
    /// the schedule of its policy.
    async fn compensate(
        &self,
        input: &Self::Input,
        effect: Effect<Self::Output>,
        context: &StepContext,
    ) -> Result<(), StepError>;

    /// Finds out what became of an attempt that nobody knows the end of.
    ///
    /// # Errors
    ///
    /// It is asked again, by the schedule of its policy; after `rejected` it counts as unclear.
    async fn probe(
        &self,
        _input: &Self::Input,
        _context: &StepContext,
    ) -> Result<Probe<Self::Output>, StepError> {
        Ok(Probe::Unclear)
    }
}
