//! The facts of [`StampedRepository`](crate::repository::StampedRepository).

mod batch;
mod bits;
mod concurrent;
mod dropped;
mod fixture;
mod fresh;
mod many;
mod order;
mod subject;
mod tombstone;
mod value;

use batch::*;
use bits::*;
use concurrent::*;
use dropped::*;
pub use fixture::{EntityOf, KeyOf, StampedFixture};
use fresh::*;
use many::*;
use order::*;
use tombstone::*;
use value::*;

pub(super) use subject::{Subject, later};

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{StampedFixture, stamped, run_all};
///
/// async fn is_caught<F: StampedFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(stamped::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: StampedFixture>() -> Vec<Fact<F>> {
    crate::__each_stamped_fact!(__conformance_list [])
}

/// Tests that a [`StampedRepository`](crate::repository::StampedRepository)
/// keeps its contract: see [`conformance`](crate::testkit::conformance).
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::testkit::conformance::StampedFixture;
/// # type User = (u32, u32);
/// # struct Users(InMemoryRepository<u32, User>);
/// # impl StampedFixture for Users {
/// #     type Repository = InMemoryRepository<u32, User>;
/// #     fn repository(&self) -> Arc<Self::Repository> { Arc::new(self.0.clone()) }
/// #     fn entity(&self, n: u32, variant: u32) -> User { (n, variant) }
/// # }
/// async fn users() -> Users {
///     Users(InMemoryRepository::new(|user: &User| user.0))
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::stamped_conformance!(users());
/// }
/// ```
#[macro_export]
macro_rules! stamped_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_stamped_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_stamped_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with stamped::facts:
            an_entity_has_one_key
            an_absent_key_reads_as_absent
            an_unstamped_row_reads_as_base
            any_stamp_beats_an_unstamped_row
            base_does_not_beat_an_unstamped_row
            an_unstamped_row_can_be_deleted
            a_larger_stamp_replaces
            an_equal_stamp_changes_nothing
            a_smaller_stamp_changes_nothing
            applying_again_is_harmless
            nothing_beats_the_largest_stamp
            a_tombstone_is_stored_like_any_record
            a_tombstone_of_a_key_never_there_is_kept
            a_tombstone_keeps_smaller_values_out
            only_a_larger_stamp_brings_a_value_back
            of_concurrent_applies_the_largest_remains
            of_concurrent_saves_and_deletes_the_largest_remains
            of_concurrent_applies_of_one_stamp_one_is_stored
            a_value_of_stamp_zero_is_rejected
            a_tombstone_of_stamp_zero_is_rejected
            every_later_read_sees_an_acknowledged_record
            reads_never_go_back
            a_read_never_mixes_two_records
            many_records_are_answered_in_order
            many_records_of_one_key_are_applied_one_by_one
            no_records_have_no_answers
            a_rejected_record_does_not_stop_the_others
            a_large_batch_is_applied_whole
            batches_in_opposite_orders_both_finish
            many_keys_are_answered_in_order
            a_key_named_often_is_answered_as_often
            no_keys_have_no_answers
            a_large_batch_of_keys_is_read_whole
            many_keys_are_read_as_they_are_now
            every_value_comes_back
            every_bit_of_a_stamp_is_kept
            stamps_are_compared_as_unsigned_bytes
            keys_do_not_disturb_each_other
            a_rejected_value_changes_nothing
            a_dropped_apply_leaves_a_whole_record
        }
    };
}
