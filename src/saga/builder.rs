use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::any_step::{AnyStep, Wired, resolved, written};
use super::definition::Definition;
use super::plan::NewStep;
use super::sub_saga::SubSaga;
use super::{
    BuildError, SagaDefinition, SagaName, SagaPlan, SagaStep, StepName, StepOutput, StepPolicy,
    Value, Wire,
};
use crate::phase::NameError;

/// Builds a saga, step by step: what a step takes is what it waits for, so that steps which need
/// nothing of each other run side by side.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::saga::{SagaBuilder, StepPolicy, Wire, step_fn};
///
/// let nothing = || step_fn(|_: (), _| async { Ok(()) });
/// let quick = StepPolicy::default().with_timeout(Duration::from_secs(1));
///
/// let mut saga = SagaBuilder::<()>::new("checkout", 1).with_deadline(Duration::from_secs(60));
/// let order = saga.step("create", nothing(), saga.input());
/// let reserved = saga.step("reserve", nothing(), order);
/// let checked = saga.step_with("check-fraud", nothing(), order, quick); // beside it
/// let charged = saga.step("charge", nothing(), ().after(reserved).after(checked));
/// saga.pivot(charged);
/// let shipped = saga.step("ship", nothing(), charged);
/// saga.build(shipped)?;
/// # Ok::<(), strangler_fig::saga::BuildError>(())
/// ```
#[derive(Debug)]
pub struct SagaBuilder<I> {
    id: u64,
    name: Result<SagaName, NameError>,
    version: u32,
    steps: Vec<Added>,
    pivots: Vec<(u64, usize)>,
    deadline: Option<Duration>,
    of: PhantomData<fn(I)>,
}

#[derive(Debug)]
struct Added {
    name: Result<StepName, NameError>,
    sources: Vec<(u64, usize)>,
    step: Arc<dyn AnyStep>,
    is_final: bool,
}

impl<I: StepOutput> SagaBuilder<I> {
    /// A saga of this name. Give a definition whose steps, or whose outputs' forms, have changed
    /// another version, and keep the old one until no saga runs by it.
    #[must_use]
    pub fn new(name: &str, version: u32) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            name: name.parse(),
            version,
            steps: Vec::new(),
            pivots: Vec::new(),
            deadline: None,
            of: PhantomData,
        }
    }

    /// How long a saga may take before it turns back, from its start, by the clock of whoever started it; past
    /// its pivot it may take longer.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// What the saga is started with.
    #[must_use]
    pub const fn input(&self) -> Value<I> {
        Value { builder: self.id, slot: 0, of: PhantomData }
    }

    /// Adds a step that is called as the standard policy says.
    pub fn step<S: SagaStep>(
        &mut self,
        name: &str,
        step: S,
        input: impl Wire<Target = S::Input>,
    ) -> Value<S::Output> {
        self.step_with(name, step, input, StepPolicy::default())
    }

    /// Adds a step that is called as `policy` says.
    pub fn step_with<S: SagaStep>(
        &mut self,
        name: &str,
        step: S,
        input: impl Wire<Target = S::Input>,
        policy: StepPolicy,
    ) -> Value<S::Output> {
        let mut sources = Vec::new();
        input.sources(&mut sources);
        let step = Wired { step, wire: input, policy };
        self.add(name, sources, Arc::new(step), false)
    }

    /// Adds a step that runs a whole saga: under the id of this one, a slash and the step's
    /// name. It can be undone until this saga has ended, but not if it has a pivot.
    pub fn sub_saga<J: StepOutput, O: StepOutput>(
        &mut self,
        name: &str,
        definition: &SagaDefinition<J, O>,
        input: impl Wire<Target = J>,
    ) -> Value<O> {
        let mut sources = Vec::new();
        input.sources(&mut sources);
        let is_final = definition.plan().pivot().is_some();
        let step = SubSaga::new(definition.clone(), input);
        self.add(name, sources, Arc::new(step), is_final)
    }

    fn add<O>(
        &mut self,
        name: &str,
        sources: Vec<(u64, usize)>,
        step: Arc<dyn AnyStep>,
        is_final: bool,
    ) -> Value<O> {
        self.steps.push(Added { name: name.parse(), sources, step, is_final });
        Value { builder: self.id, slot: self.steps.len(), of: PhantomData }
    }

    /// The step that makes this value is the point of no return: once it is done, nothing is undone, and
    /// what follows is tried as its schedule says, then parked.
    pub fn pivot<O>(&mut self, value: Value<O>) {
        self.pivots.push((value.builder, value.slot));
    }

    /// The saga, which hands on what `output` brings.
    ///
    /// # Errors
    ///
    /// Whatever cannot be meant: see [`BuildError`].
    pub fn build<W>(self, output: W) -> Result<SagaDefinition<I, W::Target>, BuildError>
    where
        W: Wire,
        W::Target: StepOutput,
    {
        let mut taken = Vec::new();
        output.sources(&mut taken);
        self.parents(&taken, "the output")?;
        let mut steps = Vec::with_capacity(self.steps.len());
        for added in &self.steps {
            let name = added.name.clone()?;
            let parents = self.parents(&added.sources, &format!("step {name}"))?;
            let nested = added.step.nested().map(|nested| nested.plan.id().clone());
            steps.push(NewStep { name, parents, nested });
        }
        let pivot = self.the_pivot(&steps)?;
        let plan = SagaPlan::new(self.name?, self.version, steps, pivot)?;
        for (at, added) in self.steps.iter().enumerate() {
            if added.is_final && plan.passage(at) == super::Passage::Before {
                return Err(BuildError::SubSagaCannotBeUndone { step: plan.name(at).clone() });
            }
        }
        let nested = self.steps.iter().enumerate().filter_map(|(at, added)| {
            let below = added.step.nested()?.nested.unwrap_or(0);
            Some("/".len() + plan.name(at).as_str().len() + below)
        });
        let nested = nested.max();
        let definition = Definition {
            plan: Arc::new(plan),
            nested,
            steps: self.steps.into_iter().map(|added| added.step).collect(),
            deadline: self.deadline,
            read_input: |payload| Ok(Arc::new(payload.read::<I>()?)),
            write_output: Arc::new(move |slots| match resolved(&output, slots) {
                Ok(output) => written(&output),
                // It goes into logs, and the text of a panic may quote what it was given.
                Err(_) => Err("what makes it has panicked".to_owned()),
            }),
        };
        Ok(SagaDefinition { inner: Arc::new(definition), of: PhantomData })
    }

    /// The steps that values come from, each once, in order.
    fn parents(&self, sources: &[(u64, usize)], taker: &str) -> Result<Vec<usize>, BuildError> {
        if sources.iter().any(|(builder, _)| *builder != self.id) {
            return Err(BuildError::ForeignValue { taker: taker.to_owned() });
        }
        let mut parents: Vec<_> =
            sources.iter().filter_map(|(_, slot)| slot.checked_sub(1)).collect();
        parents.sort_unstable();
        parents.dedup();
        Ok(parents)
    }

    fn the_pivot(&self, steps: &[NewStep]) -> Result<Option<usize>, BuildError> {
        let pivots = self.parents(&self.pivots, "the pivot")?;
        if self.pivots.iter().any(|(_, slot)| *slot == 0) {
            return Err(BuildError::PivotIsInput);
        }
        match *pivots {
            [] => Ok(None),
            [pivot] => Ok(Some(pivot)),
            [first, second, ..] => {
                let [first, second] = [first, second].map(|at| steps[at].name.clone());
                Err(BuildError::TwoPivots { first, second })
            }
        }
    }
}
