//! Users, as monolith and user service answer them while they move: one entity, one set of routes over a
//! [`MigrationRepository`](strangler_fig::repository::MigrationRepository), and what makes a process a node of the migration.
//!
//! Whichever of the two a request reaches, it does what the phase asks: each has its own side beside it, and the other's over
//! HTTP.

mod answer;
mod grpc;
mod newsletter;
mod node;
mod repairs;
mod routes;
mod side;
mod user;
#[allow(missing_docs, missing_debug_implementations, unused_qualifications, clippy::all, clippy::pedantic, reason = "it is generated")]
#[rustfmt::skip]
pub mod v1;

pub use answer::Answer;
pub use grpc::queries;
pub use newsletter::{Subscription, newsletter};
pub use node::{Node, is_decommissioned};
pub use repairs::{HttpRepairQueue, repairs};
pub use routes::{internal, routes, service};
pub use side::{RemoteUsers, Side, remote};
pub use user::{Draft, User};

/// How many users are asked for at once, at most.
const IDS_MAX: usize = 200;
