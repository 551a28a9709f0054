//! Live signals: what the traffic says about a migration.

mod contract;

pub use contract::{SignalSource, Signals};
