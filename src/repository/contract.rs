use std::num::NonZeroUsize;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::key::Key;

/// What a record holds: any cloneable, comparable value.
///
/// Comparing is how the crate finds contents that differ under equal stamps, so
/// `==` must be total: two equal rows compare equal, always.
///
/// ```
/// use strangler_fig::repository::Entity;
///
/// #[derive(Clone, PartialEq)]
/// struct User {
///     name: String,
/// }
///
/// fn is_entity<E: Entity>() {}
/// is_entity::<User>();
/// ```
pub trait Entity: Clone + PartialEq + Send + Sync + 'static {}

impl<E: Clone + PartialEq + Send + Sync + 'static> Entity for E {}

/// A repository as most applications have one today.
///
/// [`MigrationRepository`](super::MigrationRepository) is one too, so callers
/// need not know that a migration is under way.
///
/// ```
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::repository::Repository;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (users, _) = in_memory_tables(|user: &(u32, String)| user.0);
/// assert_eq!(users.key(&(1, "Ada".to_owned())), 1);
/// users.save((1, "Ada".to_owned())).await?;
/// users.save((1, "Grace".to_owned())).await?;
/// assert_eq!(users.find(&1).await?, Some((1, "Grace".to_owned())));
///
/// users.delete(&1).await?;
/// users.delete(&1).await?; // nothing to remove is no error
/// assert_eq!(users.find(&1).await?, None);
/// # Ok(())
/// # }
/// ```
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
/// ```
/// use std::num::NonZeroUsize;
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::repository::{ListRepository, Repository};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (users, _) = in_memory_tables(|user: &(u32, &str)| user.0);
/// for user in [(3, "Ada"), (1, "Grace"), (2, "Edsger")] {
///     users.save(user).await?;
/// }
/// let two = NonZeroUsize::new(2).expect("it is not zero");
/// assert_eq!(users.list(None, two).await?, [(1, "Grace"), (2, "Edsger")]);
/// assert_eq!(users.list(Some(&2), two).await?, [(3, "Ada")]);
/// assert_eq!(users.last_key().await?, Some(3));
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `list` answers the first `limit` entities after `after`, in the order of
///    their keys (for texts that of their bytes, whatever the database's
///    collation), none left out; fewer only at the end.
/// 2. `last_key` answers the key of the last of all rows in that order.
/// 3. Neither answers from a replica or a snapshot older than the call.
///
/// # Cancel safety
///
/// Cancel safe: neither has an effect.
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

    /// The key of the last row; `None` of an empty store.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    async fn last_key(&self) -> Result<Option<Self::Key>, StoreError>;
}

/// A [`Repository`] whose store runs several calls as one transaction: what
/// [`SideStamped`](super::SideStamped) needs to change a row and its stamp
/// together.
///
/// ```
/// use std::num::NonZeroUsize;
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::repository::{Access, Repository, TransactionalRepository};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (users, _) = in_memory_tables(|user: &(u32, &str)| user.0);
///
/// let mut transaction = users.begin(Access::Write).await?;
/// users.save_in(&mut transaction, &(1, "Ada")).await?;
/// drop(transaction); // rolled back
/// assert_eq!(users.find(&1).await?, None);
///
/// let mut transaction = users.begin(Access::Write).await?;
/// users.save_in(&mut transaction, &(1, "Ada")).await?;
/// users.save_in(&mut transaction, &(2, "Grace")).await?;
/// users.delete_in(&mut transaction, &2).await?;
/// assert_eq!(users.find_in(&mut transaction, &2).await?, None, "it sees its own changes");
/// assert_eq!(users.list_in(&mut transaction, None, NonZeroUsize::MAX).await?, [(1, "Ada")]);
/// assert_eq!(users.last_key_in(&mut transaction).await?, Some(1));
/// users.commit(transaction).await?;
/// assert_eq!(users.find(&1).await?, Some((1, "Ada")));
/// # Ok(())
/// # }
/// ```
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
/// 5. `list_in` answers the rows in the order of their keys, none left out, and
///    `last_key_in` the key of the last of all; both with the transaction's own
///    changes.
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
    /// `Rejected` if what is stored cannot be read; else `Unavailable`. The
    /// transaction is then dropped.
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
    /// As [`find_in`](Self::find_in).
    async fn list_in(
        &self,
        transaction: &mut Self::Transaction,
        after: Option<&Self::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Self::Entity>, StoreError>;

    /// The key of the last row in that order; `None` if there is none.
    ///
    /// # Errors
    ///
    /// As [`find_in`](Self::find_in).
    async fn last_key_in(
        &self,
        transaction: &mut Self::Transaction,
    ) -> Result<Option<Self::Key>, StoreError>;
}

/// What a transaction is for.
///
/// ```
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::repository::{Access, TransactionalRepository};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (users, _) = in_memory_tables(|user: &(u32, &str)| user.0);
/// let mut look = users.begin(Access::Read).await?;
/// assert_eq!(users.find_in(&mut look, &1).await?, None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Looking at one state of rows and stamps.
    Read,
    /// Changing a row and its stamp.
    Write,
}
