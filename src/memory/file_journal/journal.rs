use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::FileJournalError;
use super::catalog::Listed;
use super::file::SagaFile;
use super::line::{Line, UnixMillis};
use super::stored::Stored;
use crate::error::StoreError;
use crate::memory::files::{Catalog, Turns, Which, blocking};
use crate::memory::saga_record::{Moment, page};
use crate::phase::NodeId;
use crate::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaJournal,
};

/// Sagas in files, for the processes of one host.
///
/// Several journals, in one process or in several, may share a directory; locks keep their
/// writes apart. The directory must be there, on a local file system: none is made, since a
/// mistyped path would be a journal that knows of no saga. Terms are by the host's wall clock.
///
/// A list looks at every file there is, page by page, and reads those that have changed since the last
/// one; the headers of all sagas, with their outcomes, stay in memory for that. What cannot be read is left out,
/// and reported once by `tracing`.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::memory::FileSagaJournal;
/// use strangler_fig::phase::{Incarnation, NodeId};
/// use strangler_fig::saga::{Created, NewSaga, SagaJournal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = std::env::temp_dir().join(format!("orders-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// let journal = FileSagaJournal::new(&directory);
/// let runner = NodeId { name: "node-1".parse()?, incarnation: Incarnation::random()? };
/// let definition = "checkout@3#00000000000000ff".parse()?;
/// let order = NewSaga { id: "order:4711".parse()?, definition, input: 42, parent: None };
/// let term = Duration::from_secs(30);
/// assert!(matches!(journal.create(&order, &[], &runner, term).await?, Created::New(_)));
///
/// // Another journal on the same files, which waits longer for a lock.
/// let other = FileSagaJournal::new(&directory).with_lock_timeout(Duration::from_secs(30));
/// let (header, _) = other.load(&order.id).await?.expect("it was recorded");
/// assert_eq!(header.holder, Some(runner));
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The source of every `StoreError` but `Conflict` is a [`FileJournalError`], with the path. A
/// file that is damaged, foreign, newer or another saga's is `Rejected` and stays as it is,
/// byte for byte, whatever is called about its saga. A full disk, a missing directory, a missing
/// permission and a lock that is held for too long are `Unavailable`: nothing was recorded. Where it was
/// written and only could not be synced, it is `Unknown`.
///
/// # Cancel safety
///
/// A call that is dropped while it waits for the lock has done nothing. Once it has the lock it
/// runs to its end on a thread for blocking calls, and later calls of this journal come after
/// it.
#[derive(Debug, Clone)]
pub struct FileSagaJournal {
    directory: PathBuf,
    lock_timeout: Duration,
    turns: Turns,
    catalog: Arc<Catalog<Listed>>,
}

impl FileSagaJournal {
    /// A journal on the files in `directory`, which waits two seconds for a lock.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let lock_timeout = Duration::from_secs(2);
        let (turns, catalog) = (Turns::default(), Arc::default());
        Self { directory: directory.into(), lock_timeout, turns, catalog }
    }

    /// The same; a write waits so long for its turn, in this process and among others,
    /// before it answers `Unavailable`.
    #[must_use]
    pub fn with_lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Where the files are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Does `change` with a saga's file, which nobody else changes meanwhile.
    async fn locked<T: Send + 'static>(
        &self,
        id: &SagaId,
        change: impl FnOnce(&SagaFile, Option<Stored>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lock = SagaFile::lock(&self.directory, id);
        let (file, id) = (SagaFile::of(&self.directory, id), id.clone());
        self.holding(lock, move || {
            of_saga(file.glance(), &id).and_then(|found| change(&file, found))
        })
        .await
    }

    /// Does `work` under a lock.
    pub(super) async fn holding<T: Send + 'static>(
        &self,
        lock: PathBuf,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lock = self.turns.lock(&lock, self.lock_timeout).await;
        let lock = lock.map_err(FileJournalError::from)?;
        self.blocking(move || {
            let answer = work();
            drop(lock);
            answer
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let stopped = |source| FileJournalError::io(&self.directory, source);
        blocking(work).await.map_err(stopped)?
    }
}

/// What was found, if it is the saga that was looked for, and not one whose hash is the same.
pub(super) fn of_saga(
    found: Result<Option<Stored>, FileJournalError>,
    id: &SagaId,
) -> Result<Option<Stored>, StoreError> {
    match found? {
        Some(found) if found.id != *id => {
            Err(StoreError::rejected(format!("saga {id} has the file of saga {}", found.id)))
        }
        found => Ok(found),
    }
}

fn none() -> StoreError {
    StoreError::conflict("there is no such saga")
}

#[async_trait]
impl SagaJournal for FileSagaJournal {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        let (new, entries, runner) = (saga.clone(), entries.to_vec(), runner.clone());
        self.locked(&saga.id, move |file, found| {
            if let Some(found) = found {
                let header = found.record.header(&found.id, UnixMillis::now());
                file.confirm()?;
                return Ok(Created::Found(Box::new(header)));
            }
            file.replace(&[Line::created(&new, entries, runner, term)])?;
            Ok(Created::New(SagaClaim { saga: new.id, epoch: 1 }))
        })
        .await
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        let &SagaAppend { position, status, .. } = append;
        let (entries, outcome) = (append.entries.to_vec(), append.outcome.cloned());
        let own = claim.clone();
        self.locked(&claim.saga, move |file, found| {
            let found = found.ok_or_else(none)?;
            found.record.takes(&own, position)?;
            let at = UnixMillis::now();
            let until = at.after(term);
            file.add(&found, &Line::Appended { position, entries, status, outcome, at, until })?;
            Ok(())
        })
        .await
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        let (file, id) = (SagaFile::of(&self.directory, saga), saga.clone());
        self.blocking(move || {
            let found = of_saga(file.read(), &id)?;
            let now = UnixMillis::now();
            Ok(found.map(|found| (found.record.header(&id, now), found.record.entries)))
        })
        .await
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        let (id, runner) = (saga.clone(), runner.clone());
        self.locked(saga, move |file, found| {
            let Some(mut found) = found else { return Ok(None) };
            let at = UnixMillis::now();
            let until = at.after(term);
            let Some(epoch) = found.record.claim(&runner, at, until) else { return Ok(None) };
            file.add(&found, &Line::Claimed { epoch, runner, at, until })?;
            file.confirm()?;
            Ok(Some(SagaClaim { saga: id, epoch }))
        })
        .await
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        self.renew_all(claims, term).await
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        let epoch = claim.epoch;
        self.locked(&claim.saga, move |file, found| {
            let Some(mut found) = found else { return Ok(()) };
            if found.record.release(epoch) {
                file.add(&found, &Line::Released { epoch })?;
            }
            Ok(())
        })
        .await
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        let (directory, catalog) = (self.directory.clone(), Arc::clone(&self.catalog));
        let (filter, after) = (filter.clone(), after.cloned());
        self.blocking(move || {
            let headers = catalog.look(&directory, Which::All, |sagas| {
                let sagas = sagas.all().map(|saga| (&saga.id, &saga.record));
                page(sagas, &filter, after.as_ref(), limit, UnixMillis::now())
            });
            Ok(headers?)
        })
        .await
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        self.locked(saga, |file, found| {
            let mut found = found.ok_or_else(none)?;
            if found.record.purge()? {
                file.replace(&[Line::purged(&found.id, found.record)])?;
            }
            Ok(file.confirm()?)
        })
        .await
    }
}
