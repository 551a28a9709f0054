use std::fmt;
use std::future::{Future, Ready, ready};
use std::marker::PhantomData;

use async_trait::async_trait;

use super::{Effect, SagaStep, StepContext, StepError, StepOutput};

/// A step made of closures: for small ones, and for tests. Without [`undo`](FnStep::undo) there is nothing to
/// undo.
///
/// ```
/// use strangler_fig::saga::{SagaBuilder, step_fn};
///
/// let mut saga = SagaBuilder::<u32>::new("checkout", 1);
/// let cents = saga.input();
/// let charge = step_fn(|cents: u32, _| async move { Ok(format!("charged {cents}")) })
///     .undo(|_, charged, _| async move {
///         println!("pay back what was {charged:?}");
///         Ok(())
///     });
/// let receipt = saga.step("charge", charge, cents);
/// saga.build(receipt)?;
/// # Ok::<(), strangler_fig::saga::BuildError>(())
/// ```
pub fn step_fn<I, O, F, Fut>(execute: F) -> FnStep<I, O, F, Nothing<I, O>>
where
    F: Fn(I, StepContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, StepError>> + Send,
{
    FnStep { execute, compensate: |_, _, _| ready(Ok(())), of: PhantomData }
}

/// Undoes nothing.
type Nothing<I, O> = fn(I, Effect<O>, StepContext) -> Ready<Result<(), StepError>>;

/// See [`step_fn`].
pub struct FnStep<I, O, F, U> {
    execute: F,
    compensate: U,
    of: PhantomData<fn(I) -> O>,
}

impl<I, O, F, U> FnStep<I, O, F, U> {
    /// The same, undone so.
    pub fn undo<V, Fut>(self, compensate: V) -> FnStep<I, O, F, V>
    where
        V: Fn(I, Effect<O>, StepContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), StepError>> + Send,
    {
        FnStep { execute: self.execute, compensate, of: PhantomData }
    }
}

impl<I, O, F, U> fmt::Debug for FnStep<I, O, F, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnStep")
    }
}

#[async_trait]
impl<I, O, F, Fut, U, Back> SagaStep for FnStep<I, O, F, U>
where
    I: Clone + Send + Sync + 'static,
    O: StepOutput,
    F: Fn(I, StepContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, StepError>> + Send,
    U: Fn(I, Effect<O>, StepContext) -> Back + Send + Sync + 'static,
    Back: Future<Output = Result<(), StepError>> + Send,
{
    type Input = I;
    type Output = O;

    async fn execute(&self, input: &I, context: &StepContext) -> Result<O, StepError> {
        (self.execute)(input.clone(), context.clone()).await
    }

    async fn compensate(
        &self,
        input: &I,
        effect: Effect<O>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        (self.compensate)(input.clone(), effect, context.clone()).await
    }
}
