use std::sync::Arc;

use super::{SagaEntry, SagaHeader, SagaState};
use crate::observe::TraceContext;

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
/// use strangler_fig::observe::TraceContext;
/// use strangler_fig::saga::StartOptions;
///
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let caller = TraceContext::new(header, None).expect("it is one");
/// let traced = StartOptions::default().with_trace_context(caller);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartOptions {
    pub(super) traceparent: Option<Arc<str>>,
}

impl StartOptions {
    /// In whose trace it is started, instead of the current one: the saga's first run is in that trace, and every step
    /// is told of its `traceparent`. A `tracestate` is not kept.
    #[must_use]
    pub fn with_trace_context(mut self, context: TraceContext) -> Self {
        self.traceparent = Some(context.into_traceparent());
        self
    }
}
