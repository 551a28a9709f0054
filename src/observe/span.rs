//! The names of spans.
//!
//! ```
//! use strangler_fig::observe::span;
//!
//! // A filter for `tracing_subscriber`: `warn`, but `info` within the workers'
//! // spans and `debug` within those of the traffic.
//! let workers = [span::SWEEP, span::CHECK, span::REPAIR, span::BACKFILL, span::POLL];
//! let workers = workers.map(|name| format!("strangler_fig[{name}]=info"));
//! let traffic = [span::WRITE, span::SHADOW, span::ASIDE];
//! let traffic = traffic.map(|name| format!("strangler_fig[{name}]=debug"));
//! let filter = format!("warn,{},{}", workers.join(","), traffic.join(","));
//! assert!(filter.starts_with("warn,strangler_fig[strangler.sweep]=info,"));
//! ```

/// One write through a migration repository.
pub const WRITE: &str = "strangler.write";
/// One comparison of the two sides, beside the caller.
pub const SHADOW: &str = "strangler.shadow";
/// One write of the lenient side, finishing after its caller was answered.
pub const ASIDE: &str = "strangler.aside";
/// One sweep of all keys.
pub const SWEEP: &str = "strangler.sweep";
/// The repair of one key.
pub const REPAIR: &str = "strangler.repair";
/// One check of the two stores.
pub const CHECK: &str = "strangler.check";
/// One round of a phase tracker.
pub const POLL: &str = "strangler.poll";
/// One request through a gateway.
pub const REQUEST: &str = "strangler.request";
/// One mirrored request and its comparison, beside the caller.
pub const MIRROR: &str = "strangler.mirror";
/// One dual-written request that is sent again.
pub const REPLAY: &str = "strangler.replay";
/// One run of a backfill.
pub const BACKFILL: &str = "strangler.backfill";
/// One batch of messages on its way from an outbox to the bus.
pub const RELAY: &str = "strangler.relay";
/// One run of a saga in one process: from its beginning, or from where it was taken over.
pub const SAGA: &str = "strangler.saga";
/// One call of a saga's step.
pub const STEP: &str = "strangler.step";
/// One event that is handled.
pub const HANDLE: &str = "strangler.handle";
/// One run of a replicator.
pub const REPLICATE: &str = "strangler.replicate";
