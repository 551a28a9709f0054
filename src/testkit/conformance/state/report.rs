use std::fmt;

use super::{StateFixture, durable_facts, facts};
use crate::testkit::conformance::Fact;

/// What became of a fact.
///
/// ```
/// use strangler_fig::testkit::conformance::state::Outcome;
///
/// assert_ne!(Outcome::NotApplicable, Outcome::Failed("it was forgotten".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It held.
    Held,
    /// It did not, and why.
    Failed(String),
    /// The store ends with its handle, so nothing can outlive it.
    NotApplicable,
}

/// A fact, and what became of it.
///
/// ```
/// use strangler_fig::testkit::conformance::state::{Outcome, StateReport};
///
/// /// The lines of those that failed: `a_state_is_current: failed: it is an old one`.
/// fn failed(reports: &[StateReport]) -> Vec<String> {
///     let failed = reports.iter().filter(|it| matches!(it.outcome, Outcome::Failed(_)));
///     failed.map(StateReport::to_string).collect()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateReport {
    /// The name of its function.
    pub fact: &'static str,
    /// What became of it.
    pub outcome: Outcome,
}

impl fmt::Display for StateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Held => write!(f, "{}: held", self.fact),
            Outcome::Failed(why) => write!(f, "{}: failed: {why}", self.fact),
            Outcome::NotApplicable => write!(f, "{}: not applicable", self.fact),
        }
    }
}

/// Tries every fact, the durable ones too, each on a fixture that `open` makes
/// for it.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::InMemoryStateService;
/// # use strangler_fig::phase::MigrationStateService;
/// # use strangler_fig::testkit::conformance::StateFixture;
/// use strangler_fig::testkit::conformance::state::{self, Outcome};
/// # struct InMemory(Arc<InMemoryStateService>);
/// # impl StateFixture for InMemory {
/// #     fn service(&self) -> Arc<dyn MigrationStateService> { Arc::clone(&self.0) as _ }
/// #     fn lease_wait(&self) -> std::time::Duration { std::time::Duration::from_millis(10) }
/// # }
///
/// # #[tokio::main]
/// # async fn main() {
/// let reports = state::run_all(async || InMemory(Arc::default())).await;
/// let count = |outcome| reports.iter().filter(|report| report.outcome == outcome).count();
/// assert_eq!(count(Outcome::NotApplicable), state::durable_facts::<InMemory>().len());
/// assert_eq!(count(Outcome::Held), state::facts::<InMemory>().len());
/// # }
/// ```
///
/// # Cancel safety
///
/// A dropped run reports nothing, and leaves on the last fixture what it did there.
pub async fn run_all<F: StateFixture>(open: impl AsyncFn() -> F) -> Vec<StateReport> {
    let mut reports = Vec::new();
    for fact in facts::<F>() {
        reports.push(report(&fact, &open().await).await);
    }
    for fact in durable_facts::<F>() {
        let fixture = open().await;
        reports.push(match fixture.reopened().await {
            Some(_) => report(&fact, &fixture).await,
            None => StateReport { fact: fact.name(), outcome: Outcome::NotApplicable },
        });
    }
    reports
}

async fn report<F: StateFixture>(fact: &Fact<F>, fixture: &F) -> StateReport {
    let outcome = match fact.check(fixture).await {
        Ok(()) => Outcome::Held,
        Err(why) => Outcome::Failed(why),
    };
    StateReport { fact: fact.name(), outcome }
}
