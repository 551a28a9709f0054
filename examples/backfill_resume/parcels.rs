//! A table of parcels: the same adapter for both sides. Rows older than the
//! migration have no stamp, which reads as [`Stamp::BASE`].

use std::num::NonZeroUsize;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{Applied, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};

use super::database::{Database, limited, rows};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS parcels (
        id        INTEGER PRIMARY KEY,
        stamp     BLOB,
        recipient TEXT,   -- NULL in a tombstone, as the weight is
        grams     INTEGER
    ) STRICT";

const READ: &str = "SELECT id, stamp, recipient, grams FROM parcels WHERE id = ?1";

const SCAN: &str = "
    SELECT id, stamp, recipient, grams FROM parcels
    WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT ?2";

const APPLY: &str = "
    INSERT INTO parcels (id, stamp, recipient, grams) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (id) DO UPDATE SET
        stamp = excluded.stamp, recipient = excluded.recipient, grams = excluded.grams
    WHERE coalesce(parcels.stamp, x'00000000000000000000000000000001') < excluded.stamp";

/// What is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    pub id: i64,
    pub recipient: String,
    pub grams: i64,
}

/// Parcels in a database file. Clones share it.
#[derive(Debug, Clone)]
pub struct Parcels(Database);

impl Parcels {
    /// The parcels in the file at `path`, which is made if there is none.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        Database::open(path, SCHEMA).map(Self)
    }

    /// Fills an empty table with rows of long ago, without stamps; answers how
    /// many there are.
    pub async fn fill(&self, count: i64) -> Result<i64, StoreError> {
        let work = move |connection: &Connection| {
            let there: i64 =
                connection.query_row("SELECT count(*) FROM parcels", [], |row| row.get(0))?;
            let add = "INSERT INTO parcels (id, recipient, grams) VALUES (?1, ?2, ?3)";
            let mut add = connection.prepare(add)?;
            for id in (1..=count).take_while(|_| there == 0) {
                add.execute(params![id, format!("recipient of parcel {id}"), id * 7 % 30_000])?;
            }
            Ok(if there == 0 { count } else { there })
        };
        self.0.write(work).await
    }
}

fn record(row: &Row) -> rusqlite::Result<(i64, Record<Parcel>)> {
    let (id, stamp): (i64, Option<[u8; 16]>) = (row.get(0)?, row.get(1)?);
    let stamp = stamp.map_or(Stamp::BASE, Stamp::from_bytes);
    let value = match (row.get(2)?, row.get(3)?) {
        (Some(recipient), Some(grams)) => Some(Parcel { id, recipient, grams }),
        _ => None,
    };
    Ok((id, Record { stamp, value }))
}

fn read(connection: &Connection, id: i64) -> rusqlite::Result<Record<Parcel>> {
    let found = connection.prepare_cached(READ)?.query_row([id], record).optional()?;
    Ok(found.map_or_else(Record::absent, |(_, record)| record))
}

fn apply(connection: &Connection, id: i64, to: &Record<Parcel>) -> rusqlite::Result<Applied> {
    let (recipient, grams) = match &to.value {
        Some(parcel) => (Some(&parcel.recipient), Some(parcel.grams)),
        None => (None, None),
    };
    let mut statement = connection.prepare_cached(APPLY)?;
    match statement.execute(params![id, to.stamp.to_bytes(), recipient, grams])? {
        0 => Ok(Applied::Stale(read(connection, id)?.stamp)),
        _ => Ok(Applied::Stored),
    }
}

fn stamped(records: &[(i64, Record<Parcel>)]) -> Result<(), StoreError> {
    if records.iter().any(|(_, record)| record.stamp == Stamp::ZERO) {
        return Err(StoreError::rejected("a record without a stamp cannot be applied"));
    }
    Ok(())
}

#[async_trait]
impl StampedRepository for Parcels {
    type Key = i64;
    type Entity = Parcel;

    fn key(&self, parcel: &Parcel) -> i64 {
        parcel.id
    }

    async fn read(&self, key: &i64) -> Result<Record<Parcel>, StoreError> {
        let key = *key;
        self.0.read(move |connection| read(connection, key)).await
    }

    async fn apply(&self, key: &i64, record: &Record<Parcel>) -> Result<Applied, StoreError> {
        let (key, record) = (*key, record.clone());
        stamped(&[(key, record.clone())])?;
        self.0.write(move |connection| apply(connection, key, &record)).await
    }

    /// A page in one transaction; one by one if a record of it is refused.
    async fn apply_many(
        &self,
        records: &[(i64, Record<Parcel>)],
    ) -> Vec<Result<Applied, StoreError>> {
        let page = records.to_vec();
        let all = move |connection: &Connection| {
            page.iter().map(|(key, record)| apply(connection, *key, record)).collect()
        };
        if stamped(records).is_ok()
            && let Ok(applied) = self.0.write(all).await
        {
            let applied: Vec<Applied> = applied;
            return applied.into_iter().map(Ok).collect();
        }
        let mut answers = Vec::with_capacity(records.len());
        for (key, record) in records {
            answers.push(self.apply(key, record).await);
        }
        answers
    }
}

#[async_trait]
impl ScanRepository for Parcels {
    async fn scan(
        &self,
        after: Option<&i64>,
        limit: NonZeroUsize,
    ) -> Result<Page<i64, Parcel>, StoreError> {
        let (after, limit) = (after.copied(), limited(limit));
        let scanned = self.0.read(move |connection| {
            rows(connection, SCAN, params![after, limit.saturating_add(1)], record)
        });
        let mut records = scanned.await?;
        let is_last = records.len() <= usize::try_from(limit).unwrap_or(usize::MAX);
        if !is_last {
            records.pop();
        }
        Ok(Page::new(records, is_last))
    }

    async fn last_key(&self) -> Result<Option<i64>, StoreError> {
        let last = "SELECT max(id) FROM parcels";
        self.0.read(move |connection| connection.query_row(last, [], |row| row.get(0))).await
    }
}
