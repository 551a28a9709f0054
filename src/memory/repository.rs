use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::error::StoreError;
use crate::key::Key;
use crate::repository::{Applied, Entity, Page, ScanRepository, StampedRepository};
use crate::stamp::{Record, Stamp};

/// A side in memory: stamps, tombstones, scans. Clones share their records.
///
/// ```
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::repository::{Applied, StampedRepository};
/// use strangler_fig::stamp::{Record, Stamp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
/// let users = InMemoryRepository::new(|user: &(u32, &str)| user.0);
/// let ada = Record::live(Stamp::BASE, (1, "Ada"));
/// assert_eq!(users.apply(&1, &ada).await?, Applied::Stored);
/// assert_eq!(users.apply(&1, &ada).await?, Applied::Stale(Stamp::BASE));
/// assert_eq!(users.records(), [(1, ada)]);
///
/// users.uproot(&1); // as a writer without stamps does
/// assert!(users.records().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InMemoryRepository<K, E> {
    key: fn(&E) -> K,
    records: Arc<Mutex<BTreeMap<K, Record<E>>>>,
}

impl<K: Key, E: Entity> InMemoryRepository<K, E> {
    /// An empty one; `key` tells the key of an entity.
    #[must_use]
    pub fn new(key: fn(&E) -> K) -> Self {
        Self { key, records: Arc::default() }
    }

    /// Puts a row there behind the crate's back, as a writer without stamps
    /// does: a row that is there keeps its stamp, a new one has `BASE`.
    ///
    /// ```
    /// use strangler_fig::memory::InMemoryRepository;
    /// use strangler_fig::stamp::{Record, Stamp};
    ///
    /// let users = InMemoryRepository::new(|user: &(u32, &str)| user.0);
    /// users.plant((1, "Ada"));
    /// assert_eq!(users.records(), [(1, Record::live(Stamp::BASE, (1, "Ada")))]);
    /// ```
    pub fn plant(&self, entity: E) {
        let key = (self.key)(&entity);
        let mut records = self.lock();
        let record = records.entry(key).or_insert(Record::tombstone(Stamp::BASE));
        record.value = Some(entity);
    }

    /// Removes a row and its stamp behind the crate's back.
    pub fn uproot(&self, key: &K) {
        self.lock().remove(key);
    }

    /// Every record, in the order of the keys.
    #[must_use]
    pub fn records(&self) -> Vec<(K, Record<E>)> {
        self.lock().iter().map(|(key, record)| (key.clone(), record.clone())).collect()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<K, Record<E>>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, E> fmt::Debug for InMemoryRepository<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryRepository").finish_non_exhaustive()
    }
}

#[async_trait]
impl<K: Key, E: Entity> StampedRepository for InMemoryRepository<K, E> {
    type Key = K;
    type Entity = E;

    fn key(&self, entity: &E) -> K {
        (self.key)(entity)
    }

    async fn read(&self, key: &K) -> Result<Record<E>, StoreError> {
        Ok(self.lock().get(key).cloned().unwrap_or_else(Record::absent))
    }

    async fn apply(&self, key: &K, record: &Record<E>) -> Result<Applied, StoreError> {
        if record.stamp == Stamp::ZERO {
            return Err(StoreError::rejected("a record without a stamp cannot be applied"));
        }
        let mut records = self.lock();
        let stored = records.get(key).map_or(Stamp::ZERO, |record| record.stamp);
        if !record.supersedes(stored) {
            return Ok(Applied::Stale(stored));
        }
        records.insert(key.clone(), record.clone());
        Ok(Applied::Stored)
    }
}

#[async_trait]
impl<K: Key, E: Entity> ScanRepository for InMemoryRepository<K, E> {
    async fn scan(&self, after: Option<&K>, limit: NonZeroUsize) -> Result<Page<K, E>, StoreError> {
        let records = self.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = records.range((from, Bound::Unbounded));
        let copied = |(key, record): (&K, &Record<E>)| (key.clone(), record.clone());
        let mut page = Vec::with_capacity(limit.get().min(records.len()));
        page.extend(rest.by_ref().take(limit.get()).map(copied));
        Ok(Page::new(page, rest.next().is_none()))
    }

    async fn last_key(&self) -> Result<Option<K>, StoreError> {
        Ok(self.lock().last_key_value().map(|(key, _)| key.clone()))
    }
}
