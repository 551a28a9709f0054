//! Moving a fleet through its phases, behind gates.

mod gate;
mod signal;

pub use gate::{Gate, GateContext, GateReading};
pub use signal::{SignalSource, Signals};
