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
