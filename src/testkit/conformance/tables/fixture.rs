use std::fmt::Debug;

use async_trait::async_trait;

use crate::repository::{Repository, StampStore, TransactionalRepository};

/// The keys of a fixture's rows.
pub type KeyOf<F> = <<F as TablesFixture>::Repository as Repository>::Key;

/// The rows of a fixture.
pub type EntityOf<F> = <<F as TablesFixture>::Repository as Repository>::Entity;

/// The transactions of a fixture.
pub type TransactionOf<F> =
    <<F as TablesFixture>::Repository as TransactionalRepository>::Transaction;

/// Rows and their stamps, both of one empty store.
///
/// Hand out what is hard to keep: see
/// [`StampedFixture`](super::super::StampedFixture).
///
/// ```
/// use strangler_fig::memory::{InMemoryPlainRepository, InMemoryStampStore, in_memory_tables};
/// use strangler_fig::testkit::conformance::TablesFixture;
///
/// type User = (u32, String);
/// type Rows = InMemoryPlainRepository<u32, User>;
/// type Stamps = InMemoryStampStore<u32, User>;
///
/// struct Users(Rows, Stamps);
///
/// #[strangler_fig::testkit::conformance::async_trait]
/// impl TablesFixture for Users {
///     type Repository = Rows;
///     type Stamps = Stamps;
///
///     fn tables(&self) -> (Rows, Stamps) { (self.0.clone(), self.1.clone()) }
///     async fn reopened(&self) -> (Rows, Stamps) {
///         self.tables() // over connections of their own, where there are any
///     }
///     fn entity(&self, n: u32, variant: u32) -> User { (n, format!("variant {variant}")) }
/// }
///
/// let (rows, stamps) = in_memory_tables(|user: &User| user.0);
/// let users = Users(rows, stamps);
/// assert_eq!((users.key(7), users.rejected(7)), (7, None));
/// ```
#[async_trait]
pub trait TablesFixture: Send + Sync + 'static {
    /// The rows.
    type Repository: TransactionalRepository<Entity: Debug> + Clone;
    /// The stamps beside them.
    type Stamps: StampStore<Key = KeyOf<Self>, Transaction = TransactionOf<Self>> + Clone;

    /// The rows and the stamps; the same ones, each time.
    fn tables(&self) -> (Self::Repository, Self::Stamps);

    /// The same over connections of their own, as another process opens them.
    /// By default the first ones.
    async fn reopened(&self) -> (Self::Repository, Self::Stamps) {
        self.tables()
    }

    /// A row with the `n`-th key. Different `n` have different keys; different
    /// `variant`s of one `n` are unequal.
    fn entity(&self, n: u32, variant: u32) -> EntityOf<Self>;

    /// The `n`-th key.
    fn key(&self, n: u32) -> KeyOf<Self> {
        self.tables().0.key(&self.entity(n, 0))
    }

    /// A row with the `n`-th key that the store's own rules refuse, if it has
    /// any.
    fn rejected(&self, n: u32) -> Option<EntityOf<Self>> {
        let _ = n;
        None
    }
}
