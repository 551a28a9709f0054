//! The facts of [`Repository`](crate::repository::Repository).

mod fixture;
mod found;
mod kept;
mod overlap;

pub use fixture::{EntityOf, KeyOf, RepositoryFixture};
use found::*;
use kept::*;
use overlap::*;

pub(super) use found::save;

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{RepositoryFixture, repository, run_all};
///
/// async fn is_caught<F: RepositoryFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(repository::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: RepositoryFixture>() -> Vec<Fact<F>> {
    crate::__each_repository_fact!(__conformance_list [])
}

/// Tests that a [`Repository`](crate::repository::Repository) keeps its
/// contract: see [`conformance`](crate::testkit::conformance).
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::{InMemoryPlainRepository, in_memory_tables};
/// # use strangler_fig::testkit::conformance::RepositoryFixture;
/// # type User = (u32, u32);
/// # struct Users(Arc<InMemoryPlainRepository<u32, User>>);
/// # impl RepositoryFixture for Users {
/// #     type Repository = InMemoryPlainRepository<u32, User>;
/// #     fn repository(&self) -> Arc<Self::Repository> { Arc::clone(&self.0) }
/// #     fn entity(&self, n: u32, variant: u32) -> User { (n, variant) }
/// # }
/// async fn users() -> Users {
///     Users(Arc::new(in_memory_tables(|user: &User| user.0).0))
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::repository_conformance!(users());
/// }
/// ```
#[macro_export]
macro_rules! repository_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_repository_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_repository_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with repository::facts:
            an_entity_has_a_key_of_its_own
            a_key_never_saved_is_not_found
            every_saved_entity_is_found
            saving_again_replaces
            a_deleted_entity_is_not_found
            a_deleted_entity_can_be_saved_again
            deleting_nothing_is_no_error
            keys_are_kept_apart
            a_rejected_entity_changes_nothing
            every_later_find_sees_what_was_acknowledged
            of_concurrent_saves_one_remains_whole
            a_dropped_save_leaves_a_whole_entity
        }
    };
}
