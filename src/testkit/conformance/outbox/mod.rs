//! The facts of [`Outbox`](crate::event::Outbox) and [`OutboxStore`](crate::event::OutboxStore).

mod claimed;
mod fetched;
mod fixture;
mod kept;
mod parked;
mod samples;
mod settled;
mod staged;

use claimed::*;
use fetched::*;
pub use fixture::OutboxFixture;
use kept::*;
use parked::*;
use settled::*;
use staged::*;

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{OutboxFixture, outbox, run_all};
///
/// async fn is_caught<F: OutboxFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(outbox::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: OutboxFixture>() -> Vec<Fact<F>> {
    crate::__each_outbox_fact!(__conformance_list [])
}

/// Tests that an [`Outbox`](crate::event::Outbox) and its [`OutboxStore`](crate::event::OutboxStore) keep their
/// contracts: see [`conformance`](crate::testkit::conformance), and [`OutboxFixture`] for a fixture. Some terms and delays
/// are half a second, and waited for.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::event::{Outbox, OutboxStore};
/// # use strangler_fig::memory::{InMemoryMailTransaction, InMemoryOutbox};
/// # use strangler_fig::testkit::conformance::{OutboxFixture, async_trait};
/// #
/// # struct InMemory(InMemoryOutbox);
/// #
/// # #[async_trait]
/// # impl OutboxFixture for InMemory {
/// #     type Transaction = InMemoryMailTransaction;
/// #
/// #     fn outbox(&self) -> Arc<dyn Outbox<InMemoryMailTransaction>> {
/// #         Arc::new(self.0.clone())
/// #     }
/// #     fn store(&self) -> Arc<dyn OutboxStore> {
/// #         Arc::new(self.0.clone())
/// #     }
/// #     async fn begin(&self) -> Result<InMemoryMailTransaction, StoreError> {
/// #         Ok(self.0.begin())
/// #     }
/// #     async fn commit(&self, transaction: InMemoryMailTransaction) -> Result<(), StoreError> {
/// #         transaction.commit()
/// #     }
/// # }
/// mod conformance {
///     use super::*;
///
///     strangler_fig::outbox_conformance!(async { InMemory(InMemoryOutbox::default()) });
/// }
/// ```
#[macro_export]
macro_rules! outbox_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_outbox_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_outbox_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with outbox::facts:
            a_commit_shows_and_a_rollback_does_not
            what_was_committed_is_there
            a_call_stages_all_in_order
            two_transactions_of_a_key_follow_each_other
            who_waits_for_a_rollback_goes_on
            other_keys_do_not_wait_for_an_open_transaction
            what_commits_late_is_sent
            events_come_back_equal
            the_same_event_twice_is_two_rows
            keys_differ_by_bytes
            a_lane_of_a_key_never_changes
            of_relays_at_once_one_gets_a_lane
            an_epoch_is_larger_than_every_one_before
            a_claim_takes_no_more_than_wanted_and_nothing_from_others
            a_claim_begins_the_terms_anew
            another_incarnation_is_another_relay
            a_term_of_no_time_has_run_out_at_once
            a_claim_ends_by_its_term
            relays_are_counted_that_got_nothing
            an_old_claim_releases_nothing
            an_old_claim_fetches_nothing
            an_old_claim_settles_nothing
            a_claim_that_has_run_out_settles_and_fetches_nothing
            only_claimed_lanes_are_fetched
            what_is_not_settled_comes_again
            a_key_comes_from_its_oldest_row_on
            behind_a_row_put_off_its_key_waits
            a_row_that_falls_due_comes_before_its_key
            behind_a_parked_row_its_key_waits
            other_keys_of_a_lane_go_on
            rows_and_bytes_are_limited_and_one_row_always_comes
            a_row_that_cannot_be_read_comes_as_such
            a_row_says_how_long_ago_it_was_staged
            only_what_is_named_is_settled
            rows_of_other_lanes_are_passed_over
            ends_of_one_call_all_have_their_effect
            settling_again_is_harmless
            a_row_put_off_comes_after_its_delay_and_counts
            a_refusal_counts_and_another_attempt_does_not
            a_parked_row_never_comes_and_is_never_purged
            parked_rows_are_listed_with_what_waits_behind
            a_list_of_parked_rows_goes_on_and_has_a_limit
            a_parked_row_that_is_tried_again_is_due_at_once
            a_parked_row_that_is_discarded_lets_its_key_go_on
            reasons_may_be_long
            a_purge_takes_what_was_sent_only
            a_depth_counts_what_is_there
        }
    };
}
