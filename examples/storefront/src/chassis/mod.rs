//! What every service needs and none is about: its settings, its health, its telemetry, its end.

mod environment;
mod server;
mod telemetry;
mod trace;

pub use environment::{required, setting};
pub use server::{Readiness, serve};
pub use telemetry::Telemetry;
pub use trace::outgoing;
