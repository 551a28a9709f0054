use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::FileRequestError;
use super::file::{RequestFile, Stored};
use super::line::{Line, Request};
use super::sweep::Swept;
use super::turn::Patience;
use crate::error::StoreError;
use crate::gateway::dual::{
    NewRequest, Recorded, RequestAppend, RequestClaim, RequestJournal, RequestKey, RequestRecord,
    RequestRetention, Shelf,
};
use crate::memory::files::{Catalog, Known, Turns, UnixMillis, Which, blocking};
use crate::memory::request_record::{due, page};
use crate::memory::saga_record::Moment;
use crate::phase::NodeId;

/// Dual-written requests in files, for the processes of one host.
///
/// Several journals, in one process or in several, may share a directory; locks keep their
/// writes apart. The directory must be there, on a local file system: none is made, since a
/// mistyped path would be a journal that knows of no request. Terms are by the host's wall clock. Each change is synced
/// by itself: it is as fast as the disk, not faster.
///
/// Whoever looks for work or purges reads the names of all files, unless none was made or removed since the last look,
/// and those files that have changed; what was seen to be closed costs its name only. What is known of all requests,
/// without their headers and bodies, stays in memory for that. A list looks at every file, and holds up nobody who looks
/// for work. What another process forgets and records again under the same key is found by the next list: a replayer makes
/// one every half minute. What cannot be read is left out, and reported once by `tracing`; what cannot be written, or
/// stays locked, holds up no other request.
///
/// Beside 200,000 closed requests, on ext4 and a machine that had other work, a look for work took 0.04 s while nothing
/// was recorded, 0.7 s after a change and 1.4 s at worst beside lists, of which each took 2.5 s; the first look reads every
/// file: 14 s, and a minute if they came from the disk. That is longer than a replayer waits for one call
/// ([`with_journal_deadline`](crate::gateway::dual::DualWriteConfig::with_journal_deadline)): it reports an error, the
/// look goes on, and it asks again. Callers wait for no look.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use strangler_fig::gateway::dual::{RequestJournal, Shelf};
/// use strangler_fig::memory::FileRequestJournal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = std::env::temp_dir().join(format!("requests-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// let journal = FileRequestJournal::new(&directory).with_lock_timeout(Duration::from_secs(5));
/// assert!(journal.list(Shelf::Open, None, NonZeroUsize::MAX).await?.is_empty());
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The source of every `StoreError` but `Conflict` is a [`FileRequestError`], with the path. A
/// file that is damaged, foreign, newer or another request's is `Rejected` and stays as it is,
/// byte for byte, whatever is called about its request. A full disk, a missing directory, a missing
/// permission and a lock that is held for too long are `Unavailable`: nothing was recorded. Where it was
/// written and only could not be synced, it is `Unknown`.
///
/// # Cancel safety
///
/// A call that is dropped while it waits for the lock has done nothing. Once it has the lock it
/// runs to its end on a thread for blocking calls, and later calls of this journal come after
/// it.
#[derive(Debug, Clone)]
pub struct FileRequestJournal {
    pub(super) directory: PathBuf,
    pub(super) lock_timeout: Duration,
    pub(super) turns: Turns,
    pub(super) catalog: Arc<Catalog<Request>>,
    pub(super) swept: Arc<Swept>,
}

impl FileRequestJournal {
    /// A journal on the files in `directory`, which waits two seconds for a lock.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let lock_timeout = Duration::from_secs(2);
        let (turns, catalog, swept) = (Turns::default(), Arc::default(), Arc::default());
        Self { directory: directory.into(), lock_timeout, turns, catalog, swept }
    }

    /// The same; a write waits so long for its turn, in this process and among others,
    /// before it answers `Unavailable`.
    #[must_use]
    pub const fn with_lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Where the files are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Does `change` with a request's file, which nobody else changes meanwhile.
    async fn locked<T: Send + 'static>(
        &self,
        key: &RequestKey,
        change: impl FnOnce(&RequestFile, Option<Stored>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.locked_within(self.lock_timeout, key, change).await
    }

    pub(super) async fn locked_within<T: Send + 'static>(
        &self,
        timeout: Duration,
        key: &RequestKey,
        change: impl FnOnce(&RequestFile, Option<Stored>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lock = RequestFile::lock(&self.directory, key);
        let lock = self.turns.lock(&lock, timeout).await;
        let lock = lock.map_err(FileRequestError::from)?;
        let (file, key) = (RequestFile::of(&self.directory, key), key.clone());
        self.blocking(move || {
            let answer = of_key(file.glance(), &key).and_then(|found| change(&file, found));
            drop(lock);
            answer
        })
        .await
    }

    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let stopped = |source| FileRequestError::io(&self.directory, source);
        blocking(work).await.map_err(stopped)?
    }

    /// What `look` makes of what is known of all requests.
    pub(super) async fn looked<T: Send + 'static>(
        &self,
        which: Which,
        look: impl FnOnce(&Known<Request>) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (directory, catalog) = (self.directory.clone(), Arc::clone(&self.catalog));
        self.blocking(move || Ok(catalog.look(&directory, which, look)?)).await
    }
}

/// What was found, if it is the request that was looked for, and not one whose digest is the same.
fn of_key(
    found: Result<Option<Stored>, FileRequestError>,
    key: &RequestKey,
) -> Result<Option<Stored>, StoreError> {
    match found? {
        Some(found) if found.request.new.key != *key => {
            Err(StoreError::rejected("another request has the same digest"))
        }
        found => Ok(found),
    }
}

fn absent() -> StoreError {
    StoreError::conflict("there is no such request")
}

/// A claim of what is free.
fn claim(
    file: &RequestFile,
    found: &mut Stored,
    holder: NodeId,
    term: Duration,
) -> Result<Option<RequestClaim>, StoreError> {
    let at = UnixMillis::now();
    let until = at.after(term);
    let Some(epoch) = found.request.claim(&holder, at, until) else { return Ok(None) };
    file.add(found, &Line::Claimed { epoch, holder, at, until })?;
    file.confirm()?;
    Ok(Some(found.request.claim_of_now()))
}

#[async_trait]
impl RequestJournal for FileRequestJournal {
    async fn record(
        &self,
        request: &NewRequest,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Recorded, StoreError> {
        let (request, holder) = (request.clone(), holder.clone());
        let key = request.key.clone();
        self.locked(&key, move |file, found| {
            let at = UnixMillis::now();
            if let Some(found) = found {
                file.confirm()?;
                return Ok(Recorded::Found(Box::new(found.request.record(at))));
            }
            let until = at.after(term);
            let claim = RequestClaim { key: request.key.clone(), epoch: 1 };
            file.replace(&Line::Recorded { request, holder, at, until })?;
            Ok(Recorded::New(claim))
        })
        .await
    }

    async fn note(
        &self,
        claim: &RequestClaim,
        append: &RequestAppend<'_>,
    ) -> Result<(), StoreError> {
        let RequestAppend { position, note, due, term } = *append;
        let (epoch, note) = (claim.epoch, note.clone());
        self.locked(&claim.key, move |file, found| {
            let found = found.ok_or_else(absent)?;
            found.request.takes(epoch, position, &note)?;
            let at = UnixMillis::now();
            let (due, until) = (at.after(due), at.after(term));
            Ok(file.add(&found, &Line::Noted { position, note, at, due, until })?)
        })
        .await
    }

    async fn load(&self, key: &RequestKey) -> Result<Option<RequestRecord>, StoreError> {
        let (file, key) = (RequestFile::of(&self.directory, key), key.clone());
        self.blocking(move || {
            let found = of_key(file.read(), &key)?;
            Ok(found.map(|found| found.request.record(UnixMillis::now())))
        })
        .await
    }

    async fn claim(
        &self,
        key: &RequestKey,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Option<RequestClaim>, StoreError> {
        let holder = holder.clone();
        self.locked(key, move |file, found| match found {
            Some(mut found) => claim(file, &mut found, holder, term),
            None => Ok(None),
        })
        .await
    }

    async fn take(
        &self,
        holder: &NodeId,
        limit: NonZeroUsize,
        term: Duration,
    ) -> Result<Vec<(RequestClaim, RequestRecord)>, StoreError> {
        let keys = self.looked(Which::Live, |known| due(known.live(), UnixMillis::now())).await?;
        let mut taken = Vec::new();
        let mut patience = Patience::new(self.lock_timeout);
        for key in keys {
            if taken.len() == limit.get() {
                break;
            }
            let lock = RequestFile::lock(&self.directory, &key);
            let Some(timeout) = patience.with(&lock) else { continue };
            let holder = holder.clone();
            let one = self.locked_within(timeout, &key, move |file, found| {
                // Somebody else may have been quicker.
                let is_takeable = |found: &Stored| found.request.is_takeable(UnixMillis::now());
                let Some(mut found) = found.filter(is_takeable) else { return Ok(None) };
                let claimed = claim(file, &mut found, holder, term)?;
                Ok(claimed.map(|claim| (claim, found.request.record(UnixMillis::now()))))
            });
            match one.await {
                Ok(one) => taken.extend(one),
                // It holds up no other.
                Err(error) => patience.failed(&lock, "is not taken", error),
            }
        }
        // What was taken is to be sent.
        if taken.is_empty() { patience.end().map(|()| taken) } else { Ok(taken) }
    }

    async fn list(
        &self,
        wanted: Shelf,
        after: Option<&RequestKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RequestRecord>, StoreError> {
        let (mut after, mut listed) = (after.cloned(), Vec::new());
        loop {
            let from = after.clone();
            let keys = self.looked(Which::All, move |known| {
                let page = page(known.all(), wanted, from.as_ref(), limit);
                page.into_iter().map(|request| request.new.key.clone()).collect::<Vec<_>>()
            });
            let keys = keys.await?;
            let is_last = keys.len() < limit.get();
            after = keys.last().cloned();
            let directory = self.directory.clone();
            let found = self.blocking(move || {
                let now = UnixMillis::now();
                let of = |key: &RequestKey| RequestFile::of(&directory, key).glance();
                // What was spoilt, forgotten or moved on since the look is left out.
                let found = keys.iter().filter_map(|key| of(key).ok().flatten());
                let found = found.map(|found| found.request.record(now));
                let is_there = |record: &RequestRecord| record.state.status().shelf() == wanted;
                Ok(found.filter(is_there).collect::<Vec<_>>())
            });
            listed.extend(found.await?);
            listed.truncate(limit.get());
            if is_last || listed.len() == limit.get() {
                return Ok(listed);
            }
        }
    }

    async fn purge(
        &self,
        retention: RequestRetention,
        limit: NonZeroUsize,
    ) -> Result<usize, StoreError> {
        self.purge_some(retention, limit).await
    }
}
