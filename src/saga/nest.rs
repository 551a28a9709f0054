use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{StreamExt, iter};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::any_step::{Nest, read};
use super::live::{Command, Live, Order};
use super::shared::Inner;
use super::soon::whatever_becomes_of_the_caller;
use super::start::NewStart;
use super::{
    Cause, DefinitionId, Payload, Repair, SagaEntry, SagaError, SagaId, SagaOutcome, SagaStatus,
    StepContext, StepError,
};
use crate::error::StoreErrorKind;

/// So many parents are looked at at once.
const AT_ONCE: usize = 16;

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
                // From here on it is there, whatever goes wrong.
                let rest = self.rest_of(&child, live.as_ref()).await;
                if let Some(outcome) = rest.map_err(StepError::unknown)? {
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
                let (inner, child, cause) = (Arc::clone(&self), child.clone(), cause.clone());
                let turned = async move { inner.order(&child, Order::Cancel(cause)).await };
                match whatever_becomes_of_the_caller(turned).await {
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
            traceparent: context.traceparent.clone(),
            is_told: false,
            parent: Some(context.saga().clone()),
            recalled,
        };
        let live = self.start(start).await.map_err(step_error)?;
        Ok((child, live))
    }
}

impl Inner {
    /// Sagas that run here as steps of others, which run elsewhere and have turned back, turn back as well.
    pub(super) async fn follow_parents(&self) {
        let mut children: HashMap<SagaId, Vec<Arc<Live>>> = HashMap::new();
        for live in self.running_all() {
            if let Some(parent) = live.parent().filter(|parent| self.running(parent).is_none()) {
                children.entry(parent.clone()).or_default().push(Arc::clone(&live));
            }
        }
        let following = children.into_iter().map(async |(parent, children)| {
            if !self.has_turned_back(&parent).await {
                return;
            }
            for child in children {
                let cause = Cause::Recalled { parent: parent.clone() };
                let (reply, _) = oneshot::channel();
                child.tell(Command::Order { order: Order::Cancel(cause), reply });
            }
        });
        iter(following).buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    /// Whether a saga undoes what it has done. If that cannot be learnt, it is the next time.
    async fn has_turned_back(&self, saga: &SagaId) -> bool {
        let Ok((header, entries)) = self.load(saga).await else { return false };
        let is_given_up = |entry: &SagaEntry| match entry {
            SagaEntry::Repaired { repair, .. } => **repair == Repair::GiveUp,
            _ => false,
        };
        matches!(header.status, SagaStatus::Unwinding | SagaStatus::RolledBack)
            && !entries.iter().any(is_given_up)
    }
}

fn step_error(error: SagaError) -> StepError {
    match error {
        SagaError::Journal { ref source, .. } if source.kind() == StoreErrorKind::Rejected => {
            StepError::rejected(error)
        }
        SagaError::Journal { .. } | SagaError::List { .. } => StepError::unknown(error),
        error if error.is_retryable() => StepError::unavailable(error),
        error => StepError::rejected(error),
    }
}
