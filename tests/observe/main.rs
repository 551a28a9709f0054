//! What the crate tells of itself: names, metrics, spans and traces, each against the code.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod catalogue;
mod docs;
mod logs;
mod meter;
mod samples;
mod secrets;
mod source;
mod spans;
#[cfg(feature = "otel")]
mod traces;
