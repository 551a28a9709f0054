//! What the file-backed references share: blocking calls, locks, names that last, lines that are sealed, and what is
//! known of all files.

mod blocking;
mod catalog;
mod directory;
mod known;
mod lock;
mod quiet;
mod rounds;
mod sealed;
mod sealed_file;
mod unix_millis;

pub(super) use blocking::blocking;
pub(super) use catalog::{Catalog, Summary, Which};
pub(super) use directory::sync_directory;
#[cfg(feature = "http")]
pub(super) use known::Known;
pub(super) use lock::{LockError, Turns};
pub(super) use sealed::{Decoded, Format, SealFault, decode, encode};
pub(super) use sealed_file::{FileFault, SealedFile};
pub(super) use unix_millis::UnixMillis;
