//! The facts of [`SagaJournal`](crate::saga::SagaJournal).

mod appended;
mod claimed;
mod created;
mod fixture;
mod listed;
mod loaded;
mod purged;
mod samples;
mod spoilt;

use appended::*;
use claimed::*;
use created::*;
pub use fixture::SagaJournalFixture;
use listed::*;
use loaded::*;
use purged::*;
use spoilt::*;

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{SagaJournalFixture, run_all, saga_journal};
///
/// async fn is_caught<F: SagaJournalFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(saga_journal::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: SagaJournalFixture>() -> Vec<Fact<F>> {
    crate::__each_saga_journal_fact!(__conformance_list [])
}

/// Tests that a [`SagaJournal`](crate::saga::SagaJournal) keeps its contract: see
/// [`conformance`](crate::testkit::conformance). Claims are made for half a second, and waited
/// for.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::memory::InMemorySagaJournal;
/// use strangler_fig::saga::SagaJournal;
/// use strangler_fig::testkit::conformance::SagaJournalFixture;
///
/// struct InMemory(InMemorySagaJournal);
///
/// impl SagaJournalFixture for InMemory {
///     fn journal(&self) -> Arc<dyn SagaJournal> {
///         Arc::new(self.0.clone())
///     }
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::saga_journal_conformance!(async {
///         InMemory(InMemorySagaJournal::default())
///     });
/// }
/// ```
#[macro_export]
macro_rules! saga_journal_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_saga_journal_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_saga_journal_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with saga_journal::facts:
            a_saga_that_was_created_is_there
            creating_again_changes_nothing
            what_is_over_is_found_too
            what_was_purged_is_not_created_anew
            of_concurrent_creations_one_creates
            sagas_do_not_disturb_each_other
            appended_entries_follow_in_order
            status_and_outcome_are_recorded_with_the_entries
            every_status_comes_back
            what_was_recorded_outlives_the_handle
            appending_begins_the_term_anew
            appending_may_shorten_the_term
            what_goes_no_further_by_itself_is_held_by_nobody
            an_append_elsewhere_is_refused
            an_append_made_again_is_refused_and_does_no_harm
            an_older_claim_cannot_append
            an_older_claim_cannot_append_after_the_newer_one_ended
            an_append_to_no_saga_is_refused
            an_expired_claim_that_nobody_took_can_append
            a_released_claim_that_nobody_took_can_append
            entries_may_follow_the_end
            of_concurrent_appends_at_one_position_one_succeeds
            an_append_and_a_claim_at_once_leave_one_runner
            a_load_shows_one_moment
            what_was_never_created_is_not_there
            every_kind_of_entry_comes_back
            payloads_come_back_byte_for_byte
            every_outcome_comes_back
            the_largest_header_comes_back
            ids_that_differ_in_case_are_different
            a_thousand_entries_come_back
            a_held_saga_is_not_claimed_by_another
            the_runner_that_holds_it_may_claim_it_anew
            a_runner_in_another_life_is_another
            a_released_saga_can_be_claimed
            an_expired_claim_gives_way
            an_epoch_is_larger_than_every_one_before
            what_was_never_created_is_not_claimed
            a_saga_can_be_claimed_whatever_its_status
            a_purged_saga_is_not_claimed
            of_concurrent_claims_one_gets_it
            a_term_of_no_time_has_run_out_at_once
            a_holder_is_named_while_it_holds
            renewing_begins_terms_anew
            renewing_nothing_is_no_error
            renewing_an_older_claim_changes_nothing
            renewing_a_released_claim_changes_nothing
            an_expired_claim_that_nobody_took_is_renewed
            releasing_an_older_claim_changes_nothing
            a_list_is_in_the_order_of_the_ids_bytes
            a_list_goes_on_after_an_id
            a_list_holds_no_more_than_its_limit
            a_limit_counts_what_the_filter_takes
            a_filter_takes_those_that_stand_so
            a_filter_takes_those_that_run_by_a_definition
            a_filter_takes_those_that_are_free
            a_filter_takes_those_that_are_not_purged
            a_filter_takes_those_that_have_been_idle
            a_filter_takes_those_that_are_to_be_purged
            the_conditions_of_a_filter_add_up
            a_list_shows_what_a_load_shows
            a_saga_is_idle_since_its_last_entry
            a_list_leaves_out_what_cannot_be_read
            what_cannot_be_read_shortens_no_page
            what_cannot_be_read_is_rejected
            what_cannot_be_read_holds_up_no_renewal
            a_purged_saga_keeps_its_header_only
            purging_again_is_no_error
            a_saga_that_is_not_over_is_not_purged
            what_was_never_created_is_not_purged
            a_purged_saga_takes_no_more_entries
            a_purge_and_an_append_at_once_see_each_other
            a_purge_leaves_other_sagas_alone
        }
    };
}
