use std::marker::PhantomData;
use std::sync::Arc;

use super::live::{Live, Settled};
use super::shared::Inner;
use super::soon::whatever_becomes_of_the_caller;
use super::{Conclusion, SagaError, SagaHeader, SagaId, SagaOutcome, SagaStatus, StepOutput};
use crate::error::with_causes;

/// A saga that was started, here or elsewhere. It runs whether anybody holds this or not.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::InMemorySagaJournal;
/// # use strangler_fig::saga::{Conclusion, SagaBuilder, SagaOrchestrator, step_fn};
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut saga = SagaBuilder::<u32>::new("checkout", 1);
/// # let cents = saga.input();
/// # let charge = step_fn(|cents: u32, _| async move { Ok(format!("charged {cents}")) });
/// # let receipt = saga.step("charge", charge, cents);
/// # let checkout = saga.build(receipt)?;
/// # let orchestrator = SagaOrchestrator::new(Arc::new(InMemorySagaJournal::default()), "node-1".parse()?)?;
/// let order = orchestrator.start(&checkout, "order:4711".parse()?, 700).await?;
/// assert_eq!(order.saga().as_str(), "order:4711");
/// drop(order); // the saga goes on
///
/// // Who asks later needs its id only.
/// let order = orchestrator.find(&checkout, "order:4711".parse()?).await?;
/// match order.wait().await? {
///     Conclusion::Committed(receipt) => assert_eq!(receipt, "charged 700"),
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SagaHandle<O> {
    pub(super) inner: Arc<Inner>,
    pub(super) saga: SagaId,
    pub(super) live: Option<Arc<Live>>,
    pub(super) of: PhantomData<fn() -> O>,
}

impl<O: StepOutput> SagaHandle<O> {
    /// Which saga.
    #[must_use]
    pub const fn saga(&self) -> &SagaId {
        &self.saga
    }

    /// Waits until it is over, or parked. Where it runs elsewhere, the journal is asked again and again.
    ///
    /// # Errors
    ///
    /// When the journal fails, or what it hands on is no `O`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the saga goes on.
    pub async fn wait(&self) -> Result<Conclusion<O>, SagaError> {
        let Some(outcome) = self.inner.rest_of(&self.saga, self.live.as_ref()).await? else {
            return Ok(Conclusion::Parked);
        };
        Ok(match outcome {
            SagaOutcome::Committed { output } => {
                Conclusion::Committed(output.read().map_err(|error| SagaError::Unreadable {
                    saga: self.saga.clone(),
                    what: "its output".to_owned(),
                    because: with_causes(&error),
                })?)
            }
            SagaOutcome::RolledBack { cause } => Conclusion::RolledBack(cause),
            SagaOutcome::GivenUp { actor, reason } => Conclusion::GivenUp { actor, reason },
        })
    }
}

impl Inner {
    /// How a saga ends, or `None` once it is parked. One that is a step of another goes on here if nobody holds
    /// it: however much runs here, that other one waits for it.
    pub(super) async fn rest_of(
        self: &Arc<Self>,
        saga: &SagaId,
        live: Option<&Arc<Live>>,
    ) -> Result<Option<SagaOutcome>, SagaError> {
        if let Some(Settled::Over(outcome)) = live.and_then(|live| live.is_settled()) {
            return Ok(Some(outcome.clone()));
        }
        // In a box, so that whoever waits for many has no room for what is seldom needed.
        Box::pin(self.rest_of_later(saga, live)).await
    }

    async fn rest_of_later(
        self: &Arc<Self>,
        saga: &SagaId,
        live: Option<&Arc<Live>>,
    ) -> Result<Option<SagaOutcome>, SagaError> {
        let mut live = match live {
            Some(live) if !live.has_settled() => Some(Arc::clone(live)),
            _ => self.running(saga),
        };
        loop {
            if let Some(live) = live {
                match live.settled().await {
                    Settled::Over(outcome) => return Ok(Some(outcome)),
                    Settled::Parked | Settled::Left => {}
                }
            }
            let (mut header, _) = self.load(saga).await?;
            match (header.outcome.take(), header.status) {
                (Some(outcome), _) => return Ok(Some(outcome)),
                (None, SagaStatus::Parked) => return Ok(None),
                _ => {}
            }
            if header.parent.is_some() && header.holder.is_none() {
                self.adopt(&header).await?;
            }
            live = self.running(saga);
            if live.is_none() {
                tokio::time::sleep(self.config.poll_interval).await;
                live = self.running(saga);
            }
        }
    }

    /// Goes on with a saga that nobody holds, if that can be done here.
    async fn adopt(self: &Arc<Self>, header: &SagaHeader) -> Result<(), SagaError> {
        if self.is_stopping() || self.definition(&header.definition).is_none() {
            return Ok(());
        }
        let Ok(place) = self.enter(&header.id) else { return Ok(()) };
        let inner = Arc::clone(self);
        let taken_over = whatever_becomes_of_the_caller(async move {
            inner.taken_over(place).await.map(|run| drop(run.spawn()))
        });
        match taken_over.await {
            Err(error) if !error.is_retryable() => Err(error),
            _ => Ok(()),
        }
    }
}
