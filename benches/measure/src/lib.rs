//! What the benches measure with: CPU time and allocations of one thread,
//! adapters that do nothing, a migration in any phase.

mod allocations;
mod cpu;
mod entity;
mod figure;
mod no_op;
mod phase;
mod reading;
mod samples;

pub use allocations::{CountingAllocator, allocations, held};
pub use cpu::thread_cpu;
pub use entity::{Larger, Row, Small};
pub use figure::{figure, median, phase_name};
pub use no_op::NoOp;
pub use phase::state_in;
pub use reading::{Reading, Spent};
pub use samples::Samples;
