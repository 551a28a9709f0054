//! The facts of [`RequestJournal`](crate::gateway::dual::RequestJournal).

mod claimed;
mod fixture;
mod listed;
mod noted;
mod purged;
mod recorded;
mod samples;
mod taken;

use claimed::*;
pub use fixture::RequestJournalFixture;
use listed::*;
use noted::*;
use purged::*;
use recorded::*;
use taken::*;

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{RequestJournalFixture, request_journal, run_all};
///
/// async fn is_caught<F: RequestJournalFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(request_journal::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: RequestJournalFixture>() -> Vec<Fact<F>> {
    crate::__each_request_journal_fact!(__conformance_list [])
}

/// Tests that a [`RequestJournal`](crate::gateway::dual::RequestJournal) keeps its contract: see
/// [`conformance`](crate::testkit::conformance). Claims are made for half a second, and waited
/// for.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::gateway::dual::RequestJournal;
/// use strangler_fig::memory::InMemoryRequestJournal;
/// use strangler_fig::testkit::conformance::RequestJournalFixture;
///
/// struct InMemory(InMemoryRequestJournal);
///
/// impl RequestJournalFixture for InMemory {
///     fn journal(&self) -> Arc<dyn RequestJournal> {
///         Arc::new(self.0.clone())
///     }
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::request_journal_conformance!(async {
///         InMemory(InMemoryRequestJournal::default())
///     });
/// }
/// ```
#[macro_export]
macro_rules! request_journal_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_request_journal_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_request_journal_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with request_journal::facts:
            a_request_that_was_recorded_is_there
            recording_again_changes_nothing
            of_concurrent_records_one_is_new
            what_was_recorded_comes_back_byte_for_byte
            keys_that_differ_in_case_or_scope_are_different
            what_was_never_recorded_is_not_there
            notes_follow_in_order
            every_note_comes_back
            a_note_elsewhere_is_refused
            a_note_made_again_is_refused_and_does_no_harm
            a_note_that_is_out_of_order_is_refused
            an_older_claim_cannot_note
            an_expired_claim_that_nobody_took_can_note
            of_concurrent_notes_at_one_position_one_succeeds
            only_who_began_it_may_withdraw_it
            a_note_that_goes_on_begins_the_term_anew
            every_other_note_gives_the_claim_back
            a_held_request_is_not_claimed_by_another
            the_holder_may_claim_it_anew
            a_holder_in_another_life_is_another
            an_expired_claim_gives_way
            a_claim_that_another_follows_has_lapsed
            a_lapse_is_told_until_a_note_begins_anew
            an_epoch_is_larger_than_every_one_before
            of_concurrent_claims_one_gets_it
            a_term_of_no_time_has_run_out_at_once
            a_request_can_be_claimed_wherever_it_stands
            what_is_due_and_free_is_taken
            what_has_been_due_longest_is_taken_first
            no_more_is_taken_than_the_limit
            of_concurrent_takes_each_request_goes_to_one
            what_is_put_off_is_due_when_its_time_has_come
            what_was_taken_is_held
            what_is_released_is_taken_again
            what_cannot_be_read_holds_up_no_other
            a_list_shows_each_shelf
            a_list_shows_what_a_load_shows
            a_list_is_in_the_order_of_the_keys_bytes
            a_list_goes_on_after_a_key
            a_list_holds_no_more_than_its_limit
            a_list_leaves_out_what_cannot_be_read
            what_cannot_be_read_is_rejected
            a_purged_request_keeps_all_but_its_content
            what_is_not_closed_is_not_purged
            what_was_closed_lately_is_not_purged
            what_was_closed_for_long_is_forgotten
            what_is_kept_for_less_than_the_idle_time_is_forgotten
            what_was_withdrawn_is_forgotten
            a_purge_counts_and_has_a_limit
            what_is_held_is_not_purged
        }
    };
}
