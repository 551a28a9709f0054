//! The names of fields of spans and events.
//!
//! ```
//! use strangler_fig::observe::field;
//!
//! // The columns of a table of events.
//! let place = [field::MIGRATION, field::NODE, field::PHASE, field::EPOCH, field::SIDE];
//! let cause = [field::REASON, field::ATTEMPTS, field::ERROR];
//! assert_eq!(place.join(" "), "migration node phase epoch side");
//! assert_eq!(cause.join(" "), "reason attempts error");
//! ```

/// Which migration.
pub const MIGRATION: &str = "migration";
/// Which node of the fleet.
pub const NODE: &str = "node";
/// The phase in force.
pub const PHASE: &str = "phase";
/// The epoch of the state.
pub const EPOCH: &str = "epoch";
/// `legacy` or `modern`.
pub const SIDE: &str = "side";
/// Why the two sides may differ.
pub const REASON: &str = "reason";
/// How often it was tried before.
pub const ATTEMPTS: &str = "attempts";
/// What went wrong.
pub const ERROR: &str = "error";
/// Which policy.
pub const POLICY: &str = "policy";
/// Which circuit breaker.
pub const BREAKER: &str = "breaker";
/// Which rule of a route table.
pub const RULE: &str = "rule";
/// Which backfill.
pub const JOB: &str = "job";
/// Which topic.
pub const TOPIC: &str = "topic";
/// Which consumer: the name of its subscription.
pub const CONSUMER: &str = "consumer";
/// The W3C `traceparent` of an event.
pub const TRACEPARENT: &str = "traceparent";
