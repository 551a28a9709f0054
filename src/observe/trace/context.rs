use std::sync::Arc;

/// The place of a span in a trace, as W3C writes it in the headers `traceparent` and
/// `tracestate`.
///
/// An adapter that calls another service passes on the current one: every call of the crate is
/// made within a span of its caller's trace. It needs the feature `otel`, and a layer of
/// `tracing-opentelemetry`; without them there is no current one, and nothing to pass on.
///
/// ```
/// use strangler_fig::observe::TraceContext;
///
/// /// What an HTTP adapter adds to the headers of a request.
/// fn trace_headers() -> Vec<(&'static str, String)> {
///     let context = TraceContext::current();
///     let headers = context.iter().flat_map(TraceContext::headers);
///     headers.map(|(name, value)| (name, value.to_owned())).collect()
/// }
///
/// assert!(trace_headers().is_empty(), "there is no trace here");
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = TraceContext::new(text, Some("vendor=1")).expect("it is one");
/// assert_eq!((context.traceparent(), context.tracestate()), (text, Some("vendor=1")));
/// assert!(TraceContext::new("00-0-0-01", None).is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    traceparent: Arc<str>,
    tracestate: Option<Arc<str>>,
}

impl TraceContext {
    /// That of these headers; `None`: this is no traceparent. A `tracestate` that is empty, or
    /// blank, is none.
    #[must_use]
    pub fn new(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let tracestate = tracestate.filter(|state| !state.trim().is_empty()).map(Arc::from);
        is_traceparent(traceparent).then(|| Self { traceparent: traceparent.into(), tracestate })
    }

    /// That of the current span.
    #[must_use]
    pub fn current() -> Option<Self> {
        super::link::current()
    }

    /// The header `traceparent`.
    #[must_use]
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// The same, to be kept.
    pub(crate) fn into_traceparent(self) -> Arc<str> {
        self.traceparent
    }

    /// The header `tracestate`, if there is one; never an empty one.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        self.tracestate.as_deref()
    }

    /// The headers to send, by their names.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let state = self.tracestate().map(|state| ("tracestate", state));
        [("traceparent", self.traceparent())].into_iter().chain(state)
    }
}

/// The longest that is taken of a later version, in bytes.
const LENGTH_MAX: usize = 256;

/// Whether it is a `traceparent` of version 00, or of a later one, which begins alike.
pub(crate) fn is_traceparent(text: &str) -> bool {
    let fields: Vec<&str> = text.split('-').collect();
    let [version, trace, parent, flags, more @ ..] = &fields[..] else { return false };
    let digits = |field: &str, count: usize| {
        field.len() == count && field.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_set = |field: &str| field.bytes().any(|it| it != b'0');
    let has_its_fields = digits(version, 2)
        && digits(trace, 32)
        && digits(parent, 16)
        && digits(flags, 2)
        && is_set(trace)
        && is_set(parent);
    let is_rest_allowed = match *version {
        "00" => more.is_empty(),
        "ff" => false,
        _ => text.len() <= LENGTH_MAX && text.bytes().all(|it| it.is_ascii_graphic()),
    };
    has_its_fields && is_rest_allowed
}
