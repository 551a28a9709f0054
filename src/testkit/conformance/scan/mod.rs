//! The facts of [`ScanRepository`]. The adapter should pass
//! [`stamped`](super::stamped) too: what a page must show is what `read`
//! answers.

mod page;
mod rewrites;
mod shelf;
mod walk;

use page::*;
use walk::*;

use super::{Fact, StampedFixture};
use crate::repository::ScanRepository;

pub(super) use shelf::Shelf;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::repository::ScanRepository;
/// use strangler_fig::testkit::conformance::{StampedFixture, scan, run_all};
///
/// async fn is_caught<F: StampedFixture<Repository: ScanRepository>>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(scan::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: StampedFixture<Repository: ScanRepository>>() -> Vec<Fact<F>> {
    crate::__each_scan_fact!(__conformance_list [])
}

/// Tests that a [`ScanRepository`](crate::repository::ScanRepository) keeps its
/// contract: see [`conformance`](crate::testkit::conformance).
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::testkit::conformance::StampedFixture;
/// # type User = (u32, u32);
/// # struct Users(InMemoryRepository<u32, User>);
/// # impl StampedFixture for Users {
/// #     type Repository = InMemoryRepository<u32, User>;
/// #     fn repository(&self) -> Arc<Self::Repository> { Arc::new(self.0.clone()) }
/// #     fn entity(&self, n: u32, variant: u32) -> User { (n, variant) }
/// # }
/// async fn users() -> Users {
///     Users(InMemoryRepository::new(|user: &User| user.0))
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::scan_conformance!(users());
/// }
/// ```
#[macro_export]
macro_rules! scan_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_scan_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_scan_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with scan::facts:
            an_empty_store_has_one_empty_page
            pages_of_any_size_hold_every_record_once
            a_page_holds_tombstones
            a_page_holds_unstamped_rows
            a_page_shows_what_read_shows
            a_page_begins_after_a_key_that_is_not_there
            nothing_comes_after_the_last_key
            the_last_key_is_where_a_walk_ends
            a_page_holds_no_more_than_its_limit
            the_largest_limit_is_no_error
            a_page_shows_what_was_applied_before
            a_page_never_mixes_two_records
            a_walk_under_writes_leaves_no_key_out
        }
    };
}
