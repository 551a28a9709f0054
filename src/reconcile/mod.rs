//! Making the two stores one again: a key, or all of them.
//!
//! A [`Sweep`] joins every key in both directions. One that began after the
//! fleet had settled in `Cutover`, left nothing behind, and was interrupted by no
//! move shows that both stores are complete: [`Sweep::establish`] runs it and
//! says so in the state, which opens the crossing.

mod config;
mod error;
mod merge;
mod report;
mod sweep;
mod tally;

pub use config::SweepConfig;
pub use error::SweepError;
pub use report::{FailedKey, SweepReport};
pub use sweep::Sweep;
