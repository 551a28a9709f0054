use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// The coarsest clock of a file system that is in use counts two seconds.
const GRAIN: Duration = Duration::from_secs(2);
/// How long a directory's time is trusted.
const TRUST: Duration = Duration::from_secs(60);

/// A directory whose names were read when its last change was long over: whatever is made, renamed or removed in it
/// later changes its time. A clock that is set back, or a file system that keeps no such time, is found out in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quiet {
    modified: SystemTime,
    since: Instant,
}

impl Quiet {
    /// To be called before the names are read; `None` if it has just been changed.
    pub(super) fn of(directory: &Path) -> Option<Self> {
        let modified = modified(directory)?;
        let age = SystemTime::now().duration_since(modified).ok()?;
        (age > GRAIN).then(|| Self { modified, since: Instant::now() })
    }

    /// Whether its names are those that were read.
    pub(super) fn lasts(self, directory: &Path) -> bool {
        self.since.elapsed() < TRUST && modified(directory) == Some(self.modified)
    }
}

fn modified(directory: &Path) -> Option<SystemTime> {
    fs::metadata(directory).and_then(|metadata| metadata.modified()).ok()
}
