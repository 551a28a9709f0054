//! The trace that a request belongs to, in its headers.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;

use crate::observe::{TraceContext, adopt, hand_on, link, own};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// What the headers say; `None`: nothing, or nothing that can be believed.
fn told(headers: &HeaderMap) -> Option<TraceContext> {
    let mut parents = headers.get_all(TRACEPARENT).iter();
    let (parent, None) = (parents.next()?.to_str().ok()?, parents.next()) else { return None };
    let states = headers.get_all(TRACESTATE).iter().map(HeaderValue::to_str);
    // A list may come in several headers, and is one.
    let states = states.collect::<Result<Vec<_>, _>>().unwrap_or_default();
    let states: Vec<_> = states.into_iter().filter(|state| !state.trim().is_empty()).collect();
    TraceContext::new(parent, Some(&states.join(",")))
}

/// Writes a context into headers, or removes what is there.
fn write(headers: &mut HeaderMap, context: Option<&TraceContext>) {
    headers.remove(TRACEPARENT);
    headers.remove(TRACESTATE);
    for (name, value) in context.iter().flat_map(|context| context.headers()) {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

/// Makes the span of a request the child of what its caller has said of itself, and lets
/// upstreams know the span. A header that is empty, or no context, goes no further.
pub(super) fn enter(span: &Span, headers: &mut HeaderMap) {
    if !cfg!(feature = "otel") {
        return;
    }
    let caller = told(headers);
    if let Some(caller) = &caller {
        adopt(span, caller);
    }
    let own = hand_on(span);
    write(headers, own.as_ref().or(caller.as_ref()));
}

/// Links the span of work that goes on beside a request to the request's, which its headers name, and lets upstreams
/// know the one instead of the other. Where no trace keeps the span they are told none: what they do is no part of the
/// request's time.
pub(super) fn step_aside(span: &Span, headers: &mut HeaderMap) {
    if !cfg!(feature = "otel") {
        return;
    }
    if let Some(cause) = told(headers) {
        link(span, cause.traceparent());
    }
    write(headers, own(span).as_ref());
}
