use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use strangler_fig::observe::TraceContext;
use tracing::{Instrument, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Each request is a span in the trace of its caller, named for its route.
pub(super) async fn traced(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let span = info_span!("request", method = %request.method(), route);
    // Without a layer that keeps traces there is no parent to be set.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&Headers(request.headers())));
    next.run(request).instrument(span).await
}

/// The headers by which whoever is asked now finds the trace it is part of.
#[must_use]
pub fn outgoing() -> Vec<(&'static str, String)> {
    TraceContext::current().map_or_else(Vec::new, |context| {
        context.headers().map(|(name, value)| (name, value.to_owned())).collect()
    })
}
