use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use super::any_step::{self, AnyStep, Call, Product, Report, Shared, resolved};
use super::definition::Definition;
use super::judge::End;
use super::start::digested;
use super::{Payload, PayloadError, SagaDefinition, SagaOutcome, StepOutput, StepPolicy, Wire};

/// A step that is a saga of its own.
pub(super) struct SubSaga<J, O, W> {
    definition: SagaDefinition<J, O>,
    wire: W,
    policy: StepPolicy,
}

impl<J, O, W> SubSaga<J, O, W> {
    pub(super) fn new(definition: SagaDefinition<J, O>, wire: W) -> Self {
        Self { definition, wire, policy: StepPolicy::default() }
    }
}

impl<J, O, W> fmt::Debug for SubSaga<J, O, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.definition.fmt(f)
    }
}

impl<J, O, W> AnyStep for SubSaga<J, O, W>
where
    J: StepOutput,
    O: StepOutput,
    W: Wire<Target = J>,
{
    fn policy(&self) -> &StepPolicy {
        &self.policy
    }

    fn nested(&self) -> Option<&Arc<Definition>> {
        Some(&self.definition.inner)
    }

    /// However often it is asked for, one saga runs.
    fn execute(self: Arc<Self>, call: Call<'_>) -> BoxFuture<'static, Report> {
        let input = match resolved(&self.wire, call.slots) {
            Ok(input) => input,
            Err(report) => return ready(report).boxed(),
        };
        let (payload, digest) = match digested(&input) {
            Ok(written) => written,
            Err(error) => return ready(refused(error)).boxed(),
        };
        let running =
            (call.nest)().run(call.context, self.definition.id().clone(), payload, digest);
        Box::pin(async move {
            match running.await {
                Ok(SagaOutcome::Committed { output }) => {
                    match any_step::read(|| read::<O>(&output)) {
                        Ok(value) => Report::Done(Product { payload: output, value }),
                        Err(error) => Report::Failed { end: End::Unknown, error, hint: None },
                    }
                }
                Ok(SagaOutcome::RolledBack { cause }) => {
                    Report::Failed { end: End::RolledBack, error: cause.to_string(), hint: None }
                }
                Ok(SagaOutcome::GivenUp { actor, reason }) => Report::Failed {
                    end: End::Unknown,
                    error: format!("given up by {actor}: {reason}"),
                    hint: None,
                },
                Err(error) => Report::of(&error),
            }
        })
    }

    /// To run it finds it.
    fn probe(self: Arc<Self>, call: Call<'_>) -> BoxFuture<'static, Report> {
        self.execute(call)
    }

    fn compensate(
        self: Arc<Self>,
        call: Call<'_>,
        _output: Option<&Shared>,
    ) -> BoxFuture<'static, Report> {
        let input = match resolved(&self.wire, call.slots) {
            Ok(input) => input,
            Err(report) => return ready(report).boxed(),
        };
        let (payload, digest) = match digested(&input) {
            Ok(written) => written,
            Err(error) => return ready(refused(error)).boxed(),
        };
        let recalled =
            (call.nest)().recall(call.context, self.definition.id().clone(), payload, digest);
        Box::pin(async move {
            match recalled.await {
                Ok(()) => Report::Undone,
                Err(error) => Report::of(&error),
            }
        })
    }

    fn read(&self, payload: &Payload) -> Result<Shared, PayloadError> {
        read::<O>(payload)
    }
}

fn read<O: StepOutput>(payload: &Payload) -> Result<Shared, PayloadError> {
    Ok(Arc::new(payload.read::<O>()?))
}

fn refused(error: String) -> Report {
    Report::Failed { end: End::Refused, error, hint: None }
}
