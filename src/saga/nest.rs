use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::any_step::{Nest, read};
use super::live::{Command, Live};
use super::shared::Inner;
use super::start::NewStart;
use super::{
    Cause, DefinitionId, Payload, SagaError, SagaId, SagaOutcome, SagaStatus, StepContext,
    StepError,
};

impl Nest for Inner {
    fn run(
        self: Arc<Self>,
        context: StepContext,
        definition: DefinitionId,
        input: Payload,
        digest: u128,
    ) -> BoxFuture<'static, Result<SagaOutcome, StepError>> {
        Box::pin(async move {
            let (child, live) =
                self.begin_child(&context, &definition, input, digest, None).await?;
            loop {
                if let Some(outcome) =
                    self.rest_of(&child, live.as_ref()).await.map_err(step_error)?
                {
                    return Ok(outcome);
                }
                // It is parked, and somebody is to decide.
                sleep(self.config.poll_interval).await;
            }
        })
    }

    fn recall(
        self: Arc<Self>,
        context: StepContext,
        definition: DefinitionId,
        input: Payload,
        digest: u128,
    ) -> BoxFuture<'static, Result<(), StepError>> {
        Box::pin(async move {
            let cause = Cause::Recalled { parent: context.saga().clone() };
            // If it was never begun, it is begun as one that is undone: no late start finds its id free.
            let undone = Some(cause.clone());
            let (child, live) =
                self.begin_child(&context, &definition, input, digest, undone).await?;
            loop {
                match self.turn_back(&child, cause.clone()).await {
                    Ok(()) | Err(SagaError::OutOfOrder { .. }) => break,
                    // Its runner sees in the journal that this one has turned back.
                    Err(SagaError::Held { .. }) => sleep(self.config.poll_interval).await,
                    Err(error) => return Err(step_error(error)),
                }
            }
            let live = live.filter(|live| !live.has_settled());
            match self.rest_of(&child, live.as_ref()).await.map_err(step_error)? {
                Some(SagaOutcome::RolledBack { .. }) => Ok(()),
                Some(outcome) => {
                    Err(StepError::rejected(format!("saga {child} is {}", outcome.status())))
                }
                None => Err(StepError::unavailable(format!("saga {child} is parked"))),
            }
        })
    }
}

impl Inner {
    async fn begin_child(
        self: &Arc<Self>,
        context: &StepContext,
        id: &DefinitionId,
        payload: Payload,
        digest: u128,
        recalled: Option<Cause>,
    ) -> Result<(SagaId, Option<Arc<Live>>), StepError> {
        let child = context.saga().child(context.step()).map_err(StepError::rejected)?;
        let definition = self.definition(id).ok_or_else(|| {
            StepError::rejected(format!("definition {id} is not registered here"))
        })?;
        let value = read(|| (definition.read_input)(&payload)).map_err(StepError::rejected)?;
        let start = NewStart {
            definition,
            saga: child.clone(),
            value,
            payload,
            digest,
            traceparent: context.traceparent().map(str::to_owned),
            parent: Some(context.saga().clone()),
            recalled,
        };
        let live = self.start(start).await.map_err(step_error)?;
        Ok((child, live))
    }
}

impl Inner {
    /// Sagas that run here as steps of others, which run elsewhere and have turned back, turn back as well.
    pub(super) async fn follow_parents(self: &Arc<Self>) {
        for live in self.running_all() {
            let Some(parent) = live.parent().filter(|parent| self.running(parent).is_none()) else {
                continue;
            };
            // If that fails, it is seen the next time.
            let Ok((header, _)) = self.load(parent).await else { continue };
            if matches!(header.status, SagaStatus::Unwinding | SagaStatus::RolledBack) {
                let cause = Cause::Recalled { parent: parent.clone() };
                let (reply, _) = oneshot::channel();
                live.tell(Command::Cancel { cause, reply });
            }
        }
    }
}

fn step_error(error: SagaError) -> StepError {
    match error {
        SagaError::Journal { .. } | SagaError::List { .. } => StepError::unknown(error),
        error if error.is_retryable() => StepError::unavailable(error),
        error => StepError::rejected(error),
    }
}
