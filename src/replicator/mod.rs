//! What carries over to modern what writers outside the crate have changed in legacy.
//!
//! A [`Backfiller`](crate::backfill::Backfiller) copies what is there, [`MigrationRepository`] writes what its callers
//! write. What the monolith's other code changes behind their backs comes from a [`ChangeFeed`], and a [`Replicator`]
//! follows it.
//!
//! An old change is never stamped afresh. A hint has the row read again and joined, as a repair does: what counts is
//! what legacy shows now. A record comes with the stamp that the store gave it in the transaction of the change. So a
//! change that comes late, or twice, or after a newer write, does nothing.
//!
//! ```
//! use std::sync::Arc;
//! use strangler_fig::memory::{InMemoryChangeFeed, InMemoryRepairQueue, InMemoryRepository};
//! use strangler_fig::phase::{MigrationState, PhaseTracker};
//! use strangler_fig::replicator::Replicator;
//! use strangler_fig::repository::MigrationRepository;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
//! # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
//! let users = MigrationRepository::new(legacy, modern, tracker)?;
//! let feed = Arc::new(InMemoryChangeFeed::default());
//! let replicator = Replicator::new(&users, feed.clone(), Arc::new(InMemoryRepairQueue::default()));
//!
//! users.legacy().plant((1, "Ada")); // by code that knows nothing of all this
//! feed.hint(1); // as a trigger does
//! let report = replicator.catch_up(std::future::pending()).await?;
//! assert_eq!((report.copied, users.modern().records().len()), (1, 1));
//!
//! users.legacy().uproot(&1);
//! feed.hint(1);
//! replicator.catch_up(std::future::pending()).await?;
//! assert!(users.modern().records()[0].1.is_tombstone());
//! # Ok(())
//! # }
//! ```
//!
//! [`ChangeFeed`]: crate::event::ChangeFeed
//! [`MigrationRepository`]: crate::repository::MigrationRepository

mod carry;
mod config;
mod error;
mod judge;
#[expect(clippy::module_inception, reason = "a file is named for its main type")]
mod replicator;
mod report;
mod run;
mod status;

pub use config::ReplicatorConfig;
pub use error::ReplicatorError;
pub use replicator::Replicator;
pub use report::ReplicatorReport;
pub use status::ReplicatorStatus;
