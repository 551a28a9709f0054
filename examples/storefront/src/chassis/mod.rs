//! What every service needs and none is about: its settings, its health, its telemetry, its end.

mod environment;
mod schema;
mod server;
mod telemetry;
mod trace;
mod workers;

pub use environment::{required, setting};
pub use schema::made;
pub use server::{Readiness, serve};
pub use telemetry::Telemetry;
pub use trace::outgoing;
pub use workers::Workers;
