//! The facts of [`DigestRepository`]. The adapter should pass
//! [`stamped`](super::stamped) and [`scan`](super::scan) too: what is hashed is
//! what they show.
//!
//! That contents are told apart is tried with the variants of the fixture's
//! entities: have some that differ only in case, in blanks, or as NULL and empty.

mod cuts;
mod hash;
mod hashes;
mod sums;
mod table;

use cuts::*;
use hash::*;
use hashes::*;
use sums::*;

use super::{Fact, StampedFixture};
use crate::repository::DigestRepository;

use table::Table;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::repository::DigestRepository;
/// use strangler_fig::testkit::conformance::{StampedFixture, digest, run_all};
///
/// async fn is_caught<F: StampedFixture<Repository: DigestRepository>>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(digest::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: StampedFixture<Repository: DigestRepository>>() -> Vec<Fact<F>> {
    crate::__each_digest_fact!(__conformance_list [])
}

/// Tests that a [`DigestRepository`](crate::repository::DigestRepository) keeps
/// its contract: see [`conformance`](crate::testkit::conformance).
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
///     strangler_fig::digest_conformance!(users());
/// }
/// ```
#[macro_export]
macro_rules! digest_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_digest_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_digest_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with digest::facts:
            a_hash_is_the_same_each_time
            a_hash_tells_keys_apart
            a_hash_tells_stamps_apart
            a_hash_tells_values_apart
            a_hash_tells_a_tombstone_from_a_value
            a_hash_depends_on_the_salt
            a_salt_is_more_than_added
            a_known_algorithm_hashes_as_it_is_known
            a_digest_is_that_of_the_records_of_its_range
            digest_of_sees_every_change
            ranges_that_meet_share_no_row
            a_digest_holds_tombstones
            a_digest_holds_unstamped_rows
            an_empty_range_has_an_empty_digest
            digests_are_answered_in_order
            a_thousand_ranges_are_digested
            a_digest_shows_what_was_applied_before
            hashes_are_those_of_the_first_records
            hashes_stay_within_their_range
            the_largest_limit_of_hashes_is_no_error
            hashes_show_what_was_applied_before
            cuts_rise_within_their_range
            parts_hold_about_as_many_rows
            a_small_range_is_not_cut
        }
    };
}
