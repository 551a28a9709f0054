use std::num::NonZeroUsize;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::key::Key;

/// What a record holds: any cloneable, comparable value.
///
/// Comparing is how the crate finds contents that differ under equal stamps, so
/// `==` must be total: two equal rows compare equal, always.
pub trait Entity: Clone + PartialEq + Send + Sync + 'static {}

impl<E: Clone + PartialEq + Send + Sync + 'static> Entity for E {}

/// A repository as most applications have one today.
///
/// [`MigrationRepository`](super::MigrationRepository) is one too, so callers
/// need not know that a migration is under way.
///
/// # Contract
///
/// 1. `find` answers what the last acknowledged `save` or `delete` of the key
///    left, never an older copy.
/// 2. `save` stores the entity under its key, in place of an older one.
/// 3. `delete` removes it; nothing to remove is no error.
/// 4. Every failure says by its kind whether it may have had an effect.
///
/// # Cancel safety
///
/// A dropped `save` or `delete` may have had its effect, or have it later.
#[async_trait]
pub trait Repository: Send + Sync + 'static {
    /// The identity of an entity.
    type Key: Key;
    /// What is stored.
    type Entity: Entity;

    /// The key of an entity. Pure: one entity, one key, always.
    fn key(&self, entity: &Self::Entity) -> Self::Key;

    /// The entity of `key`, if there is one.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored cannot be read; else `Unavailable`: a read has
    /// no effect.
    async fn find(&self, key: &Self::Key) -> Result<Option<Self::Entity>, StoreError>;

    /// Stores `entity`.
    ///
    /// # Errors
    ///
    /// `Rejected`, `Conflict`, `Unavailable`: nothing changed; `Unknown`.
    async fn save(&self, entity: Self::Entity) -> Result<(), StoreError>;

    /// Removes the entity of `key`.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    async fn delete(&self, key: &Self::Key) -> Result<(), StoreError>;
}

/// A [`Repository`] that can list its rows: what [`Unstamped`](super::Unstamped)
/// needs to be swept.
///
/// # Contract
///
/// 1. `list` answers the first `limit` entities after `after`, in the order of
///    their keys (for texts that of their bytes, whatever the database's
///    collation), none left out; fewer only at the end.
/// 2. It never answers from a replica or a snapshot older than the call.
#[async_trait]
pub trait ListRepository: Repository {
    /// The entities after `after`, from the first key on if there is none.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored cannot be read; else `Unavailable`.
    async fn list(
        &self,
        after: Option<&Self::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Self::Entity>, StoreError>;
}

/// A [`Repository`] whose store runs several calls as one transaction: what
/// [`SideStamped`](super::SideStamped) needs to change a row and its stamp
/// together.
///
/// # Contract
///
/// 1. Changes become visible and durable together, when `commit` answers `Ok`.
/// 2. A transaction that is dropped without `commit` has changed nothing.
/// 3. Reads within a transaction see one state of rows and stamps, and their
///    transaction's own changes.
/// 4. Two `Access::Write` transactions that touch one key do not overlap
///    between the first touch and the end of the earlier one. `begin` itself may
///    be lazy.
/// 5. `list_in` answers the rows in the order of their keys, none left out, the
///    transaction's own changes included.
/// 6. After a call within it that failed or was dropped, a transaction can only
///    be dropped: `commit` of it answers `Unavailable` and changes nothing.
///
/// Durable means as durable as the application needs its rows to be: what a
/// power cut takes from both tables alike takes no stamp from its row.
///
/// # Cancel safety
///
/// A dropped `commit` may have had its effect, or have it later. Every other
/// dropped call ends the transaction, as fact 6 says.
#[async_trait]
pub trait TransactionalRepository: Repository {
    /// An open transaction; dropping it rolls it back.
    type Transaction: Send + 'static;

    /// Opens a transaction.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn begin(&self, access: Access) -> Result<Self::Transaction, StoreError>;

    /// Makes the changes of a transaction durable.
    ///
    /// # Errors
    ///
    /// `Rejected`, `Conflict`, `Unavailable`: rolled back; `Unknown`.
    async fn commit(&self, transaction: Self::Transaction) -> Result<(), StoreError>;

    /// As [`Repository::find`], within a transaction.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn find_in(
        &self,
        transaction: &mut Self::Transaction,
        key: &Self::Key,
    ) -> Result<Option<Self::Entity>, StoreError>;

    /// As [`Repository::save`], within a transaction.
    ///
    /// # Errors
    ///
    /// `Rejected`, `Conflict`, `Unavailable`; the transaction is then dropped.
    async fn save_in(
        &self,
        transaction: &mut Self::Transaction,
        entity: &Self::Entity,
    ) -> Result<(), StoreError>;

    /// As [`Repository::delete`], within a transaction.
    ///
    /// # Errors
    ///
    /// As [`save_in`](Self::save_in).
    async fn delete_in(
        &self,
        transaction: &mut Self::Transaction,
        key: &Self::Key,
    ) -> Result<(), StoreError>;

    /// The first `limit` entities after `after`, in the order of their keys, which
    /// is that of their bytes whatever the database's collation; fewer only at
    /// the end.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn list_in(
        &self,
        transaction: &mut Self::Transaction,
        after: Option<&Self::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Self::Entity>, StoreError>;
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Looking at one state of rows and stamps.
    Read,
    /// Changing a row and its stamp.
    Write,
}
