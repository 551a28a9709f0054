//! A store that is slow, refuses, and fails after its effect or long before it,
//! by a seed.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::repository::{Applied, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::Record;

pub(crate) type Row = (u32, u64);
pub(crate) type Store = InMemoryRepository<u32, Row>;

#[derive(Clone, Debug)]
pub(crate) struct Chaos {
    pub(crate) store: Store,
    rng: Arc<Mutex<Rng>>,
    calm: Arc<Mutex<bool>>,
}

enum Fate {
    Fine,
    Refused,
    LostAnswer,
    NeverArrived,
    LandsLater(Duration),
}

impl Chaos {
    pub(crate) fn new(seed: u64) -> Self {
        let rng = Arc::new(Mutex::new(Rng::with_seed(seed)));
        Self { store: Store::new(|row| row.0), rng, calm: Arc::default() }
    }

    pub(crate) fn calm_down(&self) {
        *self.calm.lock().unwrap() = true;
    }

    async fn delay(&self) {
        let millis = {
            let mut rng = self.rng.lock().unwrap();
            if *self.calm.lock().unwrap() {
                0
            } else if rng.u32(0..20) == 0 {
                rng.u64(0..400)
            } else {
                rng.u64(0..12)
            }
        };
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    fn fate(&self) -> Fate {
        let mut rng = self.rng.lock().unwrap();
        if *self.calm.lock().unwrap() {
            return Fate::Fine;
        }
        match rng.u32(0..100) {
            0..3 => Fate::Refused,
            3..6 => Fate::LostAnswer,
            6..8 => Fate::NeverArrived,
            8..10 => Fate::LandsLater(Duration::from_millis(rng.u64(0..6_000))),
            _ => Fate::Fine,
        }
    }

    /// A query over all rows, as slow and as unreliable as any read.
    pub(crate) async fn list(&self) -> Result<Vec<Row>, StoreError> {
        self.delay().await;
        self.readable()?;
        let rows = self.store.records().into_iter().filter_map(|(_, record)| record.value);
        let rows = rows.collect();
        self.delay().await;
        Ok(rows)
    }

    fn readable(&self) -> Result<(), StoreError> {
        match self.fate() {
            Fate::Fine | Fate::LandsLater(_) | Fate::NeverArrived => Ok(()),
            Fate::Refused => Err(StoreError::unavailable("refused")),
            Fate::LostAnswer => Err(StoreError::unknown("lost")),
        }
    }
}

#[async_trait]
impl StampedRepository for Chaos {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        self.delay().await;
        self.readable()?;
        let record = self.store.read(key).await;
        self.delay().await;
        record
    }

    async fn apply(&self, key: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        self.delay().await;
        match self.fate() {
            Fate::Fine => {
                let applied = self.store.apply(key, record).await;
                self.delay().await;
                applied
            }
            Fate::Refused => Err(StoreError::unavailable("refused")),
            Fate::NeverArrived => Err(StoreError::unknown("never arrived")),
            Fate::LostAnswer => {
                self.store.apply(key, record).await?;
                Err(StoreError::unknown("answer lost"))
            }
            Fate::LandsLater(delay) => {
                let (store, key, record) = (self.store.clone(), *key, record.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    let _ = store.apply(&key, &record).await;
                });
                Err(StoreError::unknown("lands later"))
            }
        }
    }
}

#[async_trait]
impl ScanRepository for Chaos {
    async fn scan(
        &self,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Page<u32, Row>, StoreError> {
        self.delay().await;
        self.readable()?;
        self.store.scan(after, limit).await
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        self.delay().await;
        self.readable()?;
        self.store.last_key().await
    }
}
