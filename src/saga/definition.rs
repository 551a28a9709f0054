use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::any_step::{AnyStep, Shared};
use super::wire::Slots;
use super::{DefinitionId, Payload, PayloadError, SagaPlan};

/// A kind of saga, ready to run: from an `I` to an `O`. Clones share it.
///
/// ```
/// use strangler_fig::saga::{SagaBuilder, step_fn};
///
/// let mut saga = SagaBuilder::<u32>::new("checkout", 1);
/// let cents = saga.input();
/// let charged = saga.step("charge", step_fn(|cents: u32, _| async move { Ok(cents) }), cents);
/// let checkout = saga.build(charged)?;
/// assert_eq!((checkout.id().name.as_str(), checkout.id().version), ("checkout", 1));
/// # Ok::<(), strangler_fig::saga::BuildError>(())
/// ```
pub struct SagaDefinition<I, O> {
    pub(crate) inner: Arc<Definition>,
    pub(crate) of: PhantomData<fn(I) -> O>,
}

impl<I, O> SagaDefinition<I, O> {
    /// Which definition it is: what a runner that has it may go on with.
    #[must_use]
    pub fn id(&self) -> &DefinitionId {
        self.inner.plan.id()
    }

    /// Its steps, and what follows what.
    #[must_use]
    pub fn plan(&self) -> &Arc<SagaPlan> {
        &self.inner.plan
    }
}

impl<I, O> SagaDefinition<I, O> {
    /// The same, with other steps in the place of its own: for tests that meddle.
    #[cfg(feature = "testkit")]
    pub(crate) fn replacing(
        &self,
        replace: impl Fn(usize, &Arc<dyn AnyStep>) -> Arc<dyn AnyStep>,
    ) -> Self {
        let own = &self.inner;
        let definition = Definition {
            plan: Arc::clone(&own.plan),
            steps: own.steps.iter().enumerate().map(|(at, step)| replace(at, step)).collect(),
            nested: own.nested,
            deadline: own.deadline,
            read_input: own.read_input,
            write_output: Arc::clone(&own.write_output),
        };
        Self { inner: Arc::new(definition), of: PhantomData }
    }
}

impl<I, O> Clone for SagaDefinition<I, O> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), of: PhantomData }
    }
}

impl<I, O> fmt::Debug for SagaDefinition<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SagaDefinition({})", self.id())
    }
}

type ReadInput = fn(&Payload) -> Result<Shared, PayloadError>;
type WriteOutput = Arc<dyn Fn(&Slots) -> Result<Payload, String> + Send + Sync>;

/// What every definition is once its types are forgotten.
pub(crate) struct Definition {
    pub(crate) plan: Arc<SagaPlan>,
    pub(crate) steps: Vec<Arc<dyn AnyStep>>,
    /// How much longer the ids of sagas in it are, at most; `None` if no step is a saga.
    pub(crate) nested: Option<usize>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) read_input: ReadInput,
    pub(crate) write_output: WriteOutput,
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definition").field("plan", &self.plan).finish_non_exhaustive()
    }
}
