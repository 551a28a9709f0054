//! The facts of [`MigrationStateService`](crate::phase::MigrationStateService).

mod bar;
mod durable;
mod fixture;
mod lease;
mod names;
mod report;
mod samples;
mod stored;
mod together;

use bar::*;
use durable::*;
pub use fixture::StateFixture;
use lease::*;
use names::*;
pub use report::{Outcome, StateReport, run_all};
use stored::*;
use together::*;

use super::Fact;

/// Every fact of the suite that needs one handle only; [`run_all`] tries them.
///
/// ```
/// use strangler_fig::testkit::conformance::{StateFixture, state};
///
/// async fn check<F: StateFixture>(open: impl AsyncFn() -> F) -> Result<(), String> {
///     for fact in state::facts() {
///         fact.check(&open().await).await?;
///     }
///     Ok(())
/// }
/// ```
#[must_use]
pub fn facts<F: StateFixture>() -> Vec<Fact<F>> {
    crate::__each_state_fact!(__conformance_list [])
}

/// The facts about what outlives a handle. They fail on a fixture that cannot
/// reopen its store; [`run_all`] tells such a store from a forgetful one.
///
/// ```
/// use strangler_fig::testkit::conformance::{Fact, StateFixture, state};
///
/// fn names<F: StateFixture>() -> Vec<&'static str> {
///     state::durable_facts::<F>().iter().map(Fact::name).collect()
/// }
/// ```
#[must_use]
pub fn durable_facts<F: StateFixture>() -> Vec<Fact<F>> {
    crate::__each_durable_state_fact!(__conformance_list [])
}

/// Tests that a [`MigrationStateService`](crate::phase::MigrationStateService)
/// keeps its contract: see [`conformance`](crate::testkit::conformance).
///
/// A store that ends with its handle is `volatile`, and says so: the tests of
/// durability are then ignored, with that reason.
///
/// ```
/// use std::sync::Arc;
///
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::MigrationStateService;
/// use strangler_fig::testkit::conformance::StateFixture;
///
/// struct InMemory(Arc<InMemoryStateService>);
///
/// impl StateFixture for InMemory {
///     fn service(&self) -> Arc<dyn MigrationStateService> {
///         Arc::clone(&self.0) as _
///     }
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::state_conformance!(volatile async { InMemory(Arc::default()) });
/// }
/// ```
#[macro_export]
macro_rules! state_conformance {
    (volatile $fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_state_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
        $crate::__each_durable_state_fact!(__conformance_tests [
            [$(#[$meta])* #[ignore = "not applicable: the store ends with its handle"]]
            $fixture
        ]);
    };
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_state_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
        $crate::__each_durable_state_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_state_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with state::facts:
            a_state_that_was_created_is_current
            creating_twice_is_a_conflict_and_changes_nothing
            before_it_is_created_there_is_no_state
            what_was_acknowledged_is_current_at_once
            a_state_is_replaced_at_its_revision
            an_older_revision_is_a_conflict_and_changes_nothing
            revision_zero_is_a_conflict_and_changes_nothing
            a_revision_to_come_is_a_conflict_and_changes_nothing
            what_was_never_created_is_not_replaced
            the_revision_grows_with_every_replacement
            every_field_of_a_state_comes_back
            of_concurrent_creates_one_succeeds
            of_concurrent_replacements_one_succeeds
            no_concurrent_renewal_is_lost
            a_renewal_and_a_replacement_do_not_undo_each_other
            a_renewal_that_meets_an_eviction_leaves_no_lease
            a_renewal_and_an_eviction_do_not_both_succeed
            a_renewed_lease_comes_back_whole
            renewing_again_replaces_the_whole_lease
            a_late_renewal_changes_nothing
            the_leases_of_all_nodes_are_listed
            a_renewed_lease_is_listed_at_once
            leases_do_not_expire
            an_evicted_node_loses_its_lease
            an_evicted_node_cannot_renew
            another_life_of_an_evicted_node_is_not_touched
            a_node_that_was_never_seen_can_be_evicted
            a_lease_that_was_renewed_since_is_not_evicted
            evicting_twice_is_no_error
            evicting_again_on_another_lease_is_no_error
            releasing_does_not_end_an_eviction
            a_released_lease_is_gone
            releasing_what_is_not_there_is_no_error
            a_released_node_can_renew_again
            releasing_leaves_other_lives_alone
            states_of_different_names_are_kept_apart
            leases_of_different_names_are_kept_apart
            evictions_of_different_names_are_kept_apart
            names_that_differ_by_case_are_not_mixed
            a_change_that_is_told_is_there_to_be_read
            changed_rests_while_nothing_changes
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_durable_state_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with state::durable_facts:
            a_state_outlives_the_handle
            a_revision_outlives_the_handle
            leases_outlive_the_handle
            an_eviction_outlives_the_handle
        }
    };
}
