use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::repository::Repository;

/// The keys of a fixture's repository.
pub type KeyOf<F> = <<F as RepositoryFixture>::Repository as Repository>::Key;

/// The entities of a fixture's repository.
pub type EntityOf<F> = <<F as RepositoryFixture>::Repository as Repository>::Entity;

/// A [`Repository`] over an empty store, and what to put into it.
///
/// Hand out what is hard to keep: see
/// [`StampedFixture`](super::super::StampedFixture).
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::memory::{InMemoryPlainRepository, in_memory_tables};
/// use strangler_fig::testkit::conformance::RepositoryFixture;
///
/// struct Users(Arc<InMemoryPlainRepository<i64, (i64, String)>>);
///
/// #[strangler_fig::testkit::conformance::async_trait]
/// impl RepositoryFixture for Users {
///     type Repository = InMemoryPlainRepository<i64, (i64, String)>;
///
///     fn repository(&self) -> Arc<Self::Repository> {
///         Arc::clone(&self.0)
///     }
///     fn entity(&self, n: u32, variant: u32) -> (i64, String) {
///         (-i64::from(n), format!("Ælfrēd {variant}"))
///     }
///     async fn reopened(&self) -> Arc<Self::Repository> {
///         self.repository() // a connection of its own, where there are any
///     }
/// }
///
/// let users = Users(Arc::new(in_memory_tables(|user: &(i64, String)| user.0).0));
/// assert_eq!((users.key(7), users.rejected(7)), (-7, None));
/// ```
#[async_trait]
pub trait RepositoryFixture: Send + Sync + 'static {
    /// The adapter under test.
    type Repository: Repository<Entity: Debug>;

    /// The adapter; the same one, each time.
    fn repository(&self) -> Arc<Self::Repository>;

    /// A second adapter over the same store, as another process opens it. By
    /// default the first one.
    async fn reopened(&self) -> Arc<Self::Repository> {
        self.repository()
    }

    /// An entity with the `n`-th key. Different `n` have different keys;
    /// different `variant`s of one `n` are unequal.
    fn entity(&self, n: u32, variant: u32) -> EntityOf<Self>;

    /// The `n`-th key.
    fn key(&self, n: u32) -> KeyOf<Self> {
        self.repository().key(&self.entity(n, 0))
    }

    /// An entity with the `n`-th key that the store's own rules refuse, if it
    /// has any.
    fn rejected(&self, n: u32) -> Option<EntityOf<Self>> {
        let _ = n;
        None
    }
}
