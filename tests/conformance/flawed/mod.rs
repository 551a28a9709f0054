//! An adapter with one flaw, chosen by name.

mod batch;
mod digest;
mod flaw;
mod many;
mod scan;
mod store;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use strangler_fig::error::StoreError;
use strangler_fig::repository::{Applied, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::conformance::{StampedFixture, async_trait};
use tokio::task::yield_now;

use crate::user::{User, user};
pub(crate) use flaw::Flaw;
use store::Store;

/// A handle to the store, as a process opens one.
#[derive(Debug)]
pub(crate) struct Flawed {
    flaw: Flaw,
    store: Arc<Store>,
    process: tokio::sync::Mutex<()>,
    cache: Mutex<BTreeMap<u32, Record<User>>>,
    reads: AtomicU32,
}

impl Flawed {
    fn open(flaw: Flaw, store: Arc<Store>) -> Self {
        Self {
            flaw,
            store,
            process: tokio::sync::Mutex::default(),
            cache: Mutex::default(),
            reads: AtomicU32::new(0),
        }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn slot(&self, key: u32) -> u32 {
        if self.is(Flaw::KeysAreCutShort) { key % 32 } else { key }
    }

    fn refusal(&self, record: &Record<User>) -> Option<StoreError> {
        let is_accepted = match record.value {
            Some(_) => self.is(Flaw::AcceptsValuesOfStampZero),
            None => self.is(Flaw::AcceptsTombstonesOfStampZero),
        };
        let is_zero = record.stamp == Stamp::ZERO && !is_accepted;
        let is_forbidden = record.value.as_ref() == Some(&forbidden(0));
        (is_zero || is_forbidden).then(|| StoreError::rejected("a constraint"))
    }

    /// Looks and writes at once, as it should be.
    fn exchange(&self, key: u32, record: &Record<User>) -> Applied {
        let mut rows = self.store.rows();
        if let Err(stale) = self.stale(record, rows.get(&key)) {
            return stale;
        }
        self.store.put(&mut rows, key, record);
        Applied::Stored
    }

    /// The answer, if the record is not taken.
    fn stale(&self, record: &Record<User>, stored: Option<&Record<User>>) -> Result<(), Applied> {
        if self.store.takes(record, stored) {
            return Ok(());
        }
        Err(match self.flaw {
            Flaw::AnswersStoredWhenStale => Applied::Stored,
            Flaw::AnswersTheOfferedStamp => Applied::Stale(record.stamp),
            _ => Applied::Stale(stored.map_or(Stamp::ZERO, |stored| stored.stamp)),
        })
    }

    /// Looks, waits, and writes what has been overtaken meanwhile.
    async fn look_then_write(&self, key: u32, record: &Record<User>) -> Applied {
        let stored = self.store.rows().get(&key).cloned();
        yield_now().await;
        if let Err(stale) = self.stale(record, stored.as_ref()) {
            return stale;
        }
        self.store.put(&mut self.store.rows(), key, record);
        Applied::Stored
    }

    /// Leaves something else behind for a moment.
    async fn write_in_steps(&self, key: u32, record: &Record<User>) -> Applied {
        let stored = self.store.rows().get(&key).cloned();
        if let Err(stale) = self.stale(record, stored.as_ref()) {
            return stale;
        }
        if self.is(Flaw::DeletesThenInserts) {
            self.store.rows().remove(&key);
        } else if let Some(row) = self.store.rows().get_mut(&key) {
            row.value.clone_from(&record.value);
        }
        yield_now().await;
        self.store.put(&mut self.store.rows(), key, record);
        Applied::Stored
    }

    /// Marks the key as busy, and forgets to unmark it when it is dropped.
    async fn write_when_free(
        &self,
        key: u32,
        record: &Record<User>,
    ) -> Result<Applied, StoreError> {
        let lock = self.store.lock_of(key);
        let Ok(guard) = lock.try_lock_owned() else {
            return Err(StoreError::unavailable("busy"));
        };
        let guard = std::mem::ManuallyDrop::new(guard);
        yield_now().await;
        drop(std::mem::ManuallyDrop::into_inner(guard));
        Ok(self.exchange(key, record))
    }
}

/// A row that the store's constraint refuses.
fn forbidden(n: u32) -> User {
    (n, "forbidden".to_owned())
}

#[async_trait]
impl StampedRepository for Flawed {
    type Key = u32;
    type Entity = User;

    fn key(&self, user: &User) -> u32 {
        match self.flaw {
            Flaw::KeyOfTheWholeEntity => user.0 * 100 + u32::try_from(user.1.len()).unwrap(),
            _ => user.0,
        }
    }

    async fn read(&self, key: &u32) -> Result<Record<User>, StoreError> {
        let key = self.slot(*key);
        let count = self.reads.fetch_add(1, Ordering::Relaxed);
        let absent = match self.flaw {
            Flaw::AbsentReadsAsBase => Record::tombstone(Stamp::BASE),
            _ => Record::absent(),
        };
        let mut found = self.store.rows().get(&key).cloned();
        match self.flaw {
            Flaw::ReadsAReplica => found = self.store.replica().get(&key).cloned(),
            Flaw::ReadsAReplicaAtTimes if count % 2 == 1 => {
                found = self.store.replica().get(&key).cloned();
            }
            Flaw::ReadsInTwoSteps => {
                yield_now().await;
                let value = self.store.rows().get(&key).and_then(|row| row.value.clone());
                found = found.map(|row| Record { value, ..row });
            }
            Flaw::CachesReads => {
                let mut cache = self.cache.lock().unwrap();
                let fresh = found.unwrap_or_else(Record::absent);
                found = Some(cache.entry(key).or_insert(fresh).clone());
            }
            _ => {}
        }
        let mut found = found.unwrap_or(absent);
        if found.stamp == Stamp::BASE && found.value.is_some() {
            match self.flaw {
                Flaw::UnstampedRowsReadAsZero => found.stamp = Stamp::ZERO,
                Flaw::UnstampedRowsAreInvisible => found = Record::absent(),
                _ => {}
            }
        }
        Ok(found)
    }

    async fn apply(&self, key: &u32, record: &Record<User>) -> Result<Applied, StoreError> {
        let key = self.slot(*key);
        self.cache.lock().unwrap().remove(&key);
        if let Some(refusal) = self.refusal(record) {
            if self.is(Flaw::RejectsTooLate) && record.stamp > Stamp::ZERO {
                self.exchange(key, record);
            }
            return Err(refusal);
        }
        match self.flaw {
            Flaw::LooksThenWrites => Ok(self.look_then_write(key, record).await),
            Flaw::LooksThenDeletes if record.value.is_none() => {
                Ok(self.look_then_write(key, record).await)
            }
            Flaw::LocksInTheProcess => {
                let _guard = self.process.lock().await;
                Ok(self.look_then_write(key, record).await)
            }
            Flaw::DeletesThenInserts | Flaw::WritesInTwoSteps => {
                Ok(self.write_in_steps(key, record).await)
            }
            Flaw::StaysLockedWhenDropped => self.write_when_free(key, record).await,
            _ => Ok(self.exchange(key, record)),
        }
    }

    async fn apply_many(
        &self,
        records: &[(u32, Record<User>)],
    ) -> Vec<Result<Applied, StoreError>> {
        self.apply_batch(records).await
    }

    async fn read_many(&self, keys: &[u32]) -> Vec<Result<Record<User>, StoreError>> {
        self.read_batch(keys).await
    }
}

/// An empty store with a flaw.
pub(crate) struct FlawedFixture(Arc<Flawed>);

impl FlawedFixture {
    pub(crate) fn open(flaw: Flaw) -> Self {
        let store = Arc::new(Store::new(flaw));
        Self(Arc::new(Flawed::open(flaw, store)))
    }
}

#[async_trait]
impl StampedFixture for FlawedFixture {
    type Repository = Flawed;

    fn repository(&self) -> Arc<Flawed> {
        Arc::clone(&self.0)
    }

    async fn reopened(&self) -> Arc<Flawed> {
        Arc::new(Flawed::open(self.0.flaw, Arc::clone(&self.0.store)))
    }

    fn entity(&self, n: u32, variant: u32) -> User {
        user(n, variant)
    }

    fn key(&self, n: u32) -> u32 {
        n
    }

    async fn plant(&self, user: User) -> bool {
        self.0.store.plant(user);
        true
    }

    fn rejected(&self, n: u32) -> Option<User> {
        Some(forbidden(n))
    }
}
