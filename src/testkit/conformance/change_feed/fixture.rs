use std::sync::Arc;

use async_trait::async_trait;

use crate::event::ChangeFeed;

/// The entities of a fixture's feed.
pub(super) type EntityOf<F> = <<F as ChangeFeedFixture>::Feed as ChangeFeed>::Entity;
/// The keys of a fixture's feed.
pub(super) type KeyOf<F> = <<F as ChangeFeedFixture>::Feed as ChangeFeed>::Key;

/// A [`ChangeFeed`] that has nothing to tell yet, and the store that it follows: empty, and written to as the code of
/// others does it, with no stamps.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::{InMemoryChangeFeed, InMemoryChanges};
/// # use strangler_fig::testkit::conformance::{ChangeFeedFixture, async_trait};
/// #
/// type User = (u32, u32);
///
/// struct InMemory(Arc<InMemoryChangeFeed<u32, User>>);
///
/// #[async_trait]
/// impl ChangeFeedFixture for InMemory {
///     type Feed = InMemoryChangeFeed<u32, User>;
///     type Transaction = InMemoryChanges<u32, User>;
///
///     fn feed(&self) -> Arc<Self::Feed> { Arc::clone(&self.0) }
///     fn key(&self, n: u32) -> u32 { n }
///     fn entity(&self, n: u32, variant: u32) -> User { (n, variant) }
///     async fn begin(&self) -> Self::Transaction { self.0.begin() }
///     async fn write(&self, open: &mut Self::Transaction, n: u32, _variant: u32) { open.hint(n); }
///     async fn delete(&self, open: &mut Self::Transaction, n: u32) { open.hint(n); }
///     async fn rename(&self, open: &mut Self::Transaction, from: u32, to: u32) {
///         open.hint(from);
///         open.hint(to);
///     }
///     async fn commit(&self, open: Self::Transaction) { open.commit(); }
/// }
/// ```
#[async_trait]
pub trait ChangeFeedFixture: Send + Sync + 'static {
    /// The feed.
    type Feed: ChangeFeed;
    /// A transaction of the store, of a connection of its own; dropped, it is rolled back.
    type Transaction: Send;

    /// The feed; the same one, each time.
    fn feed(&self) -> Arc<Self::Feed>;

    /// The key of the `n`th row.
    fn key(&self, n: u32) -> KeyOf<Self>
    where
        Self: Sized;

    /// The `n`th row in one of its contents, as the feed reads it.
    fn entity(&self, n: u32, variant: u32) -> EntityOf<Self>
    where
        Self: Sized;

    /// Begins a transaction. Several may be open at once.
    async fn begin(&self) -> Self::Transaction;

    /// Inserts the `n`th row with this content, or changes it to that.
    async fn write(&self, transaction: &mut Self::Transaction, n: u32, variant: u32);

    /// Deletes the `n`th row, which is there.
    async fn delete(&self, transaction: &mut Self::Transaction, n: u32);

    /// Makes the row of one key that of another, in one statement where the store knows such.
    async fn rename(&self, transaction: &mut Self::Transaction, from: u32, to: u32);

    /// Commits.
    async fn commit(&self, transaction: Self::Transaction);

    /// Changes the `n`th row to something that cannot be read, or the schema so that it cannot; answers whether it did. By
    /// default it cannot, and what is to become of such rows is not asked.
    async fn spoil(&self, transaction: &mut Self::Transaction, n: u32) -> bool {
        let _ = (transaction, n);
        false
    }

    /// Has the store tell the feed nothing any more, in a way that may happen to it: a trigger is dropped, a slot is. Answers
    /// whether it did. By default it cannot.
    async fn detach(&self) -> bool {
        false
    }
}
