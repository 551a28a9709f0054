//! The facts of [`ReplyStore`](crate::event::ReplyStore).

mod fixture;
mod kept;

pub use fixture::ReplyStoreFixture;
use kept::*;

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{ReplyStoreFixture, reply_store, run_all};
///
/// async fn is_caught<F: ReplyStoreFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(reply_store::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: ReplyStoreFixture>() -> Vec<Fact<F>> {
    crate::__each_reply_store_fact!(__conformance_list [])
}

/// Tests that a [`ReplyStore`](crate::event::ReplyStore) keeps its contract: see
/// [`conformance`](crate::testkit::conformance).
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::event::ReplyStore;
/// use strangler_fig::memory::InMemoryReplyStore;
/// use strangler_fig::testkit::conformance::{ReplyStoreFixture, async_trait};
///
/// struct InMemory(InMemoryReplyStore);
///
/// #[async_trait]
/// impl ReplyStoreFixture for InMemory {
///     fn replies(&self) -> Arc<dyn ReplyStore> {
///         Arc::new(self.0.clone())
///     }
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::reply_store_conformance!(async { InMemory(InMemoryReplyStore::default()) });
/// }
/// ```
#[macro_export]
macro_rules! reply_store_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_reply_store_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_reply_store_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with reply_store::facts:
            the_first_reply_is_kept
            a_later_reply_changes_nothing
            nothing_is_answered_before_it_has_come
            another_process_finds_it
            of_several_at_once_one_is_first
            correlations_differ_by_bytes
            replies_come_back_as_they_were
            what_is_old_is_purged
            what_is_young_is_not_purged
            no_more_than_the_limit_are_purged_at_once
        }
    };
}
