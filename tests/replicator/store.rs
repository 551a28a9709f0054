//! A store in memory in which some keys get no answer, while all others do.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::repository::{Applied, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::Record;

use crate::support::Row;

#[derive(Debug, Clone)]
pub(crate) struct Rows {
    memory: InMemoryRepository<u32, Row>,
    unreadable: Arc<Mutex<BTreeSet<u32>>>,
    unwritable: Arc<Mutex<BTreeSet<u32>>>,
}

impl Rows {
    pub(crate) fn new() -> Self {
        let memory = InMemoryRepository::new(|row: &Row| row.0);
        Self { memory, unreadable: Arc::default(), unwritable: Arc::default() }
    }

    /// No read of this key gets an answer, nor does a write.
    pub(crate) fn spoil(&self, key: u32) {
        self.unreadable.lock().unwrap().insert(key);
        self.spoil_writes(key);
    }

    /// No write of this key gets an answer.
    pub(crate) fn spoil_writes(&self, key: u32) {
        self.unwritable.lock().unwrap().insert(key);
    }

    pub(crate) fn mend(&self) {
        self.unreadable.lock().unwrap().clear();
        self.unwritable.lock().unwrap().clear();
    }
}

impl Deref for Rows {
    type Target = InMemoryRepository<u32, Row>;

    fn deref(&self) -> &Self::Target {
        &self.memory
    }
}

fn answered(spoilt: &Mutex<BTreeSet<u32>>, key: u32) -> Result<(), StoreError> {
    if spoilt.lock().unwrap().contains(&key) {
        return Err(StoreError::unknown("this row takes for ever"));
    }
    Ok(())
}

#[async_trait]
impl StampedRepository for Rows {
    type Key = u32;
    type Entity = Row;

    fn key(&self, entity: &Row) -> u32 {
        entity.0
    }

    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        answered(&self.unreadable, *key)?;
        self.memory.read(key).await
    }

    async fn apply(&self, key: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        answered(&self.unwritable, *key)?;
        self.memory.apply(key, record).await
    }
}

#[async_trait]
impl ScanRepository for Rows {
    async fn scan(
        &self,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Page<u32, Row>, StoreError> {
        self.memory.scan(after, limit).await
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        self.memory.last_key().await
    }
}
