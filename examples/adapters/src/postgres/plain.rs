//! A table that can grow neither a column nor a tombstone: other code reads it.
//! With [`PostgresStamps`](super::PostgresStamps) beside it, a `SideStamped` is
//! the side.

use std::num::NonZeroUsize;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{Access, Repository, SideStamped, TransactionalRepository};
use tokio_postgres::types::ToSql;

use super::row::{Micros, id, plain};
use super::{PostgresDatabase, PostgresStamps, PostgresTransaction};
use crate::customer::Customer;
use crate::effect::Effect;

/// The application's table, and that of the stamps.
pub const PLAIN_SCHEMA: &str = include_str!("plain_customer.sql");

const FIND: &str = "\
    SELECT id, name, email, balance, joined, visits, is_active, seal
    FROM plain_customer WHERE id = $1";
const SAVE: &str = "\
    INSERT INTO plain_customer (id, name, email, balance, joined, visits, is_active, seal)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, email = excluded.email, balance = excluded.balance,
        joined = excluded.joined, visits = excluded.visits, is_active = excluded.is_active,
        seal = excluded.seal";
const DELETE: &str = "DELETE FROM plain_customer WHERE id = $1";
const FIRST_PAGE: &str = "\
    SELECT id, name, email, balance, joined, visits, is_active, seal
    FROM plain_customer ORDER BY id LIMIT $1";
const NEXT_PAGE: &str = "\
    SELECT id, name, email, balance, joined, visits, is_active, seal
    FROM plain_customer WHERE id > $2 ORDER BY id LIMIT $1";
const LAST_KEY: &str = "SELECT id FROM plain_customer ORDER BY id DESC LIMIT 1";

/// Customers as the application has them.
#[derive(Debug, Clone)]
pub struct PostgresCustomers {
    database: PostgresDatabase,
}

impl PostgresCustomers {
    /// The customers of `database`.
    #[must_use]
    pub const fn new(database: PostgresDatabase) -> Self {
        Self { database }
    }

    /// A side of a migration: the same, with stamps beside them.
    #[must_use]
    pub const fn stamped(self) -> SideStamped<Self, PostgresStamps> {
        SideStamped::new(self, PostgresStamps)
    }
}

#[async_trait]
impl Repository for PostgresCustomers {
    type Key = Vec<u8>;
    type Entity = Customer;

    fn key(&self, customer: &Customer) -> Vec<u8> {
        customer.id.clone()
    }

    async fn find(&self, key: &Vec<u8>) -> Result<Option<Customer>, StoreError> {
        let rows = self.database.query(Effect::None, FIND, &[key]).await?;
        rows.first().map(plain).transpose()
    }

    async fn save(&self, customer: Customer) -> Result<(), StoreError> {
        let joined = Micros(customer.joined);
        self.database.query(Effect::Possible, SAVE, &params(&customer, &joined)).await.map(drop)
    }

    async fn delete(&self, key: &Vec<u8>) -> Result<(), StoreError> {
        self.database.query(Effect::Possible, DELETE, &[key]).await.map(drop)
    }
}

#[async_trait]
impl TransactionalRepository for PostgresCustomers {
    type Transaction = PostgresTransaction;

    async fn begin(&self, access: Access) -> Result<PostgresTransaction, StoreError> {
        PostgresTransaction::begin(&self.database, access).await
    }

    async fn commit(&self, open: PostgresTransaction) -> Result<(), StoreError> {
        open.commit().await
    }

    async fn find_in(
        &self,
        open: &mut PostgresTransaction,
        key: &Vec<u8>,
    ) -> Result<Option<Customer>, StoreError> {
        open.lock(key).await?;
        let rows = open.query(FIND, &[key]).await?;
        rows.first().map(plain).transpose()
    }

    async fn save_in(
        &self,
        open: &mut PostgresTransaction,
        customer: &Customer,
    ) -> Result<(), StoreError> {
        open.lock(&customer.id).await?;
        let joined = Micros(customer.joined);
        open.query(SAVE, &params(customer, &joined)).await.map(drop)
    }

    async fn delete_in(
        &self,
        open: &mut PostgresTransaction,
        key: &Vec<u8>,
    ) -> Result<(), StoreError> {
        open.lock(key).await?;
        open.query(DELETE, &[key]).await.map(drop)
    }

    async fn list_in(
        &self,
        open: &mut PostgresTransaction,
        after: Option<&Vec<u8>>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Customer>, StoreError> {
        let limit = i64::try_from(limit.get()).unwrap_or(i64::MAX);
        let rows = match after {
            None => open.query(FIRST_PAGE, &[&limit]).await?,
            Some(after) => open.query(NEXT_PAGE, &[&limit, after]).await?,
        };
        rows.iter().map(plain).collect()
    }

    async fn last_key_in(
        &self,
        open: &mut PostgresTransaction,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = open.query(LAST_KEY, &[]).await?;
        rows.first().map(id).transpose()
    }
}

fn params<'a>(of: &'a Customer, joined: &'a Micros) -> [&'a (dyn ToSql + Sync); 8] {
    [&of.id, &of.name, &of.email, &of.balance, joined, &of.visits, &of.is_active, &of.seal]
}
