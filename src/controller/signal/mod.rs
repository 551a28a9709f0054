//! Live signals: what the traffic says about a migration.

mod contract;
mod counts;
mod histogram;
mod live;
mod ring;
mod window;

pub use contract::{SignalSource, Signals};
pub use live::LiveSignals;
pub use window::WindowError;
