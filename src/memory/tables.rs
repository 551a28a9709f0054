//! A store of plain rows with a table of stamps beside it, and transactions
//! over both: what a monolith's database looks like to the crate.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::StoreError;
use crate::key::Key;
use crate::repository::{
    Access, Entity, ListRepository, Repository, StampStore, TransactionalRepository,
};
use crate::stamp::Stamp;

/// Both tables of one store in memory, empty; `key` tells the key of an entity.
///
/// ```
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::repository::{Repository, SideStamped, StampedRepository};
/// use strangler_fig::stamp::{Record, Stamp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (rows, stamps) = in_memory_tables(|user: &(u32, &str)| user.0);
/// rows.save((1, "Ada")).await?; // as code that knows of no stamps
///
/// let users = SideStamped::new(rows, stamps);
/// assert_eq!(users.read(&1).await?, Record::live(Stamp::BASE, (1, "Ada")));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn in_memory_tables<K: Key, E: Entity>(
    key: fn(&E) -> K,
) -> (InMemoryPlainRepository<K, E>, InMemoryStampStore<K, E>) {
    let tables = Arc::new(Mutex::new(Tables { rows: BTreeMap::new(), stamps: BTreeMap::new() }));
    let stamps = InMemoryStampStore { of: std::marker::PhantomData };
    (InMemoryPlainRepository { key, tables }, stamps)
}

#[derive(Clone)]
struct Tables<K, E> {
    rows: BTreeMap<K, E>,
    stamps: BTreeMap<K, Stamp>,
}

fn page_after<'a, K: Ord, V>(
    table: &'a BTreeMap<K, V>,
    after: Option<&K>,
    limit: NonZeroUsize,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    table.range((from, Bound::Unbounded)).take(limit.get())
}

fn last_key<K: Key, V>(table: &BTreeMap<K, V>) -> Option<K> {
    table.last_key_value().map(|(key, _)| key.clone())
}

/// An open transaction: the store is its own until it ends, and changes are
/// made when it is committed.
///
/// ```
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::repository::{Access, Repository, TransactionalRepository};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (users, _) = in_memory_tables(|user: &(u32, &str)| user.0);
/// users.save((1, "Ada")).await?;
/// let mut transaction = users.begin(Access::Write).await?;
/// users.delete_in(&mut transaction, &1).await?;
/// assert_eq!(users.find_in(&mut transaction, &1).await?, None);
/// drop(transaction);
/// assert_eq!(users.find(&1).await?, Some((1, "Ada")));
/// # Ok(())
/// # }
/// ```
pub struct InMemoryTransaction<K, E> {
    tables: OwnedMutexGuard<Tables<K, E>>,
    rows: BTreeMap<K, Option<E>>,
    stamps: BTreeMap<K, Stamp>,
}

impl<K: Key, E: Entity> InMemoryTransaction<K, E> {
    /// The rows with the transaction's own changes.
    fn seen_rows(&self) -> BTreeMap<K, E> {
        let mut rows = self.tables.rows.clone();
        for (key, row) in &self.rows {
            match row {
                Some(row) => drop(rows.insert(key.clone(), row.clone())),
                None => drop(rows.remove(key)),
            }
        }
        rows
    }

    /// The stamps with the transaction's own changes.
    fn seen_stamps(&self) -> BTreeMap<K, Stamp> {
        let mut stamps = self.tables.stamps.clone();
        stamps.extend(self.stamps.iter().map(|(key, stamp)| (key.clone(), *stamp)));
        stamps
    }
}

impl<K, E> fmt::Debug for InMemoryTransaction<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryTransaction").finish_non_exhaustive()
    }
}

/// A plain repository in memory: rows without stamps, deleted without a trace.
/// Clones share their rows.
///
/// ```
/// use strangler_fig::memory::{InMemoryPlainRepository, in_memory_tables};
/// use strangler_fig::repository::Repository;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (users, _): (InMemoryPlainRepository<_, _>, _) = in_memory_tables(|user: &(u32, &str)| user.0);
/// let same = users.clone();
/// users.save((1, "Ada")).await?;
/// assert_eq!(same.find(&1).await?, Some((1, "Ada")));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InMemoryPlainRepository<K, E> {
    key: fn(&E) -> K,
    tables: Arc<Mutex<Tables<K, E>>>,
}

impl<K, E> fmt::Debug for InMemoryPlainRepository<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryPlainRepository").finish_non_exhaustive()
    }
}

#[async_trait]
impl<K: Key, E: Entity> Repository for InMemoryPlainRepository<K, E> {
    type Key = K;
    type Entity = E;

    fn key(&self, entity: &E) -> K {
        (self.key)(entity)
    }

    async fn find(&self, key: &K) -> Result<Option<E>, StoreError> {
        Ok(self.tables.lock().await.rows.get(key).cloned())
    }

    async fn save(&self, entity: E) -> Result<(), StoreError> {
        self.tables.lock().await.rows.insert(self.key(&entity), entity);
        Ok(())
    }

    async fn delete(&self, key: &K) -> Result<(), StoreError> {
        self.tables.lock().await.rows.remove(key);
        Ok(())
    }
}

#[async_trait]
impl<K: Key, E: Entity> ListRepository for InMemoryPlainRepository<K, E> {
    async fn list(&self, after: Option<&K>, limit: NonZeroUsize) -> Result<Vec<E>, StoreError> {
        let tables = self.tables.lock().await;
        Ok(page_after(&tables.rows, after, limit).map(|(_, row)| row.clone()).collect())
    }

    async fn last_key(&self) -> Result<Option<K>, StoreError> {
        Ok(last_key(&self.tables.lock().await.rows))
    }
}

#[async_trait]
impl<K: Key, E: Entity> TransactionalRepository for InMemoryPlainRepository<K, E> {
    type Transaction = InMemoryTransaction<K, E>;

    async fn begin(&self, _access: Access) -> Result<Self::Transaction, StoreError> {
        let tables = Arc::clone(&self.tables).lock_owned().await;
        Ok(InMemoryTransaction { tables, rows: BTreeMap::new(), stamps: BTreeMap::new() })
    }

    async fn commit(&self, mut transaction: Self::Transaction) -> Result<(), StoreError> {
        for (key, row) in transaction.rows {
            match row {
                Some(row) => drop(transaction.tables.rows.insert(key, row)),
                None => drop(transaction.tables.rows.remove(&key)),
            }
        }
        transaction.tables.stamps.extend(transaction.stamps);
        Ok(())
    }

    async fn find_in(
        &self,
        transaction: &mut Self::Transaction,
        key: &K,
    ) -> Result<Option<E>, StoreError> {
        let own = transaction.rows.get(key).cloned();
        Ok(own.unwrap_or_else(|| transaction.tables.rows.get(key).cloned()))
    }

    async fn save_in(
        &self,
        transaction: &mut Self::Transaction,
        entity: &E,
    ) -> Result<(), StoreError> {
        transaction.rows.insert(self.key(entity), Some(entity.clone()));
        Ok(())
    }

    async fn delete_in(
        &self,
        transaction: &mut Self::Transaction,
        key: &K,
    ) -> Result<(), StoreError> {
        transaction.rows.insert(key.clone(), None);
        Ok(())
    }

    async fn list_in(
        &self,
        transaction: &mut Self::Transaction,
        after: Option<&K>,
        limit: NonZeroUsize,
    ) -> Result<Vec<E>, StoreError> {
        let rows = transaction.seen_rows();
        Ok(page_after(&rows, after, limit).map(|(_, row)| row.clone()).collect())
    }

    async fn last_key_in(
        &self,
        transaction: &mut Self::Transaction,
    ) -> Result<Option<K>, StoreError> {
        Ok(last_key(&transaction.seen_rows()))
    }
}

/// The stamps beside the rows of an [`InMemoryPlainRepository`]; they live in
/// the transactions both share.
///
/// ```
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::repository::{Access, StampStore, TransactionalRepository};
/// use strangler_fig::stamp::Stamp;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (rows, stamps) = in_memory_tables(|user: &(u32, &str)| user.0);
/// let mut transaction = rows.begin(Access::Write).await?;
/// stamps.set(&mut transaction, &1, Stamp::MAX).await?;
/// assert_eq!(stamps.stamp(&mut transaction, &1).await?, Some(Stamp::MAX));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InMemoryStampStore<K, E> {
    of: std::marker::PhantomData<fn() -> Tables<K, E>>,
}

impl<K, E> fmt::Debug for InMemoryStampStore<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryStampStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl<K: Key, E: Entity> StampStore for InMemoryStampStore<K, E> {
    type Key = K;
    type Transaction = InMemoryTransaction<K, E>;

    async fn stamp(
        &self,
        transaction: &mut Self::Transaction,
        key: &K,
    ) -> Result<Option<Stamp>, StoreError> {
        let own = transaction.stamps.get(key);
        Ok(own.or_else(|| transaction.tables.stamps.get(key)).copied())
    }

    async fn set(
        &self,
        transaction: &mut Self::Transaction,
        key: &K,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        transaction.stamps.insert(key.clone(), stamp);
        Ok(())
    }

    async fn list(
        &self,
        transaction: &mut Self::Transaction,
        after: Option<&K>,
        limit: NonZeroUsize,
    ) -> Result<Vec<(K, Stamp)>, StoreError> {
        let stamps = transaction.seen_stamps();
        Ok(page_after(&stamps, after, limit).map(|(key, stamp)| (key.clone(), *stamp)).collect())
    }

    async fn last_key(&self, transaction: &mut Self::Transaction) -> Result<Option<K>, StoreError> {
        Ok(last_key(&transaction.seen_stamps()))
    }
}
