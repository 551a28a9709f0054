//! The servers that hold the rows, and how a process reaches them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::{
    InMemoryPlainRepository, InMemoryRepository, InMemoryStampStore, in_memory_tables,
};
use strangler_fig::phase::{PhaseTracker, Side};
use strangler_fig::repository::{
    Applied, Page, ScanRepository, SideStamped, StampedRepository, Unstamped,
};
use strangler_fig::stamp::{Record, StampClock, StampScope};

use super::link::Link;
use super::network::Network;
use super::plain::Plain;
use super::plan::Kind;
use super::process::Process;
use super::weather::Rates;

/// Key and value; every value is written once.
pub(crate) type Row = (u32, u64);

const SCAN_PAGE: NonZeroUsize = NonZeroUsize::new(64).expect("it is not zero");

/// A server, and how often calls to it go wrong.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    side: Side,
    rates: Rates,
    held: Held,
}

#[derive(Debug, Clone)]
enum Held {
    Stamped(InMemoryRepository<u32, Row>),
    Tables(InMemoryPlainRepository<u32, Row>, InMemoryStampStore<u32, Row>),
    Plain(InMemoryPlainRepository<u32, Row>),
}

impl Database {
    pub(crate) fn new(side: Side, kind: Kind, rates: Rates) -> Self {
        let held = match kind {
            Kind::Stamped => Held::Stamped(InMemoryRepository::new(|row| row.0)),
            Kind::SideStamped => {
                let (rows, stamps) = in_memory_tables(|row: &Row| row.0);
                Held::Tables(rows, stamps)
            }
            Kind::Unstamped => Held::Plain(in_memory_tables(|row: &Row| row.0).0),
        };
        Self { side, rates, held }
    }

    /// A row that is older than the crate.
    pub(crate) async fn plant(&self, row: Row) {
        use strangler_fig::repository::Repository;
        match &self.held {
            Held::Stamped(rows) => rows.plant(row),
            Held::Tables(rows, _) | Held::Plain(rows) => rows.save(row).await.unwrap(),
        }
    }

    /// Everything that is stored, tombstones included where there are any.
    pub(crate) async fn records(&self) -> Vec<(u32, Record<Row>)> {
        use strangler_fig::repository::ListRepository;
        let limit = NonZeroUsize::new(100_000).unwrap();
        match &self.held {
            Held::Stamped(rows) => rows.records(),
            Held::Tables(rows, stamps) => {
                let whole = SideStamped::new(rows.clone(), stamps.clone());
                whole.scan(None, limit).await.unwrap().records
            }
            Held::Plain(rows) => {
                let rows = rows.list(None, limit).await.unwrap();
                let record =
                    |row: Row| (row.0, Record::live(strangler_fig::stamp::Stamp::BASE, row));
                rows.into_iter().map(record).collect()
            }
        }
    }

    pub(crate) const fn scope(&self) -> StampScope {
        match self.held {
            Held::Plain(_) => StampScope::Process,
            _ => StampScope::Store,
        }
    }

    /// The server as `process` reaches it.
    pub(crate) fn reached_by(
        &self,
        process: &Arc<Process>,
        network: &Arc<Network>,
        tracker: &Arc<PhaseTracker>,
        stamps: &StampClock,
        rng: Rng,
    ) -> Adapter {
        let link = Link::new(network, process, self.side.name(), self.rates, rng);
        match &self.held {
            Held::Stamped(rows) => Adapter::Stamped(Reached { rows: rows.clone(), link }),
            Held::Tables(rows, beside) => {
                // A transaction that is on its way holds the whole store up.
                let link = link.with_latest(Duration::from_millis(300));
                Adapter::SideStamped(SideStamped::new(Plain::new(rows, link), beside.clone()))
            }
            Held::Plain(rows) => {
                let plain = Plain::new(rows, link);
                let unstamped = Unstamped::new(plain, self.side, tracker.clone(), stamps);
                Adapter::Unstamped(unstamped)
            }
        }
    }
}

/// A server that keeps stamps with its rows.
#[derive(Debug)]
pub(crate) struct Reached {
    rows: InMemoryRepository<u32, Row>,
    link: Link,
}

/// What a process hands to its repository.
#[derive(Debug)]
pub(crate) enum Adapter {
    Stamped(Reached),
    SideStamped(SideStamped<Plain, InMemoryStampStore<u32, Row>>),
    Unstamped(Unstamped<Plain>),
}

impl Adapter {
    /// A query over all rows.
    pub(crate) async fn list(&self) -> Result<Vec<Row>, StoreError> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = self.scan(after.as_ref(), SCAN_PAGE).await?;
            after = page.records.last().map(|(key, _)| *key);
            rows.extend(page.records.into_iter().filter_map(|(_, record)| record.value));
            if page.is_last {
                return Ok(rows);
            }
        }
    }
}

#[async_trait]
impl StampedRepository for Adapter {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        match self {
            Self::Stamped(reached) => {
                reached.link.look(u64::from(*key), reached.rows.read(key)).await
            }
            Self::SideStamped(rows) => rows.read(key).await,
            Self::Unstamped(rows) => rows.read(key).await,
        }
    }

    async fn apply(&self, key: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        match self {
            Self::Stamped(reached) => {
                let (rows, key, record) = (reached.rows.clone(), *key, record.clone());
                let effect = move || async move { rows.apply(&key, &record).await };
                reached.link.change(u64::from(key), effect).await
            }
            Self::SideStamped(rows) => rows.apply(key, record).await,
            Self::Unstamped(rows) => rows.apply(key, record).await,
        }
    }

    async fn apply_many(&self, records: &[(u32, Record<Row>)]) -> Vec<Result<Applied, StoreError>> {
        if let Self::SideStamped(rows) = self {
            return rows.apply_many(records).await;
        }
        let mut answers = Vec::with_capacity(records.len());
        for (key, record) in records {
            answers.push(self.apply(key, record).await);
        }
        answers
    }

    async fn read_many(&self, keys: &[u32]) -> Vec<Result<Record<Row>, StoreError>> {
        match self {
            Self::Stamped(reached) => {
                let records = async { Ok(reached.rows.read_many(keys).await) };
                match reached.link.look(0, records).await {
                    Ok(records) => records,
                    Err(error) => keys.iter().map(|_| Err(error.clone())).collect(),
                }
            }
            Self::SideStamped(rows) => rows.read_many(keys).await,
            Self::Unstamped(rows) => rows.read_many(keys).await,
        }
    }

    fn read_batch(&self) -> NonZeroUsize {
        match self {
            Self::Unstamped(_) => NonZeroUsize::MIN,
            _ => NonZeroUsize::new(4).expect("it is not 0"),
        }
    }

    fn scope(&self) -> StampScope {
        match self {
            Self::Unstamped(_) => StampScope::Process,
            _ => StampScope::Store,
        }
    }
}

#[async_trait]
impl ScanRepository for Adapter {
    async fn scan(
        &self,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Page<u32, Row>, StoreError> {
        match self {
            Self::Stamped(reached) => reached.link.look(0, reached.rows.scan(after, limit)).await,
            Self::SideStamped(rows) => rows.scan(after, limit).await,
            Self::Unstamped(rows) => rows.scan(after, limit).await,
        }
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        match self {
            Self::Stamped(reached) => reached.link.look(0, reached.rows.last_key()).await,
            Self::SideStamped(rows) => rows.last_key().await,
            Self::Unstamped(rows) => rows.last_key().await,
        }
    }
}
