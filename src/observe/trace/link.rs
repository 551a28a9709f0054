//! Parents and links of spans. Without the feature `otel` only what `tracing` itself knows.

use tracing::Span;

use super::TraceContext;

/// Links a span that is the root of a trace of its own to what is current: work that goes on
/// beside its caller is no part of the caller's time.
pub(crate) fn link_current(span: &Span) {
    if span.is_disabled() {
        return;
    }
    let current = Span::current();
    span.follows_from(&current);
    #[cfg(feature = "otel")]
    otel::link_past(span, &current);
}

/// Makes a span that has not begun the child of one of another process or time, and links it to the current one, if
/// that is another. What is no traceparent is passed over.
pub(crate) fn begin_under(span: &Span, traceparent: &str) {
    let Some(parent) = TraceContext::new(traceparent, None) else { return };
    let is_other = |current: TraceContext| current.traceparent() != traceparent;
    if current().is_none_or(is_other) {
        link_current(span);
        adopt(span, &parent);
    }
}

#[cfg(not(feature = "otel"))]
pub(super) const fn current() -> Option<TraceContext> {
    None
}

#[cfg(not(feature = "otel"))]
pub(crate) const fn link(_: &Span, _: &str) {}

#[cfg(not(feature = "otel"))]
pub(crate) const fn adopt(_: &Span, _: &TraceContext) {}

#[cfg(all(feature = "http", not(feature = "otel")))]
pub(crate) const fn hand_on(_: &Span) -> Option<TraceContext> {
    None
}

#[cfg(all(feature = "http", not(feature = "otel")))]
pub(crate) const fn own(_: &Span) -> Option<TraceContext> {
    None
}

#[cfg(feature = "otel")]
pub(super) use otel::current;
#[cfg(feature = "otel")]
pub(crate) use otel::{adopt, link};
#[cfg(all(feature = "otel", feature = "http"))]
pub(crate) use otel::{hand_on, own};

#[cfg(feature = "otel")]
mod otel {
    use opentelemetry::Context;
    use opentelemetry::trace::{
        SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState,
    };
    use tracing::Span;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    use super::TraceContext;

    /// What the current span is known as; or, where spans are made without `tracing`, theirs.
    pub(in crate::observe::trace) fn current() -> Option<TraceContext> {
        of(&Span::current()).or_else(|| written(Context::current().span().span_context()))
    }

    /// What a span is known as; `None` where no trace keeps it.
    #[cfg(feature = "http")]
    pub(crate) fn own(span: &Span) -> Option<TraceContext> {
        of(span)
    }

    fn of(span: &Span) -> Option<TraceContext> {
        if span.is_disabled() {
            return None;
        }
        written(span.context().span().span_context())
    }

    /// What a span is known as, for whoever is called within it.
    #[cfg(feature = "http")]
    pub(crate) fn hand_on(span: &Span) -> Option<TraceContext> {
        of(span).or_else(current)
    }

    /// Makes what a caller has said of itself the parent of a span that has not begun. Where no
    /// layer keeps traces, nothing comes of it.
    pub(crate) fn adopt(span: &Span, parent: &TraceContext) {
        if let Some(parent) = read(parent).filter(|_| !span.is_disabled()) {
            let _ = span.set_parent(Context::new().with_remote_span_context(parent));
        }
    }

    /// Links a span to one of another process or time. What is no traceparent is passed over.
    pub(crate) fn link(span: &Span, traceparent: &str) {
        if span.is_disabled() {
            return;
        }
        if let Some(cause) = TraceContext::new(traceparent, None).as_ref().and_then(read) {
            span.add_link(cause);
        }
    }

    /// Links a span to what the current one is within, if no trace keeps that one.
    pub(super) fn link_past(span: &Span, current: &Span) {
        if of(current).is_none() {
            span.add_link(Context::current().span().span_context().clone());
        }
    }

    fn written(context: &SpanContext) -> Option<TraceContext> {
        let (trace, span) = (context.trace_id(), context.span_id());
        let flags = context.trace_flags() & TraceFlags::SAMPLED;
        let traceparent = format!("00-{trace:032x}-{span:016x}-{flags:02x}");
        let state = context.trace_state().header();
        TraceContext::new(&traceparent, Some(&state)).filter(|_| context.is_valid())
    }

    fn read(context: &TraceContext) -> Option<SpanContext> {
        let mut fields = context.traceparent().split('-').skip(1);
        let trace = TraceId::from_hex(fields.next()?).ok()?;
        let span = SpanId::from_hex(fields.next()?).ok()?;
        let flags = u8::from_str_radix(fields.next()?.get(..2)?, 16).ok()?;
        let state = context.tracestate().and_then(|state| state.parse::<TraceState>().ok());
        let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
        Some(SpanContext::new(trace, span, flags, true, state.unwrap_or_default()))
    }
}
