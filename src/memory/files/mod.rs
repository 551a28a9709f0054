//! What the file-backed references share: blocking calls, locks, and names that last.

mod blocking;
mod directory;
mod lock;

pub(super) use blocking::blocking;
pub(super) use directory::sync_directory;
pub(super) use lock::{LockError, Turns};
