use std::io;
use std::path::Path;

/// Makes the names in a directory durable.
#[cfg(unix)]
pub(in crate::memory) fn sync_directory(directory: &Path) -> io::Result<()> {
    std::fs::File::open(directory)?.sync_all()
}

/// Elsewhere a directory cannot be synced; a rename is as durable as the file
/// system makes it.
#[cfg(not(unix))]
pub(in crate::memory) fn sync_directory(directory: &Path) -> io::Result<()> {
    std::fs::read_dir(directory).map(drop)
}
