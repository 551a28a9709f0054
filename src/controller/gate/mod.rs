//! Conditions for moves: values that say what they saw.

mod contract;

pub use contract::{Gate, GateContext, GateReading};

use std::time::Duration;

pub(super) async fn read_within(
    gate: &dyn Gate,
    context: &GateContext<'_>,
    deadline: Duration,
) -> GateReading {
    let read = tokio::time::timeout(deadline, gate.read(context)).await;
    read.unwrap_or_else(|_| GateReading::closed(format!("no answer within {deadline:?}")))
}
