//! The facts of [`TransactionalRepository`] and the [`StampStore`] beside it.
//!
//! With these proven, a [`SideStamped`] over the two is a sound side; to see it
//! pass, run the suite of [`stamped`](super::stamped) on it through a
//! [`SideStampedFixture`], which needs nothing more.
//!
//! [`TransactionalRepository`]: crate::repository::TransactionalRepository
//! [`StampStore`]: crate::repository::StampStore
//! [`SideStamped`]: crate::repository::SideStamped

mod commit;
mod desk;
mod exclusive;
mod fixture;
mod isolated;
mod listed;
mod side_stamped;
mod spoiled;
mod stamps;

pub use commit::*;
pub use exclusive::*;
pub use fixture::{EntityOf, KeyOf, TablesFixture, TransactionOf};
pub use isolated::*;
pub use listed::*;
pub use side_stamped::SideStampedFixture;
pub use spoiled::*;
pub use stamps::*;

use super::Fact;
use desk::Desk;

/// Every fact of the suite.
///
/// [`run_all`](super::run_all) tries them, and shows how.
#[must_use]
pub fn facts<F: TablesFixture>() -> Vec<Fact<F>> {
    crate::__each_tables_fact!(__conformance_list [])
}

/// Tests that a
/// [`TransactionalRepository`](crate::repository::TransactionalRepository) and
/// a [`StampStore`](crate::repository::StampStore) keep their contracts: see
/// [`conformance`](crate::testkit::conformance).
#[macro_export]
macro_rules! tables_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_tables_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_tables_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with tables:
            a_row_and_its_stamp_are_seen_once_committed
            nothing_is_seen_before_the_commit
            a_dropped_transaction_changes_nothing
            a_dropped_transaction_keeps_nobody_waiting
            deleting_no_row_is_no_error
            a_failed_call_spoils_its_transaction
            a_dropped_call_spoils_its_transaction
            a_transaction_sees_its_own_changes
            a_transaction_lists_its_own_changes
            a_transaction_reads_one_state
            writers_that_look_at_the_row_first_do_not_overlap
            writers_that_look_at_the_stamp_first_do_not_overlap
            first_writers_of_a_key_do_not_overlap
            pages_of_rows_hold_every_row_once
            pages_of_stamps_hold_every_stamp_once
            a_list_shows_what_was_committed_before
            a_row_saved_without_the_crate_has_no_stamp
            every_bit_of_a_set_stamp_is_kept
            setting_a_stamp_replaces_it
            a_stamp_outlives_its_row
        }
    };
}
