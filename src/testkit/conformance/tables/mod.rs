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

use commit::*;
use exclusive::*;
pub use fixture::{EntityOf, KeyOf, TablesFixture, TransactionOf};
use isolated::*;
use listed::*;
pub use side_stamped::SideStampedFixture;
use spoiled::*;
use stamps::*;

use super::Fact;
use desk::Desk;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{TablesFixture, tables, run_all};
///
/// async fn is_caught<F: TablesFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(tables::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: TablesFixture>() -> Vec<Fact<F>> {
    crate::__each_tables_fact!(__conformance_list [])
}

/// Tests that a
/// [`TransactionalRepository`](crate::repository::TransactionalRepository) and
/// a [`StampStore`](crate::repository::StampStore) keep their contracts: see
/// [`conformance`](crate::testkit::conformance).
///
/// ```
/// # use strangler_fig::memory::{InMemoryPlainRepository, InMemoryStampStore, in_memory_tables};
/// # use strangler_fig::testkit::conformance::TablesFixture;
/// # type User = (u32, u32);
/// # struct Users(InMemoryPlainRepository<u32, User>, InMemoryStampStore<u32, User>);
/// # impl TablesFixture for Users {
/// #     type Repository = InMemoryPlainRepository<u32, User>;
/// #     type Stamps = InMemoryStampStore<u32, User>;
/// #     fn tables(&self) -> (Self::Repository, Self::Stamps) { (self.0.clone(), self.1.clone()) }
/// #     fn entity(&self, n: u32, variant: u32) -> User { (n, variant) }
/// # }
/// async fn users() -> Users {
///     let (rows, stamps) = in_memory_tables(|user: &User| user.0);
///     Users(rows, stamps)
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::tables_conformance!(users());
/// }
/// ```
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
        $crate::$make! { $with tables::facts:
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
            a_transaction_sees_the_key_of_its_last_row
            a_transaction_sees_the_key_of_its_last_stamp
            a_row_saved_without_the_crate_has_no_stamp
            every_bit_of_a_set_stamp_is_kept
            setting_a_stamp_replaces_it
            a_stamp_outlives_its_row
        }
    };
}
