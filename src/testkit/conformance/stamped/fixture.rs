use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::repository::StampedRepository;

/// The keys of a fixture's repository.
pub type KeyOf<F> = <<F as StampedFixture>::Repository as StampedRepository>::Key;

/// The entities of a fixture's repository.
pub type EntityOf<F> = <<F as StampedFixture>::Repository as StampedRepository>::Entity;

/// A [`StampedRepository`] over an empty store, and what to put into it.
///
/// The suites try what the fixture hands them, so hand them what is hard: keys
/// of mixed case and length, or negative ones; values with empty, missing, long
/// and foreign text, odd fractions, early dates.
///
/// ```
/// # use std::sync::Arc;
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::testkit::conformance::{StampedFixture, async_trait};
///
/// type User = (i64, Option<String>);
/// struct Users(InMemoryRepository<i64, User>);
///
/// #[async_trait]
/// impl StampedFixture for Users {
///     type Repository = InMemoryRepository<i64, User>;
///
///     fn repository(&self) -> Arc<Self::Repository> { Arc::new(self.0.clone()) }
///     fn entity(&self, n: u32, variant: u32) -> User {
///         (i64::from(n) - 3, (variant > 0).then(|| "é".repeat(variant as usize)))
///     }
///     async fn reopened(&self) -> Arc<Self::Repository> {
///         self.repository() // a connection of its own, where there are any
///     }
///     async fn plant(&self, user: User) -> bool {
///         self.0.plant(user);
///         true
///     }
/// }
///
/// let users = Users(InMemoryRepository::new(|user: &User| user.0));
/// assert_eq!((users.key(0), users.rejected(0)), (-3, None));
/// ```
#[async_trait]
pub trait StampedFixture: Send + Sync + 'static {
    /// The adapter under test.
    type Repository: StampedRepository<Entity: Debug>;

    /// The adapter; the same one, each time.
    fn repository(&self) -> Arc<Self::Repository>;

    /// A second adapter over the same store, with connections of its own, as
    /// another process opens it. It shows locks and caches that are the
    /// process's and not the store's. By default the first one; not asked of
    /// an adapter whose stamps live in the process.
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

    /// Writes a row straight into the store, without a stamp, as code that
    /// does not know of the crate. Answers whether it could; if not, facts
    /// about such rows have nothing to say. By default it cannot.
    async fn plant(&self, entity: EntityOf<Self>) -> bool {
        drop(entity);
        false
    }

    /// An entity with the `n`-th key that the store's own rules refuse, if it
    /// has any: a broken constraint, a text too long.
    fn rejected(&self, n: u32) -> Option<EntityOf<Self>> {
        let _ = n;
        None
    }
}
