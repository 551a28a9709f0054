//! The facts of [`SagaBarrier`](crate::saga::SagaBarrier).

mod entered;
mod fixture;
mod samples;
mod together;

use entered::*;
pub use fixture::{SagaBarrierFixture, TransactionOf};
use together::*;

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{SagaBarrierFixture, run_all, saga_barrier};
///
/// async fn is_caught<F: SagaBarrierFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(saga_barrier::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: SagaBarrierFixture>() -> Vec<Fact<F>> {
    crate::__each_saga_barrier_fact!(__conformance_list [])
}

/// Tests that a [`SagaBarrier`](crate::saga::SagaBarrier) keeps its contract: see
/// [`conformance`](crate::testkit::conformance), and [`SagaBarrierFixture`] for a fixture.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::memory::{InMemoryBarrier, InMemoryBarrierTransaction};
/// # use strangler_fig::testkit::conformance::{SagaBarrierFixture, async_trait};
/// #
/// # struct InMemory(Arc<InMemoryBarrier>);
/// #
/// # #[async_trait]
/// # impl SagaBarrierFixture for InMemory {
/// #     type Barrier = InMemoryBarrier;
/// #
/// #     fn barrier(&self) -> Arc<InMemoryBarrier> {
/// #         Arc::clone(&self.0)
/// #     }
/// #     async fn begin(&self) -> Result<InMemoryBarrierTransaction, StoreError> {
/// #         Ok(self.0.begin().await)
/// #     }
/// #     async fn commit(&self, transaction: InMemoryBarrierTransaction) -> Result<(), StoreError> {
/// #         transaction.commit();
/// #         Ok(())
/// #     }
/// # }
/// mod conformance {
///     use super::*;
///
///     strangler_fig::saga_barrier_conformance!(async { InMemory(Arc::default()) });
/// }
/// ```
#[macro_export]
macro_rules! saga_barrier_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_saga_barrier_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_saga_barrier_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with saga_barrier::facts:
            the_first_execution_runs
            a_repeated_execution_is_a_duplicate
            a_duplicate_of_what_recorded_nothing_has_no_output
            an_execution_after_its_compensation_hangs
            an_execution_that_was_compensated_is_a_duplicate
            a_compensation_of_what_was_executed_runs
            a_compensation_of_nothing_is_null
            a_repeated_compensation_is_a_duplicate
            a_repeated_null_compensation_is_a_duplicate
            a_transaction_sees_its_own_calls
            a_probe_is_rejected
            what_was_not_executed_records_nothing
            steps_and_sagas_do_not_disturb_each_other
            calls_of_several_steps_share_a_transaction
            outputs_come_back_byte_for_byte
            an_execution_rolled_back_was_not_seen
            a_compensation_rolled_back_was_not_seen
            a_null_compensation_rolled_back_was_not_seen
            of_concurrent_executions_one_runs
            of_concurrent_compensations_one_runs
            an_execution_and_its_compensation_at_once_leave_no_effect
            who_waits_for_a_call_that_is_rolled_back_runs
        }
    };
}
