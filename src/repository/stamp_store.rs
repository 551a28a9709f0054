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
/// # Contract
///
/// 1. `stamp` answers what was set last for the key, seen by the transaction;
///    `None` if nothing ever was.
/// 2. In an `Access::Write` transaction, `stamp` keeps other writers of the key
///    waiting until the transaction ends, also when there is no stamp yet.
/// 3. `set` becomes visible and durable with the transaction's commit, together
///    with the rows changed in it.
/// 4. `list` answers stamps in the order of their keys, none left out, fewer
///    than `limit` only at the end.
#[async_trait]
pub trait StampStore: Send + Sync + 'static {
    /// The identity of a row.
    type Key: Key;
    /// The transaction of the repository beside it.
    type Transaction: Send + 'static;

    /// The stamp of `key`.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
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
    /// `Unavailable`.
    async fn list(
        &self,
        transaction: &mut Self::Transaction,
        after: Option<&Self::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<(Self::Key, Stamp)>, StoreError>;
}
