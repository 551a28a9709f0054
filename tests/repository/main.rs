//! The migration repository, through its public face.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aside;
mod batches;
mod chaos;
mod closed;
mod end_check;
mod fleet;
mod moved_under;
mod policies;
mod policies_regressions;
mod policies_under_load;
mod policies_unstamped;
mod process_scope;
mod races;
mod reads;
mod regressions;
mod support;
mod sweeps;
mod told;
mod unstamped;
mod wrappers;
mod writes;
