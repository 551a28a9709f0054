//! Repositories: the two a team has, and the one that takes them across.
//!
//! [`MigrationRepository`] wraps a legacy and a modern side and is itself a
//! [`Repository`]. A side is a [`StampedRepository`]: rows with a stamp, and
//! tombstones. Three ways lead there: a stamp column of the table's own,
//! [`SideStamped`] with a table beside it, [`Unstamped`] for trying out.

mod answer;
mod aside;
mod config;
mod contract;
mod core;
mod divergence;
mod error;
mod forward;
mod join;
mod join_key;
mod key_locks;
mod lenient;
mod migration;
mod query;
mod read;
mod remembered;
mod shadow;
mod side_stamped;
mod stamp_store;
mod stamped;
mod unstamped;
mod watch;
mod write;

pub use answer::Answer;
pub use config::MigrationConfig;
pub use contract::{Access, Entity, ListRepository, Repository, TransactionalRepository};
pub use divergence::{Divergence, DivergenceReason, DivergenceSink, SinkMark};
pub use error::{BuildError, MigrationError};
pub use join::{Join, JoinRule, Joined};
pub use migration::MigrationRepository;
pub use side_stamped::SideStamped;
pub use stamp_store::StampStore;
pub use stamped::{Applied, Page, ScanRepository, StampedRepository};
pub use unstamped::Unstamped;
