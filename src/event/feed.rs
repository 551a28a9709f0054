use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::seconds;
use crate::error::StoreError;
use crate::key::Key;
use crate::repository::Entity;
use crate::stamp::Record;

/// What settles a page: made by the feed, and read by nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FeedMark(pub Vec<u8>);

/// What a feed knows of a change.
///
/// ```
/// use strangler_fig::event::Changed;
/// use strangler_fig::stamp::{Record, Stamp};
///
/// let deleted: Changed<u32, String> = Changed::Record(7, Record::tombstone(Stamp::MAX));
/// assert_ne!(deleted, Changed::Hint(7));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Changed<K, E> {
    /// That there was one: read the row again.
    Hint(K),
    /// The row as the change has left it, a tombstone if it was deleted, with the stamp that the store itself gave it in
    /// the same transaction.
    Record(K, Record<E>),
    /// A change that cannot be read, after a change of the schema say.
    Unreadable {
        /// The encoded key where that can be, else what there is of it.
        key: Vec<u8>,
        /// Why, without content.
        why: String,
    },
}

/// Changes, and what settles them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChangePage<K, E> {
    /// In the order in which they were committed, those of one key at least.
    pub changes: Vec<Changed<K, E>>,
    /// Settles exactly these.
    pub mark: FeedMark,
    /// Whether all that was committed before the call is in this page, or was settled before: the watermark is now.
    pub is_last: bool,
}

impl<K, E> ChangePage<K, E> {
    /// These changes, which `mark` settles.
    #[must_use]
    pub const fn new(changes: Vec<Changed<K, E>>, mark: FeedMark, is_last: bool) -> Self {
        Self { changes, mark, is_last }
    }
}

/// How far a feed's reader is behind, by the feed's own clock.
///
/// ```
/// use strangler_fig::event::{FeedLag, LagSource};
/// use strangler_fig::memory::InMemoryChangeFeed;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
/// let feed = InMemoryChangeFeed::<u32, String>::default();
/// assert_eq!(feed.lag().await?, FeedLag::new(None, Some(0)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FeedLag {
    /// How long ago the oldest unsettled change was committed, or recorded; `None`: all are settled.
    #[serde(rename = "oldest_seconds", with = "seconds::or_null")]
    pub oldest: Option<Duration>,
    /// How many changes are unsettled; `None`: it is not counted.
    pub pending: Option<u64>,
}

impl FeedLag {
    /// How old the oldest unsettled change is, and how many there are.
    #[must_use]
    pub const fn new(oldest: Option<Duration>, pending: Option<u64>) -> Self {
        Self { oldest, pending }
    }
}

/// What can say how far replication is behind: every [`ChangeFeed`].
#[async_trait]
pub trait LagSource: fmt::Debug + Send + Sync + 'static {
    /// How far it is.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Rejected` if it cannot tell any more: whatever it follows was lost.
    async fn lag(&self) -> Result<FeedLag, StoreError>;
}

/// The changes of a store that others write to: triggers that note them in a table, a log that is decoded.
///
/// What is unsettled is told by its being unsettled, never by a cursor: numbers and times are drawn before they are
/// committed, and what goes on after the largest it has seen leaves out what commits late. A feed keeps its own place:
/// in a table from which it deletes, in a slot that it advances.
///
/// A [`Replicator`](crate::replicator::Replicator) follows it;
/// [`change_feed_conformance!`](crate::change_feed_conformance) proves it;
/// [`InMemoryChangeFeed`](crate::memory::InMemoryChangeFeed) is the reference.
///
/// ```
/// # use std::num::NonZeroUsize;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::event::ChangeFeed;
/// # use strangler_fig::memory::InMemoryChangeFeed;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), StoreError> {
/// let feed = InMemoryChangeFeed::<u32, String>::default();
/// feed.hint(7);
/// feed.hint(8);
///
/// let mut handled = 0;
/// loop {
///     let page = feed.changes(NonZeroUsize::MIN).await?;
///     handled += page.changes.len(); // do what they ask for, and only then ...
///     feed.settle(&page.mark).await?; // ... let go of them
///     if page.is_last { break }
/// }
/// assert_eq!(handled, 2);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. Every change of a row that commits while the feed is installed is answered, as often as it takes until it is
///    settled: however late its transaction commits, and whatever was settled meanwhile. Several changes of a key may be
///    one. A feed may know the sessions of the crate itself, and leave out what they change.
/// 2. A transaction that is rolled back is not answered; nor is one before it commits.
/// 3. `changes` answers at most `limit` changes, and one at least if there is one; those committed first, first. It may
///    answer a whole transaction though it is longer. It changes nothing: until they are settled, they come again.
/// 4. `settle` of a page's mark settles that page's changes and no others, durably; again, it changes nothing. It may
///    settle less after a crash of the store: they come again.
/// 5. Of one key, changes come in the order of their commits.
/// 6. A deletion is a change: a hint, or a tombstone. So is a change of a row's key: of both keys.
/// 7. A `Record` has the stamp and the content of one moment of that row in the store, not of an earlier one than the
///    records of the key before: another content comes with a larger stamp than theirs.
/// 8. What cannot be read comes as `Unreadable`, and holds up no other. Where not even a key can be told, nobody could
///    find the row again: then the feed is lost.
/// 9. `is_last` only if every change that was committed before the call began is in the page or settled.
/// 10. `lag` counts what is unsettled; `oldest` is `None` only if a `changes` at that moment had answered none.
/// 11. A feed that is not installed, or not attached to the store any more, so that it misses changes, is lost:
///     `changes` and `lag` answer `Rejected`, and never that there is nothing.
///
/// # Cancel safety
///
/// `changes` is cancel safe. A dropped `settle` may have had its effect.
#[async_trait]
pub trait ChangeFeed: LagSource {
    /// The identity of an entity.
    type Key: Key;
    /// What is stored.
    type Entity: Entity;

    /// The next unsettled changes.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Rejected` if the feed is not installed, or was lost: whoever follows it must begin
    /// with a backfill and a full check.
    async fn changes(
        &self,
        limit: NonZeroUsize,
    ) -> Result<ChangePage<Self::Key, Self::Entity>, StoreError>;

    /// Ends the changes of a page.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: settle again.
    async fn settle(&self, mark: &FeedMark) -> Result<(), StoreError>;

    /// Resolves when something may have changed. A hint; by default it never comes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    async fn changed(&self) {
        std::future::pending::<()>().await;
    }
}
