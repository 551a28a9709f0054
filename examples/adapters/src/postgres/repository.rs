//! A side with a stamp in each row: one call is one statement.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;

use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::repository::{Applied, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use tokio_postgres::error::SqlState;

use super::PostgresDatabase;
use super::error::is_code;
use super::row::{Columns, id, keyed, stamp};
use crate::batch::{self, Batch, Keyed};
use crate::customer::Customer;
use crate::effect::Effect;

/// The table of customers.
pub const CUSTOMER_SCHEMA: &str = include_str!("customer.sql");

const READ: &str = "\
    SELECT id, stamp, name, email, balance, joined, visits, is_active, seal
    FROM customer WHERE id = ANY($1)";
const STAMPS: &str = "SELECT id, stamp FROM customer WHERE id = ANY($1)";
// The whole protocol in one condition. One statement for one record or for many:
// each parameter is a column.
const APPLY: &str = "\
    INSERT INTO customer AS held
        (id, stamp, name, email, balance, joined, visits, is_active, seal)
    SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::bigint[],
        $6::timestamptz[], $7::bigint[], $8::boolean[], $9::bytea[])
    ON CONFLICT (id) DO UPDATE SET
        stamp = excluded.stamp, name = excluded.name, email = excluded.email,
        balance = excluded.balance, joined = excluded.joined, visits = excluded.visits,
        is_active = excluded.is_active, seal = excluded.seal
    WHERE held.stamp < excluded.stamp
    RETURNING id";
// Two statements: with `$1 IS NULL OR id > $1` the server would read from the
// start each time. And not `id > ''`: the empty key is a key.
const FIRST_PAGE: &str = "\
    SELECT id, stamp, name, email, balance, joined, visits, is_active, seal
    FROM customer ORDER BY id LIMIT $1";
const NEXT_PAGE: &str = "\
    SELECT id, stamp, name, email, balance, joined, visits, is_active, seal
    FROM customer WHERE id > $2 ORDER BY id LIMIT $1";
// Where no row stands in the way, as in a backfill, rows are copied: it costs the
// server half of an upsert.
const COPY: &str = "\
    COPY customer (id, stamp, name, email, balance, joined, visits, is_active, seal)
    FROM STDIN (FORMAT binary)";
const COPIED_MIN: usize = 100;
const IS_TAKEN: &str = "SELECT EXISTS (SELECT FROM customer WHERE id BETWEEN $1 AND $2)";
const LAST_KEY: &str = "SELECT id FROM customer ORDER BY id DESC LIMIT 1";

/// Customers with their stamps.
#[derive(Debug, Clone)]
pub struct PostgresRepository {
    pub(super) database: PostgresDatabase,
    /// Whether digests are those that only PostgreSQL computes.
    pub(super) is_native: bool,
}

impl PostgresRepository {
    /// The customers of `database`.
    #[must_use]
    pub const fn new(database: PostgresDatabase) -> Self {
        Self { database, is_native: false }
    }

    /// The same, with digests that cost the server a third, and that only another
    /// PostgreSQL computes too: `sha256/pg-record-1`. Both sides are to have them.
    #[must_use]
    pub const fn with_native_digests(mut self) -> Self {
        self.is_native = true;
        self
    }

    /// Whether all were copied, since there is no row among them. A row that comes
    /// between the look and the copy, or one that is refused, undoes the copy.
    async fn copied(&self, columns: &Columns<'_>) -> Result<bool, StoreError> {
        let (Some(first), Some(last)) = (columns.ids.first(), columns.ids.last()) else {
            return Ok(true);
        };
        if columns.ids.len() < COPIED_MIN {
            return Ok(false);
        }
        let taken = self.database.query(Effect::None, IS_TAKEN, &[first, last]).await?;
        if taken.first().is_none_or(|row| row.get(0)) {
            return Ok(false);
        }
        match self.database.copy_in(COPY, &Columns::TYPES, columns.rows()).await {
            Err(error) if error.kind() == StoreErrorKind::Rejected => Ok(false),
            done => done.map(|()| true),
        }
    }

    async fn stamps(&self, ids: &[&[u8]]) -> Result<HashMap<Vec<u8>, Stamp>, StoreError> {
        let rows = self.database.query(Effect::None, STAMPS, &[&ids]).await?;
        rows.iter().map(|row| Ok((id(row)?, stamp(row, 1)?))).collect()
    }
}

#[async_trait]
impl StampedRepository for PostgresRepository {
    type Key = Vec<u8>;
    type Entity = Customer;

    fn key(&self, customer: &Customer) -> Vec<u8> {
        customer.id.clone()
    }

    async fn read(&self, key: &Vec<u8>) -> Result<Record<Customer>, StoreError> {
        let rows = self.database.query(Effect::None, READ, &[&[key.as_slice()].as_slice()]).await?;
        rows.first().map_or(Ok(Record::absent()), |row| Ok(keyed(row)?.1))
    }

    async fn apply(&self, key: &Vec<u8>, record: &Record<Customer>) -> Result<Applied, StoreError> {
        if record.stamp == Stamp::ZERO {
            return Err(batch::unstamped());
        }
        let only = (key.clone(), record.clone());
        Ok(self.apply_all(&[&only]).await?[0])
    }

    async fn apply_many(
        &self,
        records: &[Keyed<Vec<u8>, Customer>],
    ) -> Vec<Result<Applied, StoreError>> {
        batch::apply_many(self, records).await
    }

    fn read_batch(&self) -> NonZeroUsize {
        batch::KEYS
    }

    async fn read_many(&self, keys: &[Vec<u8>]) -> Vec<Result<Record<Customer>, StoreError>> {
        let rows = self.database.query(Effect::None, READ, &[&keys]).await;
        // A row that cannot be read says nothing of the others.
        let found: Result<HashMap<_, _>, _> = rows.and_then(|rows| {
            rows.iter().map(|row| Ok((id(row)?, keyed(row).map(|(_, record)| record)))).collect()
        });
        batch::each(keys, &found)
    }
}

impl Batch<Vec<u8>, Customer> for PostgresRepository {
    const ROWS_MAX: usize = 10_000;

    async fn apply_all(
        &self,
        records: &[&Keyed<Vec<u8>, Customer>],
    ) -> Result<Vec<Applied>, StoreError> {
        let columns = Columns::of(records);
        if self.copied(&columns).await? {
            return Ok(vec![Applied::Stored; records.len()]);
        }
        let params = columns.params();
        let mut stored = self.database.query_each(Effect::Possible, APPLY, &params, id).await;
        // Of two that bring one new row at once, the second may meet the first at
        // another unique index than that of the key. Then the row is there, and is
        // found. Of several records it is found when they are halved.
        if let ([_], Err(error)) = (records, &stored)
            && is_code(error, &SqlState::UNIQUE_VIOLATION)
        {
            stored = self.database.query_each(Effect::Possible, APPLY, &params, id).await;
        }
        let stored = stored?;
        if stored.len() == records.len() {
            return Ok(vec![Applied::Stored; records.len()]);
        }
        let stored: HashSet<&[u8]> = stored.iter().map(Vec::as_slice).collect();
        let is_stale = |id: &&[u8]| !stored.contains(id);
        let stale: Vec<_> = columns.ids.iter().copied().filter(is_stale).collect();
        // In a statement of its own: the one above does not see what it waited for.
        let held = self.stamps(&stale).await.map_err(|error| {
            if stored.is_empty() { error } else { error.with_kind(StoreErrorKind::Unknown) }
        })?;
        let answer = |(id, record): &&Keyed<Vec<u8>, Customer>| {
            if stored.contains(id.as_slice()) {
                return Applied::Stored;
            }
            // A tombstone that was purged meanwhile was no smaller.
            Applied::Stale(held.get(id).copied().unwrap_or(record.stamp))
        };
        Ok(records.iter().map(answer).collect())
    }
}

#[async_trait]
impl ScanRepository for PostgresRepository {
    async fn scan(
        &self,
        after: Option<&Vec<u8>>,
        limit: NonZeroUsize,
    ) -> Result<Page<Vec<u8>, Customer>, StoreError> {
        let rows = i64::try_from(limit.get()).unwrap_or(i64::MAX);
        let records = match after {
            None => self.database.query_each(Effect::None, FIRST_PAGE, &[&rows], keyed).await?,
            Some(after) => {
                self.database.query_each(Effect::None, NEXT_PAGE, &[&rows, after], keyed).await?
            }
        };
        let is_last = records.len() < limit.get();
        Ok(Page::new(records, is_last))
    }

    async fn last_key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.database.query(Effect::None, LAST_KEY, &[]).await?;
        rows.first().map(id).transpose()
    }
}
