use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::live::{Decision, Order};
use super::recover::replayed;
use super::shared::Inner;
use super::soon::whatever_becomes_of_the_caller;
use super::start::NewStart;
use super::work::PAGE;
use super::{
    Cause, Repair, SagaConfig, SagaDefinition, SagaError, SagaFilter, SagaHandle, SagaHeader,
    SagaId, SagaJournal, SagaRecord, SagaStatus, StartOptions, StepOutput,
};
use crate::observe::{TraceContext, field};
use crate::phase::{Actor, Incarnation, NodeId, NodeName, Reason};
use crate::stamp::EntropyError;

use tracing::warn;

/// Runs sagas: starts them, goes on with those that others have left, and lets operators decide.
///
/// Spawn [`run`](Self::run) beside it: that renews the claims of what runs here, and takes over what was
/// abandoned. Clones share everything.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::memory::InMemorySagaJournal;
/// use strangler_fig::saga::{Conclusion, SagaBuilder, SagaOrchestrator, step_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut saga = SagaBuilder::<u32>::new("checkout", 1);
/// let cents = saga.input();
/// let charge = step_fn(|cents: u32, _| async move { Ok(format!("charged {cents}")) });
/// let receipt = saga.step("charge", charge, cents);
/// let checkout = saga.build(receipt)?;
///
/// let journal = Arc::new(InMemorySagaJournal::default());
/// let orchestrator = SagaOrchestrator::new(journal, "node-1".parse()?)?;
/// let order = orchestrator.start(&checkout, "order:4711".parse()?, 700).await?;
/// assert_eq!(order.wait().await?, Conclusion::Committed("charged 700".to_owned()));
///
/// // Once more under the same id is the same saga, and nothing happens twice.
/// let again = orchestrator.start(&checkout, "order:4711".parse()?, 700).await?;
/// assert_eq!(again.wait().await?.committed().as_deref(), Some("charged 700"));
/// assert!(orchestrator.start(&checkout, "order:4711".parse()?, 9).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SagaOrchestrator {
    pub(super) inner: Arc<Inner>,
}

impl SagaOrchestrator {
    /// A runner of this name, on a journal.
    ///
    /// # Errors
    ///
    /// When the operating system has no entropy to give: each life of a runner has an id of its own.
    pub fn new(journal: Arc<dyn SagaJournal>, name: NodeName) -> Result<Self, EntropyError> {
        let runner = NodeId { name, incarnation: Incarnation::random()? };
        Ok(Self::with_runner(journal, runner, SagaConfig::default()))
    }

    /// The runner of this very id, working as `config` says. No two lives of runners may have one id.
    #[must_use]
    pub fn with_runner(journal: Arc<dyn SagaJournal>, runner: NodeId, config: SagaConfig) -> Self {
        Self { inner: Arc::new(Inner::new(journal, runner, config)) }
    }

    /// Who it is.
    #[must_use]
    pub fn runner(&self) -> &NodeId {
        &self.inner.runner
    }

    /// How many sagas run here.
    #[must_use]
    pub fn live(&self) -> usize {
        self.inner.running_count()
    }

    /// Goes on with sagas of this definition, and of those in it, that others have left. What is started here is
    /// registered by that; register old versions until no saga runs by them.
    pub fn register<I, O>(&self, definition: &SagaDefinition<I, O>) {
        self.inner.register(&definition.inner);
    }

    /// Starts a saga; or finds it, if it was started before with the same input. It has begun, durably, when this
    /// answers, and runs whether anybody waits for it or not: up to where it first has to wait in the caller's task,
    /// then in one of its own.
    ///
    /// # Errors
    ///
    /// [`SagaError::OtherInput`], [`SagaError::OtherDefinition`]: the id is taken. [`SagaError::Id`],
    /// [`SagaError::Input`]: it cannot be written down. [`SagaError::Stopping`]. [`SagaError::Journal`]: it may
    /// have begun; start it again. Of one that somebody has left also what stands in the way of going on:
    /// [`SagaError::Unreadable`], [`SagaError::OutOfOrder`].
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have begun the saga: start it again.
    pub async fn start<I: StepOutput, O: StepOutput>(
        &self,
        definition: &SagaDefinition<I, O>,
        saga: SagaId,
        input: I,
    ) -> Result<SagaHandle<O>, SagaError> {
        self.start_with(definition, saga, input, StartOptions::default()).await
    }

    /// The same, with options.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// # Cancel safety
    ///
    /// As [`start`](Self::start).
    pub async fn start_with<I: StepOutput, O: StepOutput>(
        &self,
        definition: &SagaDefinition<I, O>,
        saga: SagaId,
        input: I,
        options: StartOptions,
    ) -> Result<SagaHandle<O>, SagaError> {
        let (payload, digest) = super::start::digested(&input)
            .map_err(|because| SagaError::Input { saga: saga.clone(), because })?;
        let start = NewStart {
            definition: Arc::clone(&definition.inner),
            saga: saga.clone(),
            value: Arc::new(input),
            payload,
            digest,
            is_told: options.traceparent.is_some(),
            traceparent: options.traceparent.or_else(current_trace),
            parent: None,
            recalled: None,
        };
        let live = self.inner.start(start).await?;
        Ok(SagaHandle { inner: Arc::clone(&self.inner), saga, live, of: PhantomData })
    }

    /// A handle of a saga that was started before.
    ///
    /// # Errors
    ///
    /// [`SagaError::NotFound`], [`SagaError::Journal`]; [`SagaError::OtherDefinition`] if it is of another kind.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`inspect`](Self::inspect), [`list`](Self::list) and [`unrunnable`](Self::unrunnable).
    pub async fn find<I, O: StepOutput>(
        &self,
        definition: &SagaDefinition<I, O>,
        saga: SagaId,
    ) -> Result<SagaHandle<O>, SagaError> {
        let (header, _) = self.inner.load(&saga).await?;
        if header.definition.name != definition.id().name {
            return Err(SagaError::OtherDefinition { saga, found: header.definition });
        }
        let live = self.inner.running(&saga);
        Ok(SagaHandle { inner: Arc::clone(&self.inner), saga, live, of: PhantomData })
    }

    /// Tells a saga to turn back: what is under way is waited for, and then everything is undone. One that is
    /// past its pivot is not to be stopped; while its pivot is under way, that decides.
    ///
    /// A saga that runs in another process is told there: [`list`](Self::list) says who holds it.
    ///
    /// # Errors
    ///
    /// [`SagaError::OutOfOrder`]: it is over, past its pivot, or has turned already. [`SagaError::Held`]: it runs
    /// elsewhere; tell that runner. [`SagaError::NotFound`], [`SagaError::Purged`],
    /// [`SagaError::UnknownDefinition`], [`SagaError::Unreadable`], [`SagaError::Journal`].
    ///
    /// # Cancel safety
    ///
    /// A dropped call goes on.
    pub async fn cancel(
        &self,
        saga: &SagaId,
        actor: &Actor,
        reason: &Reason,
    ) -> Result<(), SagaError> {
        let cause = Cause::Cancelled { actor: actor.clone(), reason: reason.clone() };
        let (inner, saga) = (Arc::clone(&self.inner), saga.clone());
        let order = Order::Cancel(cause);
        whatever_becomes_of_the_caller(async move { inner.order(&saga, order).await }).await
    }

    /// Carries out what an operator has decided: written down, with who and why. A saga that cannot be read here can
    /// still be given up.
    ///
    /// # Errors
    ///
    /// [`SagaError::OutOfOrder`]: the step is not where that can be done. [`SagaError::Unreadable`]: the output
    /// is not what later steps read. [`SagaError::Held`]: it runs elsewhere; tell that runner. Else as
    /// [`cancel`](Self::cancel).
    ///
    /// # Cancel safety
    ///
    /// A dropped call goes on.
    pub async fn repair(
        &self,
        saga: &SagaId,
        repair: Repair,
        actor: &Actor,
        reason: &Reason,
    ) -> Result<(), SagaError> {
        let (actor, reason) = (actor.clone(), reason.clone());
        let (inner, saga) = (Arc::clone(&self.inner), saga.clone());
        let order = Order::Repair(Decision { repair, actor, reason });
        whatever_becomes_of_the_caller(async move { inner.order(&saga, order).await }).await
    }

    /// A saga as its journal tells it.
    ///
    /// # Errors
    ///
    /// [`SagaError::NotFound`], [`SagaError::Journal`]; [`SagaError::OutOfOrder`] if the journal was written by
    /// something else.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    pub async fn inspect(&self, saga: &SagaId) -> Result<SagaRecord, SagaError> {
        let (header, entries) = self.inner.load(saga).await?;
        let definition = self.inner.definition(&header.definition).filter(|_| !header.is_purged);
        let state = definition.map(|it| replayed(&it, saga, &entries)).transpose()?;
        Ok(SagaRecord { header, entries, state })
    }

    /// Sagas that a filter takes, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`SagaError::List`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    pub async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, SagaError> {
        let listed = self.inner.within(self.inner.journal.list(filter, after, limit)).await;
        listed.map_err(|source| SagaError::List { source })
    }

    /// Sagas that could go on, and that nobody holds, by definitions that are not registered here: what to
    /// register before an old version is thrown away. At most `limit`.
    ///
    /// # Errors
    ///
    /// [`SagaError::List`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    pub async fn unrunnable(&self, limit: NonZeroUsize) -> Result<Vec<SagaHeader>, SagaError> {
        let own = self.inner.definitions();
        let mut found = Vec::new();
        let mut after: Option<SagaId> = None;
        loop {
            let page = self.inner.abandoned(Vec::new(), after.as_ref(), PAGE).await;
            let page = page.map_err(|source| SagaError::List { source })?;
            let is_last = page.len() < PAGE.get();
            after = page.last().map(|header| header.id.clone());
            found.extend(page.into_iter().filter(|header| !own.contains(&header.definition)));
            if is_last || found.len() >= limit.get() {
                found.truncate(limit.get());
                return Ok(found);
            }
        }
    }

    /// Removes the entries of sagas that have been over for `age`: their ids, inputs' hashes and outcomes
    /// stay, so that none begins anew. Those of a saga that is a step of another stay until that is over, and
    /// whatever that is a step of. Answers how many it purged.
    ///
    /// # Errors
    ///
    /// [`SagaError::List`], [`SagaError::Journal`]; purge again. What the journal refuses of a single saga is
    /// logged, and does not stop the others.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what it has not come to is left.
    pub async fn purge(&self, age: Duration) -> Result<u64, SagaError> {
        let statuses = SagaStatus::ALL.iter().copied().filter(|status| status.is_over()).collect();
        let (is_unpurged, idle_min) = (true, age);
        let filter = SagaFilter { statuses, is_unpurged, idle_min, ..SagaFilter::default() };
        let (mut after, mut purged): (Option<SagaId>, _) = (None, 0);
        loop {
            let page = self.list(&filter, after.as_ref(), PAGE).await?;
            let is_last = page.len() < PAGE.get();
            after = page.last().map(|header| header.id.clone());
            for header in &page {
                purged += u64::from(!self.is_needed(header).await? && self.purged(header).await?);
            }
            if is_last {
                return Ok(purged);
            }
        }
    }

    async fn purged(&self, header: &SagaHeader) -> Result<bool, SagaError> {
        let saga = header.id.clone();
        match self.inner.within(self.inner.journal.purge(&saga)).await {
            Ok(()) => Ok(true),
            Err(source) if source.is_retryable() => Err(SagaError::Journal { saga, source }),
            Err(error) => {
                // It was recalled meanwhile, say.
                warn!({ field::SAGA } = %saga, { field::ERROR } = error.with_causes(), "a saga is not purged");
                Ok(false)
            }
        }
    }

    /// Whether another saga may yet undo it: one that it is a step of, at any depth.
    async fn is_needed(&self, header: &SagaHeader) -> Result<bool, SagaError> {
        let mut above = header.parent.clone();
        while let Some(parent) = above {
            match self.inner.load(&parent).await {
                Ok((parent, _)) if !parent.status.is_over() => return Ok(true),
                Ok((parent, _)) => above = parent.parent,
                Err(SagaError::NotFound { .. }) => return Ok(false),
                Err(error) if error.is_retryable() => return Err(error),
                Err(error) => {
                    let error = crate::error::with_causes(&error);
                    warn!({ field::SAGA } = %header.id, { field::ERROR } = error, "a saga is not purged: its parent cannot be read");
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// In whose trace a saga begins, if its starter does not say: that of the current span.
fn current_trace() -> Option<Arc<str>> {
    TraceContext::current().map(TraceContext::into_traceparent)
}
