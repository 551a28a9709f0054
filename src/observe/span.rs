//! The names of spans.

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
