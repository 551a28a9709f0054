use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::key_locks::{KeyGuard, KeyLocks};
use super::remembered::Remembered;
use super::{Applied, ListRepository, Page, Repository, ScanRepository, StampedRepository};
use crate::error::{StoreError, StoreErrorKind};
use crate::observe::Glimpse;
use crate::phase::{Bucket, PhaseTracker, Side, primary};
use crate::stamp::{Record, Stamp, StampClock, StampScope};

/// How many stores are under way at most, those whose callers have gone included.
const UNDER_WAY_MAX: usize = 256;

/// How many stamps are remembered unless said otherwise.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(100_000).expect("it is not zero");

/// Makes a [`StampedRepository`] of a plain one by remembering stamps in this
/// process: for trying out, and for one process.
///
/// It keeps a bounded number of stamps and one lock per key in use: calls for one
/// key take turns, so that one that hangs, a shadow read even, holds up the next. What
/// is being stored ends though its caller has gone; 256 stores are under way at most,
/// and others wait for one to end.
/// A key it
/// does not remember, after a restart or an eviction, has the stamp of the
/// process's start if this side is the primary in force, else
/// [`Stamp::BASE`] (or [`Stamp::ZERO`] without a row). That is too little to
/// cross a fleet, so crossings are refused unless one node is registered and the
/// operator accepts it by name.
///
/// Let the capacity hold every key that is written while a copy can be on its way, as in a
/// sweep whose store is slow: over a key that was forgotten meanwhile, an old copy is stored.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::phase::{MigrationState, PhaseTracker, Side};
/// use strangler_fig::repository::{Repository, StampedRepository, Unstamped};
/// use strangler_fig::stamp::{Record, StampClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (rows, _) = in_memory_tables(|user: &(u32, String)| user.0);
/// let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// let stamps = Arc::new(StampClock::new()?);
/// let users = Unstamped::new(rows, Side::Legacy, tracker, &stamps);
/// let users = users.with_capacity(1_000_000.try_into()?); // one stamp for each user
///
/// let ada = Record::live(stamps.now(), (1, "Ada".to_owned()));
/// users.apply(&1, &ada).await?;
/// assert_eq!(users.read(&1).await?, ada);
/// assert_eq!(users.inner().find(&1).await?, ada.value);
/// # Ok(())
/// # }
/// ```
pub struct Unstamped<R: Repository> {
    repository: Arc<R>,
    side: Side,
    tracker: Arc<PhaseTracker>,
    start: Stamp,
    locks: KeyLocks<R::Key>,
    remembered: Arc<Mutex<Remembered<R::Key>>>,
    /// The stamps of stores in doubt: the row may be as late as that.
    doubts: Arc<Mutex<Remembered<R::Key>>>,
    under_way: Arc<Semaphore>,
}

/// How many stamps it remembers, not whose.
impl<R: Repository> fmt::Debug for Unstamped<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unstamped")
            .field("side", &self.side)
            .field("start", &self.start)
            .field("remembered", &Glimpse::of(&self.remembered, Remembered::len))
            .field("in_doubt", &Glimpse::of(&self.doubts, Remembered::len))
            .finish_non_exhaustive()
    }
}

impl<R: Repository> Unstamped<R> {
    /// `repository` as the side `side` of the migration that `tracker` follows;
    /// `stamps` is the clock of the migration repository around it.
    pub fn new(repository: R, side: Side, tracker: Arc<PhaseTracker>, stamps: &StampClock) -> Self {
        Self {
            repository: Arc::new(repository),
            side,
            tracker,
            start: stamps.now(),
            locks: KeyLocks::new(),
            remembered: Arc::new(Mutex::new(Remembered::new(CAPACITY))),
            doubts: Arc::new(Mutex::new(Remembered::new(CAPACITY))),
            under_way: Arc::new(Semaphore::new(UNDER_WAY_MAX)),
        }
    }

    /// The same, remembering at most `capacity` stamps (100,000 by default).
    #[must_use]
    pub fn with_capacity(mut self, capacity: NonZeroUsize) -> Self {
        self.remembered = Arc::new(Mutex::new(Remembered::new(capacity)));
        self.doubts = Arc::new(Mutex::new(Remembered::new(capacity)));
        self
    }

    /// The wrapped repository: what writes through it bypasses the stamps.
    #[must_use]
    pub fn inner(&self) -> &R {
        &self.repository
    }

    fn is_primary(&self, key: &R::Key) -> bool {
        let word = self.tracker.word();
        let bucket = if word.has_cohort() {
            Bucket::of(key, self.tracker.state().salt())
        } else {
            Bucket::FIRST
        };
        primary(word.phase_of(bucket), word.entered_from(bucket)) == self.side
    }

    fn is_behind_a_doubt(&self, key: &R::Key, stamp: Stamp) -> bool {
        held(&self.doubts).get(key).is_some_and(|doubt| stamp < doubt) && self.is_primary(key)
    }

    /// What the key reads as, under its lock.
    async fn look(&self, key: &R::Key) -> Result<Record<R::Entity>, StoreError> {
        let value = self.repository.find(key).await?;
        let remembered = held(&self.remembered).get(key);
        let stamp = match (remembered, &value) {
            (Some(stamp), _) => stamp,
            (None, _) if self.is_primary(key) => self.start,
            (None, Some(_)) => Stamp::BASE,
            (None, None) => Stamp::ZERO,
        };
        Ok(Record { stamp, value })
    }

    /// Stores the record aside, so that neither it nor the lock ends with a
    /// caller who gives up.
    async fn store(
        &self,
        lock: KeyGuard<R::Key>,
        key: &R::Key,
        record: &Record<R::Entity>,
    ) -> Result<(), StoreError> {
        let place = Arc::clone(&self.under_way).acquire_owned().await;
        let place = place.expect("it is never closed");
        let repository = Arc::clone(&self.repository);
        let (remembered, doubts) = (Arc::clone(&self.remembered), Arc::clone(&self.doubts));
        let (key, record) = (key.clone(), record.clone());
        let stored = tokio::spawn(async move {
            let (_lock, _place) = (lock, place);
            let before = held(&remembered).forget(&key);
            let doubted = held(&doubts).get(&key);
            held(&doubts).set(key.clone(), doubted.unwrap_or(Stamp::ZERO).max(record.stamp));
            let stored = match record.value {
                Some(entity) => repository.save(entity).await,
                None => repository.delete(&key).await,
            };
            match (&stored, doubted) {
                (Err(error), Some(doubted)) if error.kind().is_definite() => {
                    held(&doubts).set(key.clone(), doubted);
                }
                (Err(error), _) if !error.kind().is_definite() => {}
                _ => drop(held(&doubts).forget(&key)),
            }
            if let Some(stamp) = stamp_after(before, record.stamp, &stored) {
                held(&remembered).set(key, stamp);
            }
            stored
        });
        match stored.await {
            Ok(stored) => stored,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(error) => Err(StoreError::unknown(error)),
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl<R: Repository> StampedRepository for Unstamped<R> {
    type Key = R::Key;
    type Entity = R::Entity;

    fn key(&self, entity: &R::Entity) -> R::Key {
        self.repository.key(entity)
    }

    async fn read(&self, key: &R::Key) -> Result<Record<R::Entity>, StoreError> {
        let _lock = self.locks.lock(key).await;
        self.look(key).await
    }

    async fn apply(&self, key: &R::Key, record: &Record<R::Entity>) -> Result<Applied, StoreError> {
        if record.stamp == Stamp::ZERO {
            return Err(StoreError::rejected("a record without a stamp cannot be applied"));
        }
        let lock = self.locks.lock(key).await;
        let known = held(&self.remembered).get(key);
        let stored = match known {
            Some(stamp) => stamp,
            // A write in doubt may stand in the row, and may have been read there.
            None if self.is_behind_a_doubt(key, record.stamp) => {
                return Err(StoreError::unavailable("a later store of this key is in doubt"));
            }
            None => self.look(key).await.map_err(not_begun)?.stamp,
        };
        if !record.supersedes(stored) {
            return Ok(Applied::Stale(stored));
        }
        self.store(lock, key, record).await.map(|()| Applied::Stored)
    }

    fn scope(&self) -> StampScope {
        StampScope::Process
    }
}

#[async_trait]
impl<R: ListRepository> ScanRepository for Unstamped<R> {
    /// Each row is read again under its lock, so that it meets its own stamp.
    async fn scan(
        &self,
        after: Option<&R::Key>,
        limit: NonZeroUsize,
    ) -> Result<Page<R::Key, R::Entity>, StoreError> {
        let rows = self.repository.list(after, limit).await?;
        let is_last = rows.len() < limit.get();
        let mut keys: BTreeSet<R::Key> = rows.iter().map(|row| self.repository.key(row)).collect();
        let end = keys.last().filter(|_| !is_last).cloned();
        keys.extend(held(&self.remembered).keys(after, end.as_ref()));
        let known = keys.len();
        let mut records = Vec::with_capacity(known.min(limit.get()));
        for key in keys.into_iter().take(limit.get()) {
            let record = self.read(&key).await?;
            records.push((key, record));
        }
        Ok(Page::new(records, is_last && known <= limit.get()))
    }

    async fn last_key(&self) -> Result<Option<R::Key>, StoreError> {
        let of_rows = self.repository.last_key().await?;
        Ok(of_rows.max(held(&self.remembered).last_key()))
    }
}

/// A failed look has changed nothing.
fn not_begun(error: StoreError) -> StoreError {
    error.with_kind(StoreErrorKind::Unavailable)
}

/// After a definite no the row is as it was; in doubt, as after a panic, it may
/// hold either content, so that neither stamp would be true of it.
fn stamp_after(
    before: Option<Stamp>,
    stamp: Stamp,
    stored: &Result<(), StoreError>,
) -> Option<Stamp> {
    match stored {
        Ok(()) => Some(stamp),
        Err(error) if error.kind().is_definite() => before,
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_in_doubt_leaves_no_stamp() {
        let after = |stored| stamp_after(Some(Stamp::BASE), Stamp::MAX, &stored);
        assert_eq!(after(Ok(())), Some(Stamp::MAX));
        assert_eq!(after(Err(StoreError::rejected("no"))), Some(Stamp::BASE));
        assert_eq!(after(Err(StoreError::unknown("timeout"))), None);
    }
}
