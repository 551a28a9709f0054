//! A guard that goes back by itself when the traffic says so.

mod config;
mod decide;
#[allow(clippy::module_inception, reason = "a file is named for its type")]
mod guard;

pub use config::GuardConfig;
pub use decide::Alarm;
pub use guard::{GuardOutcome, RollbackGuard};
