//! The facts of [`Inbox`](crate::event::Inbox).

mod admitted;
mod fixture;
mod samples;
mod together;

use admitted::*;
pub use fixture::InboxFixture;
use together::*;

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{InboxFixture, inbox, run_all};
///
/// async fn is_caught<F: InboxFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(inbox::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: InboxFixture>() -> Vec<Fact<F>> {
    crate::__each_inbox_fact!(__conformance_list [])
}

/// Tests that an [`Inbox`](crate::event::Inbox) keeps its contract: see
/// [`conformance`](crate::testkit::conformance), and [`InboxFixture`] for a fixture.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::event::Inbox;
/// # use strangler_fig::memory::{InMemoryInbox, InMemoryMailTransaction};
/// # use strangler_fig::testkit::conformance::{InboxFixture, async_trait};
/// #
/// # struct InMemory(InMemoryInbox);
/// #
/// # #[async_trait]
/// # impl InboxFixture for InMemory {
/// #     type Transaction = InMemoryMailTransaction;
/// #
/// #     fn inbox(&self) -> Arc<dyn Inbox<InMemoryMailTransaction>> {
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
///     strangler_fig::inbox_conformance!(async { InMemory(InMemoryInbox::default()) });
/// }
/// ```
#[macro_export]
macro_rules! inbox_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_inbox_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_inbox_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with inbox::facts:
            the_first_time_is_first_and_then_again
            a_rollback_was_not_seen
            a_transaction_sees_its_own
            events_share_a_transaction
            consumers_sources_and_ids_differ_by_bytes
            content_does_not_count
            of_several_at_once_one_is_first
            who_waits_for_a_rollback_is_first
            other_events_do_not_wait
        }
    };
}
