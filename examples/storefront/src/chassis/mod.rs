//! What every service needs and none is about: its settings, its health, its telemetry, its end.

mod environment;
mod fatal;
mod schema;
mod server;
mod telemetry;
mod trace;
mod workers;

pub use environment::{checked, required, setting};
pub use fatal::run;
pub(crate) use fatal::with_causes;
pub use schema::made;
pub(crate) use schema::refusal;
pub use server::{Readiness, interrupted, serve, serve_until};
pub use telemetry::Telemetry;
pub use trace::outgoing;
pub use workers::Workers;
pub(crate) use workers::until_failed;
