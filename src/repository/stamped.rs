use std::num::NonZeroUsize;

use async_trait::async_trait;

use super::Entity;
use crate::error::StoreError;
use crate::key::Key;
use crate::stamp::{Record, Stamp, StampScope};

/// What a store did with a record.
///
/// ```
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::repository::{Applied, StampedRepository};
/// use strangler_fig::stamp::{Record, Stamp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let users = InMemoryRepository::new(|user: &(u32, &str)| user.0);
/// let newest = Record::live(Stamp::MAX, (1, "Ada"));
/// assert_eq!(users.apply(&1, &newest).await?, Applied::Stored);
///
/// let older = Record::tombstone(Stamp::BASE);
/// assert_eq!(users.apply(&1, &older).await?, Applied::Stale(Stamp::MAX));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Applied {
    /// It was larger than what was there, and is stored now.
    Stored,
    /// The store holds this stamp, equal or larger, and changed nothing.
    Stale(Stamp),
}

/// What the protocol needs of a side: a stamp beside each row, and tombstones
/// instead of gaps.
///
/// ```
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::repository::{Applied, StampedRepository};
/// use strangler_fig::stamp::{Record, Stamp, StampClock, StampScope};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let users = InMemoryRepository::new(|user: &(u32, &str)| user.0);
/// users.plant((1, "Ada")); // a row older than the crate
/// assert_eq!(users.read(&1).await?, Record::live(Stamp::BASE, (1, "Ada")));
///
/// let clock = StampClock::new()?;
/// let gone = Record::tombstone(clock.now());
/// assert_eq!(users.apply(&1, &gone).await?, Applied::Stored);
/// assert_eq!(users.read(&1).await?, gone);
/// assert_eq!(users.read(&2).await?, Record::absent());
///
/// let grace = (2, "Grace");
/// let batch = [(1, gone), (users.key(&grace), Record::live(clock.now(), grace))];
/// let answers = users.apply_many(&batch).await;
/// assert!(matches!(answers[..], [Ok(Applied::Stale(_)), Ok(Applied::Stored)]));
/// assert_eq!(users.scope(), StampScope::Store);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `read` answers the record stored last, or [`Record::absent`]; a row that
///    was never stamped has [`Stamp::BASE`].
/// 2. `apply` stores a record whose stamp is larger than the stored one, and
///    answers `Stored`.
/// 3. `apply` of an equal or smaller stamp changes nothing and answers `Stale`
///    with the stored stamp.
/// 4. A tombstone is stored like any record: `read` answers it, and only a
///    larger stamp brings a value back.
/// 5. `apply` is atomic in the store, also against itself: of concurrent ones
///    the largest stamp is what remains, with its own value.
/// 6. `apply` of [`Stamp::ZERO`] is `Rejected`.
/// 7. `read` never answers from a replica or a snapshot older than the call.
/// 8. `apply_many` answers once for each record, in their order, as one `apply`
///    for each would.
/// 9. Every value comes back as it was stored, compared with `==`.
/// 10. Every failure says by its kind whether it may have had an effect.
/// 11. Keys do not disturb each other.
/// 12. A dropped `apply` leaves the old record or the new one, whole, and no lock.
/// 13. `read_many` answers once for each key, in their order and however often a
///     key is named, as one `read` for each would.
///
/// # Cancel safety
///
/// A dropped `apply` may have had its effect, or have it later. Applying again
/// is harmless.
#[async_trait]
pub trait StampedRepository: Send + Sync + 'static {
    /// The identity of an entity.
    type Key: Key;
    /// What is stored.
    type Entity: Entity;

    /// The key of an entity. Pure: one entity, one key, always.
    fn key(&self, entity: &Self::Entity) -> Self::Key;

    /// What the store holds for `key`.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored cannot be read; else `Unavailable`: a read has
    /// no effect.
    async fn read(&self, key: &Self::Key) -> Result<Record<Self::Entity>, StoreError>;

    /// Stores `record` if its stamp is larger than the stored one. `key` is the
    /// key of the value, if there is one.
    ///
    /// # Errors
    ///
    /// `Rejected`, `Conflict`, `Unavailable`: nothing changed; `Unknown`.
    async fn apply(
        &self,
        key: &Self::Key,
        record: &Record<Self::Entity>,
    ) -> Result<Applied, StoreError>;

    /// Applies several records, each for itself. Each answer is that of an
    /// [`apply`](Self::apply).
    async fn apply_many(
        &self,
        records: &[(Self::Key, Record<Self::Entity>)],
    ) -> Vec<Result<Applied, StoreError>> {
        let mut answers = Vec::with_capacity(records.len());
        for (key, record) in records {
            answers.push(self.apply(key, record).await);
        }
        answers
    }

    /// What the store holds for each of `keys`, one answer per key and in their
    /// order. Each answer is that of a [`read`](Self::read).
    async fn read_many(&self, keys: &[Self::Key]) -> Vec<Result<Record<Self::Entity>, StoreError>> {
        let mut answers = Vec::with_capacity(keys.len());
        for key in keys {
            answers.push(self.read(key).await);
        }
        answers
    }

    /// For how many keys [`read_many`](Self::read_many) is one call of the store; 1, if it is
    /// one for each. Callers that wait ask for no more of them at once, and for single keys
    /// where it is 1.
    fn read_batch(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    /// Where the stamps live.
    fn scope(&self) -> StampScope {
        StampScope::Store
    }
}

/// A [`StampedRepository`] that can be walked from end to end.
///
/// ```
/// use std::num::NonZeroUsize;
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::repository::{ScanRepository, StampedRepository};
/// use strangler_fig::stamp::{Record, Stamp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let users = InMemoryRepository::new(|user: &(u32, &str)| user.0);
/// users.plant((1, "Ada"));
/// users.apply(&2, &Record::tombstone(Stamp::MAX)).await?;
///
/// let first = users.scan(None, NonZeroUsize::MIN).await?;
/// assert!(first.records[0].0 == 1 && !first.is_last);
/// let second = users.scan(Some(&1), NonZeroUsize::MIN).await?;
/// assert!(second.records[0].1.is_tombstone() && second.is_last);
/// assert_eq!(users.last_key().await?, Some(2));
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. A page holds the records after `after` in the order of their keys (for
///    texts that of their bytes, whatever the database's collation), none left
///    out and none twice, tombstones and unstamped rows included.
/// 2. A page holds at most `limit` records, and at least one unless it is the
///    last.
/// 3. `is_last` only if no record comes after the page.
/// 4. A page never comes from a snapshot older than the call.
/// 5. `last_key` is the key at which a walk through all pages would end, were
///    the store at rest: a tombstone's too. It is no older than the call either.
///
/// # Cancel safety
///
/// Cancel safe: neither has an effect.
#[async_trait]
pub trait ScanRepository: StampedRepository {
    /// The records after `after`, from the first key on if there is none.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored cannot be read; else `Unavailable`: a scan has
    /// no effect.
    async fn scan(
        &self,
        after: Option<&Self::Key>,
        limit: NonZeroUsize,
    ) -> Result<Page<Self::Key, Self::Entity>, StoreError>;

    /// The last key of all, `None` of an empty store: where a walk that begins
    /// now is to end, however many keys are added behind it.
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan).
    async fn last_key(&self) -> Result<Option<Self::Key>, StoreError>;
}

/// Records in the order of their keys.
///
/// ```
/// use strangler_fig::repository::Page;
/// use strangler_fig::stamp::{Record, Stamp};
///
/// let page = Page::new(vec![(1, Record::live(Stamp::BASE, "Ada"))], true);
/// assert_eq!(page.records.len(), 1);
/// assert!(page.is_last);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<K, E> {
    /// The records, tombstones included.
    pub records: Vec<(K, Record<E>)>,
    /// Whether nothing comes after them.
    pub is_last: bool,
}

impl<K, E> Page<K, E> {
    /// A page of these records.
    #[must_use]
    pub const fn new(records: Vec<(K, Record<E>)>, is_last: bool) -> Self {
        Self { records, is_last }
    }
}
