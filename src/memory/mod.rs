//! In-memory and file-backed references of the contracts, always compiled: for
//! tests, for trying out, and to copy from.
//!
//! ```
//! use strangler_fig::memory::{InMemoryRepository, in_memory_tables};
//! use strangler_fig::repository::{SideStamped, StampedRepository};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Legacy has its stamps in a table beside the rows, modern with the records.
//! let (rows, stamps) = in_memory_tables(|user: &(u32, String)| user.0);
//! let legacy = SideStamped::new(rows, stamps);
//! let modern = InMemoryRepository::new(|user: &(u32, String)| user.0);
//! assert_eq!(legacy.read(&1).await?, modern.read(&1).await?);
//! # Ok(())
//! # }
//! ```

mod bus;
mod bus_queue;
mod bus_subscription;
mod change_feed;
mod checkpoints;
mod digest;
mod file_journal;
#[cfg(feature = "http")]
mod file_requests;
mod file_state;
mod files;
mod inbox;
mod mail;
mod outbox;
mod outbox_lanes;
mod outbox_rows;
mod participant;
mod repair_queue;
mod replies;
mod repository;
#[cfg(feature = "http")]
mod request_journal;
#[cfg(feature = "http")]
mod request_record;
mod saga_barrier;
mod saga_journal;
mod saga_record;
mod state;
mod tables;

pub use bus::{InMemoryBus, InMemoryDeadLetter};
pub use change_feed::{InMemoryChangeFeed, InMemoryChanges};
pub use checkpoints::InMemoryCheckpointStore;
pub use file_journal::{FileJournalError, FileSagaJournal};
#[cfg(feature = "http")]
pub use file_requests::{FileRequestError, FileRequestJournal};
pub use file_state::{FileStateConfig, FileStateError, FileStateService};
pub use inbox::InMemoryInbox;
pub use mail::{InMemoryMailTransaction, in_memory_mail};
pub use outbox::InMemoryOutbox;
pub use participant::{InMemoryParticipant, InMemoryParticipantTransaction};
pub use repair_queue::InMemoryRepairQueue;
pub use replies::InMemoryReplyStore;
pub use repository::InMemoryRepository;
#[cfg(feature = "http")]
pub use request_journal::InMemoryRequestJournal;
pub use saga_barrier::{InMemoryBarrier, InMemoryBarrierTransaction};
pub use saga_journal::InMemorySagaJournal;
pub use state::InMemoryStateService;
pub use tables::{
    InMemoryPlainRepository, InMemoryStampStore, InMemoryTransaction, in_memory_tables,
};
