//! The migration repository, through its public face.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aside;
mod chaos;
mod closed;
mod end_check;
mod fleet;
mod guarded;
mod guarded_unstamped;
mod moved_under;
mod policies;
mod process_scope;
mod races;
mod reads;
mod regressions;
mod support;
mod sweeps;
mod under_load;
mod wrappers;
mod writes;
