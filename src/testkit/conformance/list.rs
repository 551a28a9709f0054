//! The facts of [`ListRepository`]. The adapter should pass
//! [`repository`](super::repository) too.

use std::num::NonZeroUsize;

use super::repository::{EntityOf, KeyOf, save};
use super::{Fact, RepositoryFixture};
use crate::repository::{ListRepository, Repository};

const KEYS: u32 = 11;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::repository::ListRepository;
/// use strangler_fig::testkit::conformance::{RepositoryFixture, list, run_all};
///
/// async fn is_caught<F: RepositoryFixture<Repository: ListRepository>>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(list::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: RepositoryFixture<Repository: ListRepository>>() -> Vec<Fact<F>> {
    crate::__each_list_fact!(__conformance_list [])
}

/// Tests that a [`ListRepository`](crate::repository::ListRepository) keeps its
/// contract: see [`conformance`](crate::testkit::conformance).
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::{InMemoryPlainRepository, in_memory_tables};
/// # use strangler_fig::testkit::conformance::RepositoryFixture;
/// # type User = (u32, u32);
/// # struct Users(Arc<InMemoryPlainRepository<u32, User>>);
/// # impl RepositoryFixture for Users {
/// #     type Repository = InMemoryPlainRepository<u32, User>;
/// #     fn repository(&self) -> Arc<Self::Repository> { Arc::clone(&self.0) }
/// #     fn entity(&self, n: u32, variant: u32) -> User { (n, variant) }
/// # }
/// async fn users() -> Users {
///     Users(Arc::new(in_memory_tables(|user: &User| user.0).0))
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::list_conformance!(users());
/// }
/// ```
#[macro_export]
macro_rules! list_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_list_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_list_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with list::facts:
            an_empty_store_lists_nothing
            lists_of_any_size_hold_every_row_once
            a_list_begins_after_a_key_that_is_not_there
            nothing_is_listed_after_the_last_key
            a_list_holds_as_many_rows_as_it_can
            a_list_shows_what_was_saved_before
            the_last_key_is_that_of_the_last_row
        }
    };
}

/// Contract 1: nothing is an empty list.
async fn an_empty_store_lists_nothing<F>(fixture: &F)
where
    F: RepositoryFixture<Repository: ListRepository>,
{
    let listed = list(fixture, None, 5).await;
    assert_eq!(listed, [], "the rows of an empty store");
}

/// Contract 1: lists of any size, one after the other, hold every row once and
/// in the order of the keys; also of a size that few stores can count.
async fn lists_of_any_size_hold_every_row_once<F>(fixture: &F)
where
    F: RepositoryFixture<Repository: ListRepository>,
{
    let expected = filled(fixture).await;
    for limit in (1..=KEYS as usize + 1).chain([usize::MAX >> 1, usize::MAX]) {
        let mut walked: Vec<EntityOf<F>> = Vec::new();
        loop {
            let after = walked.last().map(|row| fixture.repository().key(row));
            let listed = list(fixture, after.as_ref(), limit).await;
            let is_last = listed.len() < limit;
            walked.extend(listed);
            if is_last || walked.len() > expected.len() {
                break;
            }
        }
        assert_eq!(walked, expected, "all rows, by lists of {limit}");
    }
}

/// Contract 1: `after` need not be a key of the store.
async fn a_list_begins_after_a_key_that_is_not_there<F>(fixture: &F)
where
    F: RepositoryFixture<Repository: ListRepository>,
{
    let mut keys: Vec<_> = (0..KEYS).map(|n| (fixture.key(n), n)).collect();
    keys.sort();
    for (_, n) in keys.iter().skip(1).step_by(2) {
        save(fixture, *n, 1).await;
    }
    for (place, (gap, _)) in keys.iter().enumerate().step_by(2) {
        let expected = keys.get(place + 1).map(|(_, n)| fixture.entity(*n, 1));
        let listed = list(fixture, Some(gap), 1).await;
        assert_eq!(listed.first(), expected.as_ref(), "the first row after {gap:?}");
    }
}

/// Contract 1: after the last key is nothing.
async fn nothing_is_listed_after_the_last_key<F>(fixture: &F)
where
    F: RepositoryFixture<Repository: ListRepository>,
{
    let rows = filled(fixture).await;
    let last = rows.last().map(|row| fixture.repository().key(row));
    let listed = list(fixture, last.as_ref(), 5).await;
    assert_eq!(listed, [], "the rows after the last key");
}

/// Contract 1: a list is never longer than asked for, and shorter only at the
/// end.
async fn a_list_holds_as_many_rows_as_it_can<F>(fixture: &F)
where
    F: RepositoryFixture<Repository: ListRepository>,
{
    let rows = filled(fixture).await;
    for limit in 1..=rows.len() + 1 {
        let held = list(fixture, None, limit).await.len();
        assert_eq!(held, limit.min(rows.len()), "the rows of a list of {limit}");
    }
}

/// Contract 2: a list shows what was acknowledged before the call, through any
/// connection.
async fn a_list_shows_what_was_saved_before<F>(fixture: &F)
where
    F: RepositoryFixture<Repository: ListRepository>,
{
    let other = fixture.reopened().await;
    for variant in 0..50 {
        let saved = other.save(fixture.entity(0, variant)).await;
        assert!(saved.is_ok(), "saving failed: {saved:?}");
        let listed = list(fixture, None, 5).await;
        assert_eq!(listed, [fixture.entity(0, variant)], "the rows after a save");
    }
}

/// Contracts 2 and 3: the last key is that of the last row, as soon as that is
/// there and until it is gone.
async fn the_last_key_is_that_of_the_last_row<F>(fixture: &F)
where
    F: RepositoryFixture<Repository: ListRepository>,
{
    let other = fixture.reopened().await;
    let mut keys: Vec<_> = (0..KEYS).map(|n| (fixture.key(n), n)).collect();
    keys.sort();
    assert_eq!(last_key(fixture).await, None, "the last key of an empty store");
    for (key, n) in &keys {
        let saved = other.save(fixture.entity(*n, 1)).await;
        assert!(saved.is_ok(), "saving failed: {saved:?}");
        assert_eq!(last_key(fixture).await.as_ref(), Some(key), "the last key, just saved");
    }
    while let Some((key, _)) = keys.pop() {
        let deleted = other.delete(&key).await;
        assert!(deleted.is_ok(), "deleting failed: {deleted:?}");
        let expected = keys.last().map(|(key, _)| key);
        assert_eq!(last_key(fixture).await.as_ref(), expected, "the last key after a deletion");
    }
}

async fn last_key<F>(fixture: &F) -> Option<KeyOf<F>>
where
    F: RepositoryFixture<Repository: ListRepository>,
{
    let last = fixture.repository().last_key().await;
    last.unwrap_or_else(|error| panic!("looking for the last key failed: {error:?}"))
}

async fn list<F>(fixture: &F, after: Option<&KeyOf<F>>, limit: usize) -> Vec<EntityOf<F>>
where
    F: RepositoryFixture<Repository: ListRepository>,
{
    let limit = NonZeroUsize::new(limit).expect("lists hold something");
    let listed = fixture.repository().list(after, limit).await;
    listed.unwrap_or_else(|error| panic!("listing after {after:?} failed: {error:?}"))
}

/// Saves rows and answers them in the order of their keys.
async fn filled<F: RepositoryFixture>(fixture: &F) -> Vec<EntityOf<F>> {
    let mut rows = Vec::new();
    for n in 0..KEYS {
        save(fixture, n, 1).await;
        rows.push(fixture.entity(n, 1));
    }
    rows.sort_by_key(|row| fixture.repository().key(row));
    rows
}
