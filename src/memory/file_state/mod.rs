//! The state of migrations in files: one file a migration, in one directory.
//!
//! For one host: an application of several processes that share a directory on
//! a local file system, a tool beside it, a demonstration. A fleet on several
//! hosts needs a server; file locks over a network are not to be relied on.
//!
//! | file | what it is |
//! |---|---|
//! | `<name>.migration.json` | a line that says what it is, with a checksum; then the state, the leases and who was evicted |
//! | `<name>.migration.lock` | empty; locked while the other is replaced. Leave it where it is |
//! | `<name>.migration.tmp` | there only while the file is replaced; what a killed process left, the next write removes |
//!
//! A file is replaced as a whole: the new one is written beside it, synced, and
//! renamed over it; then the directory is synced. So a reader needs no lock, a
//! process may be killed at any moment, and what was answered is there after
//! the power has failed. A file that is not what it should be is never touched.

mod codec;
mod config;
mod document;
mod error;
mod file;
mod service;

pub use config::FileStateConfig;
pub use error::FileStateError;
pub use service::FileStateService;
