//! What the processes of the storefront have in common. Each of them is a binary of its own; none reads another's tables.

pub mod chassis;
pub mod gateway;
pub mod orders;
#[expect(clippy::print_stdout, reason = "whoever stages a run tells it")]
pub mod stage;
pub mod users;

/// Why a process cannot go on.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;
