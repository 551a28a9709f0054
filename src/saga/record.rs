use std::sync::Arc;

use super::{SagaEntry, SagaHeader, SagaState};
use crate::observe::is_traceparent;

/// Everything that is known of a saga.
///
/// ```
/// use strangler_fig::saga::SagaRecord;
///
/// fn lines(record: &SagaRecord) -> Vec<String> {
///     let steps = record.state.iter().flat_map(|state| state.steps());
///     steps.map(|(name, step)| format!("{name}: {}", step.status().name())).collect()
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SagaRecord {
    /// What outlives its entries.
    pub header: SagaHeader,
    /// What was written down; nothing, once it is purged.
    pub entries: Vec<SagaEntry>,
    /// What that adds up to, if its definition is registered here.
    pub state: Option<SagaState>,
}

/// What a saga may be started with besides its input.
///
/// ```
/// use strangler_fig::saga::StartOptions;
///
/// let traced = StartOptions::default()
///     .with_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartOptions {
    pub(super) traceparent: Option<Arc<str>>,
}

impl StartOptions {
    /// The W3C `traceparent` of whoever starts it, instead of the current one: the saga's first run is in that trace,
    /// and every step is told of it. A text that is none is passed over.
    #[must_use]
    pub fn with_traceparent(mut self, traceparent: impl Into<Arc<str>>) -> Self {
        self.traceparent = Some(traceparent.into()).filter(|text| is_traceparent(text));
        self
    }
}
