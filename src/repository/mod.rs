//! Repositories: the two a team has, and the one that takes them across.
//!
//! [`MigrationRepository`] wraps a legacy and a modern side and is itself a
//! [`Repository`]. A side is a [`StampedRepository`]: rows with a stamp, and
//! tombstones. Three ways lead there: a stamp column of the table's own,
//! [`SideStamped`] with a table beside it, [`Unstamped`] for trying out.
//!
//! ```
//! use strangler_fig::memory::{InMemoryRepository, in_memory_tables};
//! use strangler_fig::phase::{MigrationState, PhaseTracker};
//! use strangler_fig::repository::{MigrationRepository, Repository, SideStamped};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (rows, stamps) = in_memory_tables(|user: &(u32, String)| user.0);
//! rows.save((1, "Ada".to_owned())).await?; // long before the migration
//!
//! let legacy = SideStamped::new(rows, stamps);
//! let modern = InMemoryRepository::new(|user: &(u32, String)| user.0);
//! let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
//! let users = MigrationRepository::new(legacy, modern, tracker)?;
//! assert_eq!(users.find(&1).await?, Some((1, "Ada".to_owned())));
//! # Ok(())
//! # }
//! ```

mod answer;
mod as_repository;
mod config;
mod conflict;
mod contract;
mod core;
mod digest;
mod divergence;
mod error;
mod forward;
mod guarded;
mod join;
mod join_key;
mod key_locks;
mod lenient;
mod migration;
mod query;
mod read;
mod read_many;
mod remembered;
mod repair;
mod sampler;
mod shadow;
mod side_stamped;
mod sink;
mod stamp_store;
mod stamped;
mod timing;
mod unstamped;
mod watch;
mod write;

pub use answer::Answer;
pub use config::MigrationConfig;
pub use conflict::{ConflictPolicy, MergeRule, Merged};
pub use contract::{Access, Entity, ListRepository, Repository, TransactionalRepository};
pub use digest::{DigestRepository, DigestSalt, HashedRecord, KeyRange, RangeDigest, RecordHash};
pub use divergence::{Divergence, DivergenceReason};
pub use error::{BuildError, MigrationError};
pub use join::{Join, JoinRule, Joined};
pub use migration::MigrationRepository;
pub use side_stamped::SideStamped;
pub use sink::{DivergenceSink, SinkMark};
pub use stamp_store::StampStore;
pub use stamped::{Applied, Page, ScanRepository, StampedRepository};
pub use unstamped::Unstamped;
