//! In whose trace something happens, and what of it is told to others.
//!
//! Spans are those of `tracing`, with or without the feature `otel`. With it, and a layer of
//! `tracing-opentelemetry`, contexts of other processes become their parents and links.

mod context;
mod link;

pub use context::TraceContext;
pub(crate) use context::is_traceparent;
#[cfg(feature = "http")]
pub(crate) use link::{adopt, hand_on, own};
pub(crate) use link::{begin_under, link, link_current};
