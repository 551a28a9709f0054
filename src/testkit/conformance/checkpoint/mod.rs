//! The facts of [`CheckpointStore`](crate::backfill::CheckpointStore).

mod claimed;
mod fixture;
mod job;
mod saved;

use claimed::*;
pub use fixture::CheckpointFixture;
use job::*;
use saved::*;

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{CheckpointFixture, checkpoint, run_all};
///
/// async fn is_caught<F: CheckpointFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(checkpoint::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: CheckpointFixture>() -> Vec<Fact<F>> {
    crate::__each_checkpoint_fact!(__conformance_list [])
}

/// Tests that a [`CheckpointStore`](crate::backfill::CheckpointStore) keeps its
/// contract: see [`conformance`](crate::testkit::conformance). Claims are made
/// for half a second, and waited for.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::backfill::CheckpointStore;
/// use strangler_fig::memory::InMemoryCheckpointStore;
/// use strangler_fig::testkit::conformance::CheckpointFixture;
///
/// struct InMemory(InMemoryCheckpointStore);
///
/// impl CheckpointFixture for InMemory {
///     fn store(&self) -> Arc<dyn CheckpointStore> {
///         Arc::new(self.0.clone())
///     }
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::checkpoint_conformance!(async {
///         InMemory(InMemoryCheckpointStore::default())
///     });
/// }
/// ```
#[macro_export]
macro_rules! checkpoint_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_checkpoint_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_checkpoint_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with checkpoint::facts:
            a_job_that_was_opened_has_its_partitions_in_order
            opening_again_changes_nothing
            what_was_never_opened_has_no_partitions
            a_job_of_no_partitions_has_nothing_to_claim
            keys_of_every_byte_come_back
            names_that_differ_in_case_are_different_jobs
            jobs_do_not_disturb_each_other
            a_removed_job_is_forgotten
            a_claim_of_a_removed_job_stays_old
            partitions_are_claimed_in_order_and_once
            of_concurrent_claims_no_two_get_one_partition
            a_released_partition_can_be_claimed
            an_expired_partition_can_be_claimed
            a_worker_that_comes_back_takes_its_own_partition
            saving_renews_the_claim
            an_epoch_is_larger_than_every_one_before
            a_partition_that_is_done_is_not_claimed
            a_claim_goes_on_where_the_last_one_ended
            a_holder_is_named_while_it_holds
            releasing_an_older_claim_changes_nothing
            every_field_of_a_checkpoint_comes_back
            saving_again_is_harmless
            an_older_claim_cannot_save
            an_expired_claim_that_nobody_took_can_save
            a_released_claim_that_nobody_took_can_save
            what_was_saved_outlives_the_handle
            a_save_and_a_claim_at_once_leave_one_holder
        }
    };
}
