//! The names of fields of spans and events.
//!
//! ```
//! use strangler_fig::observe::field;
//!
//! assert_eq!([field::PHASE, field::EPOCH, field::REASON], ["phase", "epoch", "reason"]);
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
/// What went wrong.
pub const ERROR: &str = "error";
