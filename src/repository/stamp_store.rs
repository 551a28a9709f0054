use std::fmt;
use std::num::NonZeroUsize;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::key::Key;
use crate::stamp::Stamp;

/// A table of stamps beside the rows of a store that has no room for them.
///
/// A stamp without a row is a tombstone; so stamps are never removed while the
/// migration lasts.
///
/// ```
/// use std::num::NonZeroUsize;
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::repository::{Access, StampStore, TransactionalRepository};
/// use strangler_fig::stamp::Stamp;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (users, stamps) = in_memory_tables(|user: &(u32, &str)| user.0);
///
/// let mut transaction = users.begin(Access::Write).await?;
/// assert_eq!(stamps.stamp(&mut transaction, &1).await?, None);
/// stamps.set(&mut transaction, &1, Stamp::MAX).await?; // a tombstone: no row
/// users.commit(transaction).await?;
///
/// let mut transaction = users.begin(Access::Read).await?;
/// assert_eq!(stamps.stamp(&mut transaction, &1).await?, Some(Stamp::MAX));
/// let first = stamps.list(&mut transaction, None, NonZeroUsize::MIN).await?;
/// assert_eq!(first, [(1, Stamp::MAX)]);
/// assert_eq!(stamps.last_key(&mut transaction).await?, Some(1));
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `stamp` answers what was set last for the key, seen by the transaction;
///    `None` if nothing ever was.
/// 2. In an `Access::Write` transaction, `stamp` keeps other writers of the key
///    waiting until the transaction ends, also when there is no stamp yet.
/// 3. `set` becomes visible and durable with the transaction's commit, together
///    with the rows changed in it.
/// 4. `list` answers stamps in the order of their keys, none left out, fewer
///    than `limit` only at the end; `last_key` the key of the last of all.
///
/// # Cancel safety
///
/// A dropped call ends the transaction: it can only be dropped.
#[async_trait]
pub trait StampStore: fmt::Debug + Send + Sync + 'static {
    /// The identity of a row.
    type Key: Key;
    /// The transaction of the repository beside it.
    type Transaction: Send + 'static;

    /// The stamp of `key`.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored is not a stamp; else `Unavailable`. The
    /// transaction is then dropped.
    async fn stamp(
        &self,
        transaction: &mut Self::Transaction,
        key: &Self::Key,
    ) -> Result<Option<Stamp>, StoreError>;

    /// Sets the stamp of `key`.
    ///
    /// # Errors
    ///
    /// `Rejected`, `Conflict`, `Unavailable`; the transaction is then dropped.
    async fn set(
        &self,
        transaction: &mut Self::Transaction,
        key: &Self::Key,
        stamp: Stamp,
    ) -> Result<(), StoreError>;

    /// The first `limit` stamps after `after`.
    ///
    /// # Errors
    ///
    /// As [`stamp`](Self::stamp).
    async fn list(
        &self,
        transaction: &mut Self::Transaction,
        after: Option<&Self::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<(Self::Key, Stamp)>, StoreError>;

    /// The last key that has a stamp, a tombstone's included; `None` if none has.
    ///
    /// # Errors
    ///
    /// As [`stamp`](Self::stamp).
    async fn last_key(
        &self,
        transaction: &mut Self::Transaction,
    ) -> Result<Option<Self::Key>, StoreError>;
}
