//! A side with a stamp in each row.

use std::collections::HashMap;
use std::iter::repeat_n;
use std::num::NonZeroUsize;

use mysql_async::Value;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{Applied, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};

use super::MariadbDatabase;
use super::database::Lease;
use super::error::taken;
use super::row::{first, id, keyed, params, stamped};
use crate::batch::{self, Batch, Found, Keyed};
use crate::customer::Customer;
use crate::effect::Effect;

/// The table of customers.
pub const CUSTOMER_SCHEMA: &str = include_str!("customer.sql");

const SELECT: &str = "\
    SELECT id, stamp, name, email, balance, joined, visits, is_active, seal FROM customer";
const INSERT: &str = "\
    INSERT INTO customer
        (id, stamp, name, email, balance, joined, visits, is_active, seal) VALUES";
// The whole protocol in one condition. Assignments are made from left to right
// and see those before them: the stamp comes last. The first fails, since no key
// is NULL, if the row that is there is another, that of a second unique index.
const IF_LARGER: &str = "\
    ON DUPLICATE KEY UPDATE
        id = IF(id = VALUES(id), id, NULL),
        name = IF(VALUES(stamp) > stamp, VALUES(name), name),
        email = IF(VALUES(stamp) > stamp, VALUES(email), email),
        balance = IF(VALUES(stamp) > stamp, VALUES(balance), balance),
        joined = IF(VALUES(stamp) > stamp, VALUES(joined), joined),
        visits = IF(VALUES(stamp) > stamp, VALUES(visits), visits),
        is_active = IF(VALUES(stamp) > stamp, VALUES(is_active), is_active),
        seal = IF(VALUES(stamp) > stamp, VALUES(seal), seal),
        stamp = IF(VALUES(stamp) > stamp, VALUES(stamp), stamp)";
// Locks the rows of all keys, makes those that are missing, and tells the stamps.
const LOCK: &str = "INSERT INTO customer (id, stamp) VALUES";
const STAMPS: &str = "\
    ON DUPLICATE KEY UPDATE id = IF(id = VALUES(id), id, NULL) RETURNING id, stamp";
const STAMP: &str = "SELECT id, stamp FROM customer WHERE id = ?";
const LAST_KEY: &str = "SELECT id FROM customer ORDER BY id DESC LIMIT 1";

/// Customers with their stamps.
#[derive(Debug, Clone)]
pub struct MariadbRepository {
    pub(super) database: MariadbDatabase,
}

impl MariadbRepository {
    /// The customers of `database`.
    #[must_use]
    pub const fn new(database: MariadbDatabase) -> Self {
        Self { database }
    }

    /// Those of `keys` that are there.
    async fn find_all(&self, keys: &[Vec<u8>]) -> Result<Found<Vec<u8>, Customer>, StoreError> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(Self::ROWS_MAX) {
            let sql = format!("{SELECT} WHERE id IN ({})", list("?", keys.len()));
            let params = keys.iter().map(Value::from).collect();
            let rows = self.database.query(Effect::None, &sql, params).await?;
            for row in rows {
                // A row that cannot be read says nothing of the others.
                let key = first(&row)?;
                found.insert(key, keyed(row).map(|(_, record)| record));
            }
        }
        Ok(found)
    }

    async fn stale(&self, key: &[u8], offered: Stamp) -> Result<Applied, StoreError> {
        let mut rows = self.database.query(Effect::None, STAMP, vec![key.into()]).await?;
        // A tombstone that was purged meanwhile was no smaller.
        let stored = rows.pop().map(stamped).transpose()?;
        Ok(Applied::Stale(stored.map_or(offered, |(_, stamp)| stamp)))
    }
}

#[async_trait]
impl StampedRepository for MariadbRepository {
    type Key = Vec<u8>;
    type Entity = Customer;

    fn key(&self, customer: &Customer) -> Vec<u8> {
        customer.id.clone()
    }

    async fn read(&self, key: &Vec<u8>) -> Result<Record<Customer>, StoreError> {
        let sql = format!("{SELECT} WHERE id = ?");
        let mut rows = self.database.query(Effect::None, &sql, vec![key.into()]).await?;
        rows.pop().map_or(Ok(Record::absent()), |row| Ok(keyed(row)?.1))
    }

    async fn apply(&self, key: &Vec<u8>, record: &Record<Customer>) -> Result<Applied, StoreError> {
        if record.stamp == Stamp::ZERO {
            return Err(batch::unstamped());
        }
        let sql = format!("{INSERT} ({}) {IF_LARGER}", list("?", 9));
        let params = params(key, record)?.into();
        let changes = self.database.execute(&sql, params).await.map_err(taken)?;
        // One for a new row, two for a changed one, none if all stayed as it was.
        if changes > 0 { Ok(Applied::Stored) } else { self.stale(key, record.stamp).await }
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
        batch::each(keys, &self.find_all(keys).await)
    }
}

impl Batch<Vec<u8>, Customer> for MariadbRepository {
    /// Nine parameters each, of at most 65,535.
    const ROWS_MAX: usize = 1_000;

    /// Here one statement cannot tell which of many rows it changed: so the rows
    /// are locked first, and those that change are written then.
    async fn apply_all(
        &self,
        records: &[&Keyed<Vec<u8>, Customer>],
    ) -> Result<Vec<Applied>, StoreError> {
        let mut lease = self.database.lease().await?;
        lease.command(Effect::None, "START TRANSACTION").await?;
        let applied = match store_all(&mut lease, records).await {
            Ok(applied) => applied,
            Err(error) => {
                // In the middle of a call it is closed, which rolls back too: a
                // `ROLLBACK` would read the answer to that call.
                if !lease.is_busy() {
                    lease.command(Effect::None, "ROLLBACK").await?;
                }
                return Err(error);
            }
        };
        lease.command(Effect::Possible, "COMMIT").await?;
        Ok(applied)
    }
}

/// Within a transaction.
async fn store_all(
    lease: &mut Lease,
    records: &[&Keyed<Vec<u8>, Customer>],
) -> Result<Vec<Applied>, StoreError> {
    let sql = format!("{LOCK} {} {STAMPS}", list("(?, REPEAT(X'00', 16))", records.len()));
    let keys = records.iter().map(|(key, _)| Value::from(key)).collect();
    let rows = lease.query(Effect::None, &sql, keys).await?;
    let held = rows.into_iter().map(stamped).collect::<Result<HashMap<_, _>, _>>()?;
    let answer = |(key, record): &&Keyed<Vec<u8>, Customer>| match held.get(key) {
        Some(stored) if !record.supersedes(*stored) => Applied::Stale(*stored),
        _ => Applied::Stored,
    };
    let answers: Vec<_> = records.iter().map(answer).collect();

    let mut rows = Vec::with_capacity(9 * records.len());
    for ((key, record), answer) in records.iter().zip(&answers) {
        if *answer == Applied::Stored {
            rows.extend(params(key, record)?);
        }
    }
    if !rows.is_empty() {
        let row = format!("({})", list("?", 9));
        let sql = format!("{INSERT} {} {IF_LARGER}", list(&row, rows.len() / 9));
        lease.query(Effect::None, &sql, rows).await?;
    }
    Ok(answers)
}

#[async_trait]
impl ScanRepository for MariadbRepository {
    async fn scan(
        &self,
        after: Option<&Vec<u8>>,
        limit: NonZeroUsize,
    ) -> Result<Page<Vec<u8>, Customer>, StoreError> {
        let rows = Value::from(limit.get().min(usize::MAX >> 1));
        let (range, params) = match after {
            None => ("", vec![rows]),
            Some(after) => ("WHERE id > ?", vec![after.into(), rows]),
        };
        let sql = format!("{SELECT} {range} ORDER BY id LIMIT ?");
        let rows = self.database.query(Effect::None, &sql, params).await?;
        let records = rows.into_iter().map(keyed).collect::<Result<Vec<_>, _>>()?;
        let is_last = records.len() < limit.get();
        Ok(Page::new(records, is_last))
    }

    async fn last_key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut rows = self.database.query(Effect::None, LAST_KEY, Vec::new()).await?;
        rows.pop().map(id).transpose()
    }
}

/// `item, item, …`, `times` times.
fn list(item: &str, times: usize) -> String {
    repeat_n(item, times).collect::<Vec<_>>().join(", ")
}
