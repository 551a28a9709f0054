//! A table of rows that knows nothing of stamps, behind a link.

use std::num::NonZeroUsize;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::{InMemoryPlainRepository, InMemoryTransaction};
use strangler_fig::repository::{Access, ListRepository, Repository, TransactionalRepository};

use super::database::Row;
use super::link::Link;

type Rows = InMemoryPlainRepository<u32, Row>;
type Transaction = InMemoryTransaction<u32, Row>;

/// A table of rows, behind a link.
#[derive(Debug)]
pub(crate) struct Plain {
    rows: Rows,
    link: Link,
}

impl Plain {
    pub(crate) fn new(rows: &Rows, link: Link) -> Self {
        Self { rows: rows.clone(), link }
    }
}

#[async_trait]
impl Repository for Plain {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn find(&self, key: &u32) -> Result<Option<Row>, StoreError> {
        self.link.look(u64::from(*key), self.rows.find(key)).await
    }

    async fn save(&self, row: Row) -> Result<(), StoreError> {
        let rows = self.rows.clone();
        self.link.change(u64::from(row.0), move || async move { rows.save(row).await }).await
    }

    async fn delete(&self, key: &u32) -> Result<(), StoreError> {
        let (rows, key) = (self.rows.clone(), *key);
        self.link.change(u64::from(key), move || async move { rows.delete(&key).await }).await
    }
}

#[async_trait]
impl ListRepository for Plain {
    async fn list(&self, after: Option<&u32>, limit: NonZeroUsize) -> Result<Vec<Row>, StoreError> {
        self.link.look(0, self.rows.list(after, limit)).await
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        self.link.look(0, ListRepository::last_key(&self.rows)).await
    }
}

#[async_trait]
impl TransactionalRepository for Plain {
    type Transaction = Transaction;

    async fn begin(&self, access: Access) -> Result<Transaction, StoreError> {
        self.link.look(0, async { Ok(()) }).await?;
        self.rows.begin(access).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        let rows = self.rows.clone();
        self.link.change(0, move || async move { rows.commit(transaction).await }).await
    }

    async fn find_in(
        &self,
        transaction: &mut Transaction,
        key: &u32,
    ) -> Result<Option<Row>, StoreError> {
        self.rows.find_in(transaction, key).await
    }

    async fn save_in(&self, transaction: &mut Transaction, row: &Row) -> Result<(), StoreError> {
        self.rows.save_in(transaction, row).await
    }

    async fn delete_in(&self, transaction: &mut Transaction, key: &u32) -> Result<(), StoreError> {
        self.rows.delete_in(transaction, key).await
    }

    async fn list_in(
        &self,
        transaction: &mut Transaction,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Row>, StoreError> {
        self.rows.list_in(transaction, after, limit).await
    }

    async fn last_key_in(&self, transaction: &mut Transaction) -> Result<Option<u32>, StoreError> {
        self.rows.last_key_in(transaction).await
    }
}
