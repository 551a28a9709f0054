//! Two stores in memory that can be slow, or panic, and count their reads.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::repository::{Applied, StampedRepository};
use strangler_fig::stamp::Record;

pub(crate) type Row = (u64, &'static str);

/// A store, as one node reaches it.
pub(crate) struct Store {
    rows: InMemoryRepository<u64, Row>,
    delay: Mutex<Duration>,
    panics: AtomicBool,
    reads: AtomicU32,
}

impl Store {
    fn new(rows: InMemoryRepository<u64, Row>) -> Arc<Self> {
        let (delay, panics) = (Mutex::default(), AtomicBool::new(false));
        Arc::new(Self { rows, delay, panics, reads: AtomicU32::new(0) })
    }

    pub(crate) fn delay(&self, delay: Duration) {
        *self.delay.lock().unwrap_or_else(PoisonError::into_inner) = delay;
    }

    pub(crate) fn panic_from_now_on(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    pub(crate) fn reads(&self) -> u32 {
        self.reads.load(Ordering::SeqCst)
    }

    async fn mishap(&self) {
        let delay = *self.delay.lock().unwrap_or_else(PoisonError::into_inner);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        assert!(!self.panics.load(Ordering::SeqCst), "as told");
    }

    /// Stores a row as one does without stamps.
    pub(crate) async fn put(&self, row: Row) {
        self.mishap().await;
        self.rows.plant(row);
    }

    /// The row of a key.
    pub(crate) async fn get(&self, key: u64) -> Result<Option<Row>, StoreError> {
        Ok(self.read(&key).await?.value)
    }
}

#[async_trait]
impl StampedRepository for Store {
    type Key = u64;
    type Entity = Row;

    fn key(&self, row: &Row) -> u64 {
        row.0
    }

    async fn read(&self, key: &u64) -> Result<Record<Row>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.mishap().await;
        self.rows.read(key).await
    }

    async fn apply(&self, key: &u64, record: &Record<Row>) -> Result<Applied, StoreError> {
        self.mishap().await;
        self.rows.apply(key, record).await
    }
}

/// Both stores, as one node reaches them.
pub(crate) struct Stores {
    pub(crate) legacy: Arc<Store>,
    pub(crate) modern: Arc<Store>,
}

impl Default for Stores {
    fn default() -> Self {
        let [legacy, modern] = [(); 2].map(|()| Store::new(InMemoryRepository::new(|row| row.0)));
        Self { legacy, modern }
    }
}

impl Stores {
    /// Makes both slow.
    pub(crate) fn delay(&self, delay: Duration) {
        self.legacy.delay(delay);
        self.modern.delay(delay);
    }

    /// The same stores from further away.
    pub(crate) fn with_slow_modern(&self, delay: Duration) -> Self {
        let modern = Store::new(self.modern.rows.clone());
        modern.delay(delay);
        Self { legacy: Arc::clone(&self.legacy), modern }
    }

    /// Whether they hold different rows for a key.
    pub(crate) fn differ(&self, key: u64) -> bool {
        let held = |store: &Store| {
            let records = store.rows.records();
            records.into_iter().find(|(held, _)| *held == key).and_then(|(_, record)| record.value)
        };
        held(&self.legacy) != held(&self.modern)
    }
}
