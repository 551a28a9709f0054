//! The facts of [`ChangeFeed`](crate::event::ChangeFeed).

mod fixture;
mod followed;
mod lagging;
mod read;
mod samples;
mod settled;

pub use fixture::ChangeFeedFixture;
use followed::*;
use lagging::*;
use read::*;
use settled::*;

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{ChangeFeedFixture, change_feed, run_all};
///
/// async fn is_caught<F: ChangeFeedFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(change_feed::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: ChangeFeedFixture>() -> Vec<Fact<F>> {
    crate::__each_change_feed_fact!(__conformance_list [])
}

/// Tests that a [`ChangeFeed`](crate::event::ChangeFeed) keeps its contract: see
/// [`conformance`](crate::testkit::conformance), and [`ChangeFeedFixture`] for a fixture.
///
/// A feed of hints says nothing of records: the facts about these then hold of themselves.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::{InMemoryChangeFeed, InMemoryChanges};
/// # use strangler_fig::testkit::conformance::{ChangeFeedFixture, async_trait};
/// # type User = (u32, u32);
/// # struct InMemory(Arc<InMemoryChangeFeed<u32, User>>);
/// # #[async_trait]
/// # impl ChangeFeedFixture for InMemory {
/// #     type Feed = InMemoryChangeFeed<u32, User>;
/// #     type Transaction = InMemoryChanges<u32, User>;
/// #     fn feed(&self) -> Arc<Self::Feed> { Arc::clone(&self.0) }
/// #     fn key(&self, n: u32) -> u32 { n }
/// #     fn entity(&self, n: u32, variant: u32) -> User { (n, variant) }
/// #     async fn begin(&self) -> Self::Transaction { self.0.begin() }
/// #     async fn write(&self, open: &mut Self::Transaction, n: u32, _: u32) { open.hint(n); }
/// #     async fn delete(&self, open: &mut Self::Transaction, n: u32) { open.hint(n); }
/// #     async fn rename(&self, open: &mut Self::Transaction, from: u32, to: u32) {
/// #         open.hint(from);
/// #         open.hint(to);
/// #     }
/// #     async fn commit(&self, open: Self::Transaction) { open.commit(); }
/// # }
/// mod conformance {
///     use super::*;
///
///     strangler_fig::change_feed_conformance!(async { InMemory(Arc::default()) });
/// }
/// ```
#[macro_export]
macro_rules! change_feed_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_change_feed_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_change_feed_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with change_feed::facts:
            a_change_comes_until_it_is_settled
            what_commits_late_comes
            a_rollback_does_not_come
            what_is_open_does_not_come
            a_page_holds_no_more_than_its_limit
            what_was_committed_first_comes_first
            nothing_is_an_empty_page
            a_settled_page_does_not_come_again
            only_that_page_is_settled
            settling_again_changes_nothing
            a_key_comes_in_the_order_of_its_commits
            a_deletion_comes
            a_change_of_the_key_is_two
            a_record_has_the_stamp_of_its_row
            a_later_record_has_a_larger_stamp
            what_cannot_be_read_comes_as_such_and_holds_up_no_other
            the_last_page_holds_all_of_before
            a_feed_that_was_read_to_its_end_says_so
            the_lag_is_none_only_when_all_is_settled
            the_lag_is_that_of_the_oldest
            what_is_pending_is_counted
            a_feed_that_misses_changes_says_so
        }
    };
}
