//! In-memory and file-backed references of the contracts, always compiled: for
//! tests, for trying out, and to copy from.

mod file_state;
mod repository;
mod state;
mod tables;

pub use file_state::{FileStateConfig, FileStateError, FileStateService};
pub use repository::InMemoryRepository;
pub use state::InMemoryStateService;
pub use tables::{
    InMemoryPlainRepository, InMemoryStampStore, InMemoryTransaction, in_memory_tables,
};
