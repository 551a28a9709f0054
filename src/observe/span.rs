//! The names of spans.
//!
//! ```
//! use strangler_fig::observe::span;
//!
//! // A filter for `tracing_subscriber`: sweeps at `debug`, the rest at `warn`.
//! let filter = format!("warn,strangler_fig[{}]=debug", span::SWEEP);
//! assert_eq!(filter, "warn,strangler_fig[strangler.sweep]=debug");
//! ```

/// One write through a migration repository.
pub const WRITE: &str = "strangler.write";
/// One comparison of the two sides, beside the caller.
pub const SHADOW: &str = "strangler.shadow";
/// One write of the lenient side, finishing after its caller was answered.
pub const ASIDE: &str = "strangler.aside";
/// One sweep of all keys.
pub const SWEEP: &str = "strangler.sweep";
/// One round of a phase tracker.
pub const POLL: &str = "strangler.poll";
