//! The facts of [`RepairQueue`](crate::reconcile::RepairQueue).
//!
//! Those about time wait for it, by the fixture's
//! [`pass`](RepairQueueFixture::pass): a store with a clock of its own takes
//! a second for some.

mod durable;
mod ended;
mod fixture;
mod listed;
mod noted;
mod samples;
mod taken;
mod together;

use durable::*;
use ended::*;
pub use fixture::RepairQueueFixture;
use listed::*;
use noted::*;
use taken::*;
use together::*;

use super::Fact;

/// Every fact of the suite that needs one handle only.
///
/// ```
/// use strangler_fig::testkit::conformance::{RepairQueueFixture, repair_queue, run_all};
///
/// async fn is_caught<F: RepairQueueFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(repair_queue::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: RepairQueueFixture>() -> Vec<Fact<F>> {
    crate::__each_repair_queue_fact!(__conformance_list [])
}

/// The facts about what outlives a handle. They fail on a fixture that cannot
/// reopen its store.
///
/// ```
/// use strangler_fig::testkit::conformance::{Fact, RepairQueueFixture, repair_queue};
///
/// fn names<F: RepairQueueFixture>() -> Vec<&'static str> {
///     repair_queue::durable_facts::<F>().iter().map(Fact::name).collect()
/// }
/// ```
#[must_use]
pub fn durable_facts<F: RepairQueueFixture>() -> Vec<Fact<F>> {
    crate::__each_durable_repair_queue_fact!(__conformance_list [])
}

/// Tests that a [`RepairQueue`](crate::reconcile::RepairQueue) keeps its
/// contract: see [`conformance`](crate::testkit::conformance).
///
/// A store that ends with its handle is `volatile`, and says so: the tests of
/// durability are then ignored, with that reason.
///
/// ```
/// use std::sync::Arc;
///
/// use strangler_fig::memory::InMemoryRepairQueue;
/// use strangler_fig::reconcile::RepairQueue;
/// use strangler_fig::testkit::conformance::RepairQueueFixture;
///
/// struct InMemory(Arc<InMemoryRepairQueue>);
///
/// impl RepairQueueFixture for InMemory {
///     fn queue(&self) -> Arc<dyn RepairQueue> {
///         Arc::clone(&self.0) as _
///     }
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::repair_queue_conformance!(volatile async { InMemory(Arc::default()) });
/// }
/// ```
#[macro_export]
macro_rules! repair_queue_conformance {
    (volatile $fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_repair_queue_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
        $crate::__each_durable_repair_queue_fact!(__conformance_tests [
            [$(#[$meta])* #[ignore = "not applicable: the store ends with its handle"]]
            $fixture
        ]);
    };
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_repair_queue_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
        $crate::__each_durable_repair_queue_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_repair_queue_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with repair_queue::facts:
            what_was_noted_is_taken
            noting_nothing_is_no_error
            a_key_noted_again_is_there_once
            keys_are_told_apart_byte_for_byte
            a_note_makes_a_postponed_key_due
            a_note_makes_a_parked_key_due
            a_note_does_not_bring_a_taken_key_out
            a_note_of_a_due_key_keeps_its_place
            a_key_noted_after_its_end_is_new
            a_take_holds_no_more_than_its_limit
            the_key_that_is_due_longest_comes_first
            who_comes_back_waits_behind_the_others
            a_taken_key_is_hidden_for_its_term
            no_receipt_comes_twice
            a_finished_key_is_gone
            a_postponed_key_is_due_after_its_delay
            attempts_add_up
            a_parked_key_is_not_taken
            a_key_noted_while_it_was_repaired_stays
            a_key_noted_while_it_failed_is_due
            a_key_noted_while_it_was_given_up_is_due
            an_entry_is_held_beyond_its_term
            an_older_take_changes_nothing
            a_take_of_an_earlier_life_changes_nothing
            a_repeat_counts_once
            what_is_not_there_is_not_changed
            a_retried_key_is_due
            only_a_parked_key_is_retried
            a_retry_tells_whether_the_key_was_parked
            parked_keys_are_listed_in_order
            waiting_keys_are_listed_in_order
            the_depth_counts_what_waits_and_what_is_parked
            the_oldest_key_is_as_old_as_its_first_note
            concurrent_takes_never_share_a_key
            no_concurrent_note_is_lost
            a_note_that_meets_an_end_is_not_lost
            what_was_answered_is_shown_at_once
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_durable_repair_queue_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with repair_queue::durable_facts:
            notes_outlive_the_handle
            takes_outlive_the_handle
            delays_outlive_the_handle
            parked_keys_outlive_the_handle
            receipts_outlive_the_handle
        }
    };
}
