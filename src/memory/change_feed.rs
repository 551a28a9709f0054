use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::StoreError;
use crate::event::{ChangeFeed, ChangePage, Changed, FeedLag, FeedMark, LagSource};
use crate::key::Key;
use crate::observe::Glimpse;
use crate::repository::Entity;
use crate::stamp::Record;

/// A change feed in memory: whoever changes a store that is in memory too says here what was changed. Clones are one
/// feed. It holds what is unsettled, however much that is.
///
/// Its clock is tokio's, so that paused time works.
///
/// ```
/// use std::num::NonZeroUsize;
/// use strangler_fig::event::{ChangeFeed, Changed, LagSource};
/// use strangler_fig::memory::InMemoryChangeFeed;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
/// let feed = InMemoryChangeFeed::<u32, String>::default();
/// let mut open = feed.begin();
/// open.hint(7);
/// feed.hint(8);
/// open.commit(); // later than it was begun, and not lost for it
///
/// let page = feed.changes(NonZeroUsize::MIN).await?;
/// assert_eq!(page.changes, [Changed::Hint(8)]);
/// feed.settle(&page.mark).await?;
/// assert_eq!(feed.lag().await?.pending, Some(1));
/// # Ok(())
/// # }
/// ```
pub struct InMemoryChangeFeed<K, E> {
    log: Arc<Mutex<Log<K, E>>>,
    committed: Arc<Notify>,
}

struct Log<K, E> {
    is_lost: bool,
    next: u64,
    unsettled: Vec<Logged<K, E>>,
}

struct Logged<K, E> {
    number: u64,
    at: Instant,
    change: Changed<K, E>,
}

/// Changes of one transaction; dropped, it is rolled back.
#[must_use = "what is not committed did not happen"]
pub struct InMemoryChanges<K, E> {
    feed: InMemoryChangeFeed<K, E>,
    changes: Vec<Changed<K, E>>,
}

impl<K, E> Default for InMemoryChangeFeed<K, E> {
    fn default() -> Self {
        let log = Log { is_lost: false, next: 0, unsettled: Vec::new() };
        Self { log: Arc::new(Mutex::new(log)), committed: Arc::default() }
    }
}

impl<K, E> Clone for InMemoryChangeFeed<K, E> {
    fn clone(&self) -> Self {
        Self { log: Arc::clone(&self.log), committed: Arc::clone(&self.committed) }
    }
}

impl<K, E> fmt::Debug for InMemoryChangeFeed<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryChangeFeed")
            .field("unsettled", &Glimpse::of(&self.log, |log| log.unsettled.len()))
            .finish_non_exhaustive()
    }
}

impl<K, E> fmt::Debug for InMemoryChanges<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryChanges")
            .field("changes", &self.changes.len())
            .finish_non_exhaustive()
    }
}

impl<K, E> InMemoryChangeFeed<K, E> {
    /// Begins a transaction of the store.
    pub fn begin(&self) -> InMemoryChanges<K, E> {
        InMemoryChanges { feed: self.clone(), changes: Vec::new() }
    }

    /// The row of `key` was changed, or deleted.
    pub fn hint(&self, key: K) {
        self.commit([Changed::Hint(key)]);
    }

    /// The row of `key` was changed to `record`, a tombstone if it was deleted, whose stamp the store has written with it.
    pub fn record(&self, key: K, record: Record<E>) {
        self.commit([Changed::Record(key, record)]);
    }

    /// A row was changed to something that cannot be read.
    pub fn spoil(&self, key: impl Into<Vec<u8>>, why: impl Into<String>) {
        self.commit([Changed::Unreadable { key: key.into(), why: why.into() }]);
    }

    /// It misses changes from now on, as when a slot was dropped, or triggers were.
    ///
    /// ```
    /// # use strangler_fig::event::LagSource;
    /// # use strangler_fig::memory::InMemoryChangeFeed;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let feed = InMemoryChangeFeed::<u32, String>::default();
    /// feed.lose();
    /// assert!(!feed.lag().await.unwrap_err().is_retryable());
    /// # }
    /// ```
    pub fn lose(&self) {
        self.lock().is_lost = true;
    }

    fn commit(&self, changes: impl IntoIterator<Item = Changed<K, E>>) {
        let mut log = self.lock();
        let at = Instant::now();
        for change in changes {
            let number = log.next;
            log.next += 1;
            log.unsettled.push(Logged { number, at, change });
        }
        drop(log);
        // One that is not listened to yet is remembered.
        self.committed.notify_one();
    }

    /// The log, if changes still come to it.
    fn attached(&self) -> Result<MutexGuard<'_, Log<K, E>>, StoreError> {
        let log = self.lock();
        if log.is_lost { Err(StoreError::rejected("the feed was lost")) } else { Ok(log) }
    }

    fn lock(&self) -> MutexGuard<'_, Log<K, E>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, E> InMemoryChanges<K, E> {
    /// As [`InMemoryChangeFeed::hint`].
    pub fn hint(&mut self, key: K) {
        self.changes.push(Changed::Hint(key));
    }

    /// As [`InMemoryChangeFeed::record`].
    pub fn record(&mut self, key: K, record: Record<E>) {
        self.changes.push(Changed::Record(key, record));
    }

    /// As [`InMemoryChangeFeed::spoil`].
    pub fn spoil(&mut self, key: impl Into<Vec<u8>>, why: impl Into<String>) {
        self.changes.push(Changed::Unreadable { key: key.into(), why: why.into() });
    }

    /// Makes them known, now.
    pub fn commit(self) {
        self.feed.commit(self.changes);
    }
}

#[async_trait]
impl<K: Key, E: Entity> LagSource for InMemoryChangeFeed<K, E> {
    async fn lag(&self) -> Result<FeedLag, StoreError> {
        let log = self.attached()?;
        let oldest = log.unsettled.first().map(|first| first.at.elapsed());
        let pending = u64::try_from(log.unsettled.len()).unwrap_or(u64::MAX);
        Ok(FeedLag { oldest, pending: Some(pending) })
    }
}

#[async_trait]
impl<K: Key, E: Entity> ChangeFeed for InMemoryChangeFeed<K, E> {
    type Key = K;
    type Entity = E;

    async fn changes(&self, limit: NonZeroUsize) -> Result<ChangePage<K, E>, StoreError> {
        let log = self.attached()?;
        let page = || log.unsettled.iter().take(limit.get());
        Ok(ChangePage {
            changes: page().map(|logged| logged.change.clone()).collect(),
            mark: FeedMark(page().flat_map(|logged| logged.number.to_be_bytes()).collect()),
            is_last: log.unsettled.len() <= limit.get(),
        })
    }

    async fn settle(&self, mark: &FeedMark) -> Result<(), StoreError> {
        let numbers = mark.0.chunks_exact(8);
        if !numbers.remainder().is_empty() {
            return Err(StoreError::rejected("it is no mark of this feed"));
        }
        // They ascend, in a mark as in the log.
        let settled: Vec<&[u8]> = numbers.collect();
        let is_open = |logged: &Logged<K, E>| {
            settled.binary_search(&logged.number.to_be_bytes().as_slice()).is_err()
        };
        self.lock().unsettled.retain(is_open);
        Ok(())
    }

    async fn changed(&self) {
        self.committed.notified().await;
    }
}
