//! A table that can grow neither a column nor a tombstone: other code reads it.
//! With [`MariadbStamps`](super::MariadbStamps) beside it, a `SideStamped` is
//! the side.

use std::num::NonZeroUsize;

use mysql_async::Value;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{Access, Repository, SideStamped, TransactionalRepository};

use super::error::taken;
use super::row::{id, plain, values};
use super::{MariadbDatabase, MariadbStamps, MariadbTransaction};
use crate::customer::Customer;
use crate::effect::Effect;

/// The monolith's table, and that of the stamps.
pub const PLAIN_SCHEMA: &str = include_str!("plain_customer.sql");

const FIND: &str = "\
    SELECT id, name, email, balance, joined, visits, is_active, seal
    FROM plain_customer WHERE id = ?";
// The row that is there may be another, that of a second unique index: then the
// first assignment fails, since no key is NULL.
const SAVE: &str = "\
    INSERT INTO plain_customer (id, name, email, balance, joined, visits, is_active, seal)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON DUPLICATE KEY UPDATE
        id = IF(id = VALUES(id), id, NULL),
        name = VALUES(name), email = VALUES(email), balance = VALUES(balance),
        joined = VALUES(joined), visits = VALUES(visits), is_active = VALUES(is_active),
        seal = VALUES(seal)";
const DELETE: &str = "DELETE FROM plain_customer WHERE id = ?";
const FIRST_PAGE: &str = "\
    SELECT id, name, email, balance, joined, visits, is_active, seal
    FROM plain_customer ORDER BY id LIMIT ?";
const NEXT_PAGE: &str = "\
    SELECT id, name, email, balance, joined, visits, is_active, seal
    FROM plain_customer WHERE id > ? ORDER BY id LIMIT ?";
const LAST_KEY: &str = "SELECT id FROM plain_customer ORDER BY id DESC LIMIT 1";

/// Customers as the monolith has them.
#[derive(Debug, Clone)]
pub struct MariadbCustomers {
    database: MariadbDatabase,
}

impl MariadbCustomers {
    /// The customers of `database`.
    #[must_use]
    pub const fn new(database: MariadbDatabase) -> Self {
        Self { database }
    }

    /// A side of a migration: the same, with stamps beside them.
    #[must_use]
    pub const fn stamped(self) -> SideStamped<Self, MariadbStamps> {
        SideStamped::new(self, MariadbStamps)
    }
}

fn params(of: &Customer) -> Result<Vec<Value>, StoreError> {
    Ok([Value::from(&of.id)].into_iter().chain(values(of)?).collect())
}

#[async_trait]
impl Repository for MariadbCustomers {
    type Key = Vec<u8>;
    type Entity = Customer;

    fn key(&self, customer: &Customer) -> Vec<u8> {
        customer.id.clone()
    }

    async fn find(&self, key: &Vec<u8>) -> Result<Option<Customer>, StoreError> {
        let mut rows = self.database.query(Effect::None, FIND, vec![key.into()]).await?;
        rows.pop().map(plain).transpose()
    }

    async fn save(&self, customer: Customer) -> Result<(), StoreError> {
        self.database.execute(SAVE, params(&customer)?).await.map(drop).map_err(taken)
    }

    async fn delete(&self, key: &Vec<u8>) -> Result<(), StoreError> {
        self.database.execute(DELETE, vec![key.into()]).await.map(drop)
    }
}

#[async_trait]
impl TransactionalRepository for MariadbCustomers {
    type Transaction = MariadbTransaction;

    async fn begin(&self, access: Access) -> Result<MariadbTransaction, StoreError> {
        MariadbTransaction::begin(&self.database, access).await
    }

    async fn commit(&self, open: MariadbTransaction) -> Result<(), StoreError> {
        open.commit().await
    }

    async fn find_in(
        &self,
        open: &mut MariadbTransaction,
        key: &Vec<u8>,
    ) -> Result<Option<Customer>, StoreError> {
        open.lock(key).await?;
        let mut rows = open.query(FIND, vec![key.into()]).await?;
        rows.pop().map(plain).transpose()
    }

    async fn save_in(
        &self,
        open: &mut MariadbTransaction,
        customer: &Customer,
    ) -> Result<(), StoreError> {
        open.lock(&customer.id).await?;
        open.query(SAVE, params(customer)?).await.map(drop).map_err(taken)
    }

    async fn delete_in(
        &self,
        open: &mut MariadbTransaction,
        key: &Vec<u8>,
    ) -> Result<(), StoreError> {
        open.lock(key).await?;
        open.query(DELETE, vec![key.into()]).await.map(drop)
    }

    async fn list_in(
        &self,
        open: &mut MariadbTransaction,
        after: Option<&Vec<u8>>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Customer>, StoreError> {
        let limit = Value::from(limit.get().min(usize::MAX >> 1));
        let rows = match after {
            None => open.query(FIRST_PAGE, vec![limit]).await?,
            Some(after) => open.query(NEXT_PAGE, vec![after.into(), limit]).await?,
        };
        rows.into_iter().map(plain).collect()
    }

    async fn last_key_in(
        &self,
        open: &mut MariadbTransaction,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut rows = open.query(LAST_KEY, Vec::new()).await?;
        rows.pop().map(id).transpose()
    }
}
