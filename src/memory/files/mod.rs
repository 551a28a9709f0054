//! What the file-backed references share: blocking calls, locks, names that last, and lines that are sealed.

mod blocking;
mod directory;
mod lock;
mod sealed;
mod sealed_file;
mod unix_millis;

pub(super) use blocking::blocking;
pub(super) use directory::sync_directory;
pub(super) use lock::{LockError, Turns};
pub(super) use sealed::{Decoded, Format, SealFault, decode, encode};
pub(super) use sealed_file::{FileFault, SealedFile};
pub(super) use unix_millis::UnixMillis;
