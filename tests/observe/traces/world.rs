//! A process that keeps its traces.

use opentelemetry::trace::{SpanId, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::Metadata;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Identity, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

/// Whatever this thread does is traced while it lives.
pub(crate) struct World {
    exporter: InMemorySpanExporter,
    _provider: SdkTracerProvider,
    _guard: DefaultGuard,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::keeping(|_| true)
    }

    /// One whose traces have only such spans; others are there all the same, in its log say.
    pub(crate) fn keeping(is_kept: impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static) -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber =
            Registry::default().with(layer.with_filter(filter_fn(is_kept))).with(Identity::new());
        let guard = tracing::subscriber::set_default(subscriber);
        Self { exporter, _provider: provider, _guard: guard }
    }

    pub(crate) fn spans(&self, name: &str) -> Vec<SpanData> {
        let spans = self.exporter.get_finished_spans().unwrap();
        spans.into_iter().filter(|span| span.name == name).collect()
    }

    /// The only one of this name.
    pub(crate) fn span(&self, name: &str) -> SpanData {
        let mut spans = self.spans(name);
        assert_eq!(spans.len(), 1, "{name}");
        spans.remove(0)
    }
}

/// The headers that name a span.
pub(crate) fn traceparent(span: &SpanData) -> String {
    let (trace, id) = (span.span_context.trace_id(), span.span_context.span_id());
    format!("00-{trace:032x}-{id:016x}-01")
}

pub(crate) fn is_child(child: &SpanData, parent: &SpanData) -> bool {
    child.parent_span_id == parent.span_context.span_id()
        && child.span_context.trace_id() == parent.span_context.trace_id()
}

/// Whether a span begins a trace of its own, and is linked to the other.
pub(crate) fn is_linked_root(span: &SpanData, cause: &SpanData) -> bool {
    let mut linked = span.links.iter().map(|link| link.span_context.span_id());
    let cause_id = cause.span_context.span_id();
    span.parent_span_id == SpanId::INVALID
        && span.span_context.trace_id() != cause.span_context.trace_id()
        && linked.len() == 1
        && linked.all(|id| id == cause_id)
}
