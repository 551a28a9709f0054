use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use super::definition::Definition;
use super::judge::End;
use super::soon;
use super::wire::Slots;
use super::{
    DefinitionId, Effect, Payload, PayloadError, Probe, SagaOutcome, SagaStep, StepContext,
    StepError, StepPolicy, Wire,
};
use crate::error::in_one_line;
use crate::resilience::CallError;

/// A value of a type that only its step knows.
pub(crate) type Shared = Arc<dyn Any + Send + Sync>;

/// What came of a call of a step.
#[derive(Debug)]
pub(crate) enum Report {
    /// It is done.
    Done(Product),
    /// It is undone.
    Undone,
    /// It is not, as far as is known.
    Failed { end: End, error: String, hint: Option<Duration> },
}

/// An output, as it is and as it is written.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) payload: Payload,
    pub(crate) value: Shared,
}

/// Whoever runs sagas that are steps of others.
pub(crate) trait Nest: Send + Sync {
    /// Runs the saga that `context` names, or finds it, and waits for its end.
    fn run(
        self: Arc<Self>,
        context: StepContext,
        definition: DefinitionId,
        input: Payload,
        digest: u128,
    ) -> BoxFuture<'static, Result<SagaOutcome, StepError>>;

    /// Undoes it, whether it is over, under way or was never begun, and waits for that.
    fn recall(
        self: Arc<Self>,
        context: StepContext,
        definition: DefinitionId,
        input: Payload,
        digest: u128,
    ) -> BoxFuture<'static, Result<(), StepError>>;
}

/// One call of a step.
pub(crate) struct Call<'a> {
    pub(crate) slots: &'a Slots,
    pub(crate) context: StepContext,
    pub(crate) nest: &'a dyn Fn() -> Arc<dyn Nest>,
}

/// A step whose types are forgotten.
pub(crate) trait AnyStep: fmt::Debug + Send + Sync {
    fn policy(&self) -> &StepPolicy;
    /// The saga it is, if it is one: an execution of it is dropped once the saga around it turns back.
    fn nested(&self) -> Option<&Arc<Definition>> {
        None
    }
    fn execute(self: Arc<Self>, call: Call<'_>) -> BoxFuture<'static, Report>;
    fn probe(self: Arc<Self>, call: Call<'_>) -> BoxFuture<'static, Report>;
    fn compensate(
        self: Arc<Self>,
        call: Call<'_>,
        output: Option<&Shared>,
    ) -> BoxFuture<'static, Report>;
    /// The output in a payload.
    fn read(&self, payload: &Payload) -> Result<Shared, PayloadError>;
}

/// A user's step, and where its input comes from.
pub(crate) struct Wired<S, W> {
    pub(crate) step: S,
    pub(crate) wire: W,
    pub(crate) policy: StepPolicy,
}

impl<S: SagaStep, W> fmt::Debug for Wired<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.step.fmt(f)
    }
}

/// What a wire brings; a panic in a closure of it is a mistake in the definition.
pub(crate) fn resolved<W: Wire>(wire: &W, slots: &Slots) -> Result<W::Target, Report> {
    let refused = |text: String| Report::Failed {
        end: End::Refused,
        error: format!("its input cannot be made: {text}"),
        hint: None,
    };
    caught(|| wire.resolve(slots)).map_err(refused)
}

/// What the user's code brings; what it says if it panics.
pub(crate) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| text_of(&*panic))
}

impl<S, W> AnyStep for Wired<S, W>
where
    S: SagaStep,
    W: Wire<Target = S::Input>,
{
    fn policy(&self) -> &StepPolicy {
        &self.policy
    }

    fn execute(self: Arc<Self>, call: Call<'_>) -> BoxFuture<'static, Report> {
        let input = match resolved(&self.wire, call.slots) {
            Ok(input) => input,
            Err(report) => return ready(report).boxed(),
        };
        let context = call.context;
        Box::pin(async move {
            let timeout = self.policy.timeout;
            let execute = || self.step.execute(&input, &context);
            let answered = match &self.policy.breaker {
                None => answer(timeout, execute()).await,
                // In a box of its own, so that a step without one has no room for it.
                Some(breaker) => {
                    let judged = breaker.call_judged(judged, || answer(timeout, execute()));
                    Box::pin(judged).await.map_err(failed)
                }
            };
            answered.map_or_else(|report| report, done)
        })
    }

    fn probe(self: Arc<Self>, call: Call<'_>) -> BoxFuture<'static, Report> {
        let input = match resolved(&self.wire, call.slots) {
            Ok(input) => input,
            Err(report) => return ready(report).boxed(),
        };
        let context = call.context;
        Box::pin(async move {
            match answer(self.policy.timeout, self.step.probe(&input, &context)).await {
                Ok(Probe::Done(output)) => done(output),
                Ok(Probe::Ongoing) => Report::probed(End::Ongoing, "it is being done"),
                Ok(Probe::Absent) => Report::probed(End::Unclear, "it was not done so far"),
                Ok(Probe::Unclear) => {
                    Report::probed(End::Unclear, "nobody knows whether it was done")
                }
                Ok(Probe::Never) => Report::probed(End::Never, "it was not done"),
                Err(Report::Failed { end: End::Refused, error, .. }) => {
                    Report::Failed { end: End::Unclear, error, hint: None }
                }
                Err(Report::Failed { error, hint, .. }) => {
                    Report::Failed { end: End::Unasked, error, hint }
                }
                Err(other) => other,
            }
        })
    }

    fn compensate(
        self: Arc<Self>,
        call: Call<'_>,
        output: Option<&Shared>,
    ) -> BoxFuture<'static, Report> {
        let input = match resolved(&self.wire, call.slots) {
            Ok(input) => input,
            Err(report) => return ready(report).boxed(),
        };
        let effect = match output.map(|output| caught(|| known::<S::Output>(output))) {
            Some(Ok(output)) => Effect::Applied(output),
            None => Effect::Maybe,
            Some(Err(error)) => {
                return ready(Report::Failed { end: End::Unknown, error, hint: None }).boxed();
            }
        };
        let context = call.context;
        Box::pin(async move {
            let undoing = self.step.compensate(&input, effect, &context);
            let undone = answer(self.policy.timeout, undoing).await;
            undone.map_or_else(|report| report, |()| Report::Undone)
        })
    }

    fn read(&self, payload: &Payload) -> Result<Shared, PayloadError> {
        Ok(Arc::new(payload.read::<S::Output>()?))
    }
}

impl Report {
    /// A stable name, fit for a label.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Done(_) | Self::Undone => "done",
            Self::Failed { end, .. } => end.name(),
        }
    }

    fn probed(end: End, text: &str) -> Self {
        Self::Failed { end, error: text.to_owned(), hint: None }
    }

    pub(crate) fn of(error: &StepError) -> Self {
        let end = match (error.is_in_doubt(), error.is_retryable()) {
            (true, _) => End::Unknown,
            (false, true) => End::NotDone,
            (false, false) => End::Refused,
        };
        Self::Failed { end, error: error.with_causes(), hint: error.retry_after() }
    }
}

fn known<T: Clone + 'static>(output: &Shared) -> T {
    output.downcast_ref::<T>().expect("a step's output is its own").clone()
}

fn done<T: super::StepOutput>(output: T) -> Report {
    match written(&output) {
        Ok(payload) => Report::Done(Product { payload, value: Arc::new(output) }),
        // It is done, and nobody can write down what it answered.
        Err(error) => Report::Failed {
            end: End::Unknown,
            error: format!("its output cannot be written: {error}"),
            hint: None,
        },
    }
}

/// A value of the user's as it is written down; why not goes into logs, and quotes nothing.
pub(crate) fn written<T: super::StepOutput>(value: &T) -> Result<Payload, String> {
    unquoted(|| Payload::of(value))
}

/// A value of the user's in what was written down; why not goes into logs, and quotes nothing.
pub(crate) fn read<T>(reading: impl FnOnce() -> Result<T, PayloadError>) -> Result<T, String> {
    unquoted(reading)
}

fn unquoted<T>(code: impl FnOnce() -> Result<T, PayloadError>) -> Result<T, String> {
    let done = catch_unwind(AssertUnwindSafe(code)).map_err(|_| "it panicked".to_owned())?;
    done.map_err(|error| crate::error::with_causes(&error))
}

/// The answer of a call that ends by its timeout, and whose panic is its own.
async fn answer<T>(
    timeout: Duration,
    call: impl Future<Output = Result<T, StepError>>,
) -> Result<T, Report> {
    let unknown = |error| Report::Failed { end: End::Unknown, error, hint: None };
    match soon::within(timeout, AssertUnwindSafe(call).catch_unwind()).await {
        Some(Ok(Ok(answer))) => Ok(answer),
        Some(Ok(Err(error))) => Err(Report::of(&error)),
        Some(Err(panic)) => Err(unknown(format!("it panicked: {}", text_of(&*panic)))),
        None => Err(unknown(format!("no answer within {timeout:?}"))),
    }
}

fn judged<T>(answered: &Result<T, Report>) -> crate::resilience::Judgement {
    use crate::resilience::Judgement;
    match answered {
        Ok(_) => Judgement::success(),
        Err(Report::Failed { end: End::Refused, .. }) => Judgement::refused(),
        Err(_) => Judgement::failed(),
    }
}

/// What came of a call through a breaker.
fn failed(error: CallError<Report>) -> Report {
    let error = match error {
        CallError::Failed(report) => return report,
        CallError::Refused(refused) => refused.to_string(),
        CallError::TimedOut(late) => late.to_string(),
    };
    Report::Failed { end: End::NotDone, error, hint: None }
}

/// What a panic says: it may quote what it panicked about.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    in_one_line(text.unwrap_or("no text"))
}
