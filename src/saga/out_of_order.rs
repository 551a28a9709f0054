use super::{SagaEntry, StepName};

/// An entry that cannot follow those before it: the journal was written by something else.
///
/// ```
/// use strangler_fig::saga::{SagaBuilder, SagaEntry, SagaState, step_fn};
///
/// let nothing = || step_fn(|_: (), _| async { Ok(()) });
/// let mut saga = SagaBuilder::<()>::new("checkout", 1);
/// let reserved = saga.step("reserve", nothing(), ());
/// let mut state = SagaState::new(saga.build(reserved)?.plan().clone());
/// let entry = SagaEntry::Started { step: "reserve".parse()? };
/// let error = state.apply(&entry, tokio::time::Instant::now()).unwrap_err();
/// assert_eq!(error.to_string(), "entry 0, started of step reserve, cannot follow: the saga has not begun");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {position}, {entry}{}, cannot follow: {because}", of_step(step.as_ref()))]
#[non_exhaustive]
pub struct OutOfOrder {
    /// Which entry, counted from 0.
    pub position: u64,
    /// Of which kind.
    pub entry: &'static str,
    /// Of which step.
    pub step: Option<StepName>,
    /// Why it cannot.
    pub because: String,
}

fn of_step(step: Option<&StepName>) -> String {
    step.map(|step| format!(" of step {step}")).unwrap_or_default()
}

impl OutOfOrder {
    pub(super) fn new(position: u64, entry: &SagaEntry, because: String) -> Self {
        Self { position, entry: kind(entry), step: entry.step().cloned(), because }
    }
}

const fn kind(entry: &SagaEntry) -> &'static str {
    match entry {
        SagaEntry::Begun { .. } => "begun",
        SagaEntry::Resumed { .. } => "resumed",
        SagaEntry::Started { .. } => "started",
        SagaEntry::Succeeded { .. } => "succeeded",
        SagaEntry::Failed { .. } => "failed",
        SagaEntry::Cancelled { .. } => "cancelled",
        SagaEntry::CompensationStarted { .. } => "compensation_started",
        SagaEntry::Compensated { .. } => "compensated",
        SagaEntry::CompensationFailed { .. } => "compensation_failed",
        SagaEntry::Repaired { .. } => "repaired",
        SagaEntry::Ended { .. } => "ended",
    }
}
