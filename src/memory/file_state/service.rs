use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::document::Document;
use super::file::MigrationFile;
use super::{FileStateConfig, FileStateError};
use crate::error::StoreError;
use crate::memory::files::{Turns, blocking};
use crate::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Revision, Versioned,
};

/// The state of migrations in files, for the processes of one host.
///
/// Several services, in one process or in several, may share a directory; a
/// lock keeps their writes apart. The directory must be there, on a local file
/// system: none is made, since a mistyped path would be a migration that starts
/// anew.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::memory::{FileStateConfig, FileStateService};
/// use strangler_fig::phase::{MigrationState, MigrationStateService, Revision};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = std::env::temp_dir().join(format!("airports-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// let service = FileStateService::new(&directory);
/// let first = MigrationState::new("airports".parse()?);
/// assert_eq!(service.create(&first).await?, Revision(1));
/// assert!(directory.join("airports.migration.json").exists());
///
/// // Another service on the same files, which waits longer for the lock.
/// let patient = FileStateConfig::default().with_lock_timeout(Duration::from_secs(30));
/// let other = FileStateService::new(&directory).with_config(patient);
/// assert_eq!(other.current(first.name()).await?.map(|found| found.state), Some(first));
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The source of every `StoreError` but `Conflict` is a [`FileStateError`],
/// with the path. A file that is damaged, foreign, newer or another migration's
/// is `Rejected` and stays as it is, byte for byte, whatever is called. A full
/// disk, a missing directory, a missing permission and a lock that is held for
/// too long are `Unavailable`: nothing was done. Where the new file has its
/// place and only the directory could not be synced, it is `Unknown`.
///
/// # Cancel safety
///
/// A call that is dropped while it waits for the lock has done nothing. Once it
/// has the lock it runs to its end on a thread for blocking calls, and later
/// calls of this service come after it.
#[derive(Debug, Clone)]
pub struct FileStateService {
    directory: PathBuf,
    config: FileStateConfig,
    turns: Turns,
}

impl FileStateService {
    /// A service on the files in `directory`.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let (config, turns) = (FileStateConfig::default(), Turns::default());
        Self { directory: directory.into(), config, turns }
    }

    /// The same, waiting as `config` says.
    #[must_use]
    pub fn with_config(mut self, config: FileStateConfig) -> Self {
        self.config = config;
        self
    }

    /// Where the files are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn file(&self, name: &MigrationName) -> MigrationFile {
        MigrationFile::new(&self.directory, name)
    }

    async fn read(&self, name: &MigrationName) -> Result<Document, FileStateError> {
        let file = self.file(name);
        blocking(move || file.read()).await.map_err(|source| self.stopped(source))?
    }

    async fn update<T: Send + 'static>(
        &self,
        name: &MigrationName,
        change: impl FnOnce(&mut Document) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = self.file(name);
        let timeout = self.config.lock_timeout;
        let lock = self.turns.lock(file.lock(), timeout).await.map_err(FileStateError::from)?;
        let updated = blocking(move || {
            let answer = file.update(change);
            drop(lock);
            answer
        });
        updated.await.map_err(|source| self.stopped(source))?
    }

    async fn revision(&self, name: &MigrationName) -> Result<Revision, FileStateError> {
        let file = self.file(name);
        let glance = blocking(move || file.glance()).await;
        glance.map_err(|source| self.stopped(source))?.map(|document| document.revision())
    }

    fn stopped(&self, source: io::Error) -> FileStateError {
        FileStateError::Io { path: self.directory.clone(), source }
    }
}

#[async_trait]
impl MigrationStateService for FileStateService {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        let first = state.clone();
        self.update(state.name(), |document| document.create(first)).await
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        Ok(self.read(name).await?.stored)
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        let state = next.clone();
        let change = move |document: &mut Document| document.compare_and_set(expected, state);
        self.update(next.name(), change).await
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.update(name, |document| document.renew(lease)).await
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        let node = node.clone();
        let change = move |document: &mut Document| {
            document.release(&node);
            Ok(())
        };
        self.update(name, change).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        Ok(self.read(name).await?.leases.into_values().collect())
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        let seen = seen.clone();
        self.update(name, move |document: &mut Document| document.evict(&seen)).await
    }

    /// Looks at the file every `watch_interval`; a file that cannot be read is
    /// looked at again.
    async fn changed(&self, name: &MigrationName, seen: Revision) {
        while !matches!(self.revision(name).await, Ok(found) if found > seen) {
            tokio::time::sleep(self.config.watch_interval).await;
        }
    }
}
