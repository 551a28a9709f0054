use std::sync::Arc;

use futures::future::BoxFuture;

use super::any_step::Nest;
use super::live::Live;
use super::shared::Inner;
use super::start::NewStart;
use super::{Cause, DefinitionId, Payload, SagaError, SagaId, SagaOutcome, StepContext, StepError};

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
            self.end_of(&child, live).await.map_err(step_error)
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
            match self.turn_back(&child, cause).await {
                Ok(()) | Err(SagaError::OutOfOrder { .. }) => {}
                Err(error) => return Err(step_error(error)),
            }
            match self.end_of(&child, live.filter(|live| !live.has_settled())).await {
                Ok(SagaOutcome::RolledBack { .. }) => Ok(()),
                Ok(outcome) => {
                    Err(StepError::rejected(format!("saga {child} is {}", outcome.status())))
                }
                Err(error) => Err(step_error(error)),
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
        let value = (definition.read_input)(&payload).map_err(StepError::rejected)?;
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

fn step_error(error: SagaError) -> StepError {
    match error {
        SagaError::Journal { .. } | SagaError::List { .. } => StepError::unknown(error),
        error if error.is_retryable() => StepError::unavailable(error),
        error => StepError::rejected(error),
    }
}
