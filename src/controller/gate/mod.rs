//! Conditions for moves: values that say what they saw.

mod contract;

pub use contract::{Gate, GateContext, GateReading};
