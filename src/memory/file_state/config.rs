use std::time::Duration;

/// How a [`FileStateService`](super::FileStateService) waits.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::memory::{FileStateConfig, FileStateService};
///
/// let config = FileStateConfig::default()
///     .with_lock_timeout(Duration::from_millis(500))
///     .with_watch_interval(Duration::from_millis(20));
/// let service = FileStateService::new("/var/lib/airports").with_config(config);
/// assert!(service.directory().ends_with("airports"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStateConfig {
    pub(super) lock_timeout: Duration,
    pub(super) watch_interval: Duration,
}

impl Default for FileStateConfig {
    /// Two seconds for the lock, a look at the file every 100 ms.
    fn default() -> Self {
        Self { lock_timeout: Duration::from_secs(2), watch_interval: Duration::from_millis(100) }
    }
}

impl FileStateConfig {
    /// How long a write waits for its turn, in this process and among others,
    /// before it answers `Unavailable`.
    #[must_use]
    pub fn with_lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// The pause between two looks at the file while
    /// [`changed`](crate::phase::MigrationStateService::changed) is awaited; at
    /// least a millisecond.
    #[must_use]
    pub fn with_watch_interval(mut self, interval: Duration) -> Self {
        self.watch_interval = interval.max(Duration::from_millis(1));
        self
    }
}
