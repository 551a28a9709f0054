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
    /// That of these headers; `None`: this is no traceparent. A `tracestate` that is empty, longer than 512 characters
    /// or of more than 32 members, or not what W3C allows, is none.
    #[must_use]
    pub fn new(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let tracestate = tracestate.filter(|state| is_tracestate(state)).map(Arc::from);
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

/// The longest `tracestate` that is passed on, in characters: what W3C wants to be passed on at least.
const STATE_MAX: usize = 512;
/// The most members that W3C allows.
const MEMBERS_MAX: usize = 32;
/// The longest key, and the longest value.
const MEMBER_MAX: usize = 256;

/// Whether it is a `tracestate` with something in it: keys and values with commas between.
fn is_tracestate(text: &str) -> bool {
    let blanks = [' ', '\t'];
    let members = || text.split(',').map(|it| it.trim_matches(blanks)).filter(|it| !it.is_empty());
    text.len() <= STATE_MAX
        && (1..=MEMBERS_MAX).contains(&members().count())
        && members().all(is_member)
}

fn is_member(text: &str) -> bool {
    let Some((key, value)) = text.split_once('=') else { return false };
    let is_first = |it: &u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    let is_of_key = |it: u8| is_first(&it) || b"_-*/@".contains(&it);
    let is_of_value = |it: u8| matches!(it, b' '..=b'~') && it != b'=';
    key.as_bytes().first().is_some_and(is_first)
        && key.bytes().all(is_of_key)
        && value.bytes().all(is_of_value)
        && !value.is_empty()
        && key.len().max(value.len()) <= MEMBER_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn kept(state: &str) -> Option<String> {
        let context = TraceContext::new(PARENT, Some(state)).expect("the state changes nothing");
        let sent: Vec<_> = context.headers().map(|(_, value)| value.to_owned()).collect();
        assert_eq!(
            sent[1..],
            context.tracestate().map(str::to_owned).into_iter().collect::<Vec<_>>()
        );
        context.tracestate().map(str::to_owned)
    }

    #[test]
    fn a_tracestate_is_passed_on_as_it_is() {
        let many = (0..MEMBERS_MAX).map(|it| format!("v{it}=1")).collect::<Vec<_>>().join(",");
        let long = format!("a={},b={}", "x".repeat(256), "y".repeat(251));
        assert_eq!(long.len(), STATE_MAX);
        let good = ["a=1", "a=1, b=2\t,,c=3", "1a@b-c_d*e/f= !~", &many, &long];
        for state in good {
            assert_eq!(kept(state).as_deref(), Some(state));
        }
    }

    #[test]
    fn what_is_no_tracestate_goes_no_further() {
        let many = (0..=MEMBERS_MAX).map(|it| format!("v{it}=1")).collect::<Vec<_>>().join(",");
        let long = format!("a={},b={}", "x".repeat(256), "y".repeat(252));
        let wide = format!("a={}", "x".repeat(257));
        let bad = [
            "",
            " ",
            "\t",
            ",",
            "a",
            "=1",
            "a=",
            "A=1",
            "_a=1",
            "a b=1",
            "a=1=2",
            "é=1",
            "a=é",
            "a=1\r\nEvil: yes",
            "a=1\n",
            "a=\u{7f}",
            "a=x\ty",
            "a=1,b",
            &many,
            &long,
            &wide,
        ];
        for state in bad {
            assert_eq!(kept(state), None, "{state:?}");
        }
    }
}
