use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::memory::{FileStateConfig, FileStateService};
use strangler_fig::phase::MigrationStateService;

use super::{first, lease, renew};

/// A directory of a test's own, removed at its end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let own = format!("strangler-fig-files-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(own);
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    /// One that holds a migration and a lease.
    pub(crate) async fn with_a_migration() -> Self {
        let scratch = Self::new();
        let service = scratch.service();
        service.create(&first()).await.unwrap();
        renew(&service, lease("node-1", 0)).await.unwrap();
        scratch
    }

    /// One that waits for its turn as long as a slow machine may need.
    pub(crate) fn service(&self) -> FileStateService {
        let config = FileStateConfig::default().with_lock_timeout(Duration::from_secs(30));
        FileStateService::new(&self.0).with_config(config)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The file of `airports`.
    pub(crate) fn file(&self) -> PathBuf {
        self.at("airports.migration.json")
    }

    pub(crate) fn temporary(&self) -> PathBuf {
        self.at("airports.migration.tmp")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.at("airports.migration.lock")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
