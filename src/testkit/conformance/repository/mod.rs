//! The facts of [`Repository`](crate::repository::Repository).

mod fixture;
mod found;
mod kept;
mod overlap;

pub use fixture::{EntityOf, KeyOf, RepositoryFixture};
pub use found::*;
pub use kept::*;
pub use overlap::*;

pub(super) use found::save;

use super::Fact;

/// Every fact of the suite.
///
/// [`run_all`](super::run_all) tries them, and shows how.
#[must_use]
pub fn facts<F: RepositoryFixture>() -> Vec<Fact<F>> {
    crate::__each_repository_fact!(__conformance_list [])
}

/// Tests that a [`Repository`](crate::repository::Repository) keeps its
/// contract: see [`conformance`](crate::testkit::conformance).
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
        $crate::$make! { $with repository:
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
