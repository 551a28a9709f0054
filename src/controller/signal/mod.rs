//! Live signals: what the traffic says about a migration.

mod contract;
mod counts;
mod histogram;
mod live;
mod ring;
mod window;

pub use contract::{SignalSource, Signals};
pub(crate) use histogram::{Durations, Histogram};
pub use live::LiveSignals;
pub(crate) use ring::{Cell, Ring};
pub use window::WindowError;
