//! What facts do to a feed, and calls that must succeed.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::ChangeFeedFixture;
use super::fixture::{EntityOf, KeyOf};
use crate::error::StoreError;
use crate::event::{ChangeFeed, ChangePage, Changed, FeedLag, LagSource};
use crate::key::KeyExt;
use crate::stamp::Record;

/// More than any fact changes.
pub(super) const ALL: usize = 100;

pub(super) type PageOf<F> = ChangePage<KeyOf<F>, EntityOf<F>>;
pub(super) type ChangedOf<F> = Changed<KeyOf<F>, EntityOf<F>>;

pub(super) fn answered<T>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}

/// Writes a row in a transaction of its own.
pub(super) async fn written<F: ChangeFeedFixture>(fixture: &F, n: u32, variant: u32) {
    let mut open = fixture.begin().await;
    fixture.write(&mut open, n, variant).await;
    fixture.commit(open).await;
}

pub(super) async fn deleted<F: ChangeFeedFixture>(fixture: &F, n: u32) {
    let mut open = fixture.begin().await;
    fixture.delete(&mut open, n).await;
    fixture.commit(open).await;
}

pub(super) async fn page<F: ChangeFeedFixture>(feed: &Arc<F::Feed>, limit: usize) -> PageOf<F> {
    let limit = NonZeroUsize::new(limit).expect("a page holds something");
    answered("reading changes", feed.changes(limit).await)
}

pub(super) async fn settle<F: ChangeFeedFixture>(feed: &Arc<F::Feed>, page: &PageOf<F>) {
    answered("settling", feed.settle(&page.mark).await);
}

pub(super) async fn lag<F: ChangeFeedFixture>(feed: &Arc<F::Feed>) -> FeedLag {
    answered("asking for the lag", feed.lag().await)
}

/// The key of a change, encoded.
pub(super) fn key<F: ChangeFeedFixture>(change: &ChangedOf<F>) -> Vec<u8> {
    match change {
        Changed::Hint(key) | Changed::Record(key, _) => key.to_bytes(),
        Changed::Unreadable { key, .. } => key.clone(),
    }
}

pub(super) fn key_of<F: ChangeFeedFixture>(fixture: &F, n: u32) -> Vec<u8> {
    fixture.key(n).to_bytes()
}

/// Whether a change of the `n`th row is in it.
pub(super) fn names<F: ChangeFeedFixture>(fixture: &F, page: &PageOf<F>, n: u32) -> bool {
    page.changes.iter().any(|change| key::<F>(change) == key_of(fixture, n))
}

/// Asserts that changes of exactly these rows are in it.
pub(super) fn holds<F: ChangeFeedFixture>(fixture: &F, page: &PageOf<F>, rows: &[u32], why: &str) {
    let sorted = |keys: &mut Vec<Vec<u8>>| {
        keys.sort_unstable();
        keys.dedup();
    };
    let mut found: Vec<_> = page.changes.iter().map(key::<F>).collect();
    let mut expected: Vec<_> = rows.iter().map(|n| key_of(fixture, *n)).collect();
    sorted(&mut found);
    sorted(&mut expected);
    assert_eq!(found, expected, "{why}");
}

/// The records of the `n`th row, in their order.
pub(super) fn records<F: ChangeFeedFixture>(
    fixture: &F,
    page: &PageOf<F>,
    n: u32,
) -> Vec<Record<EntityOf<F>>> {
    let of_the_row = page.changes.iter().filter_map(|change| match change {
        Changed::Record(key, record) if *key == fixture.key(n) => Some(record.clone()),
        _ => None,
    });
    of_the_row.collect()
}

/// Everything up to the end, settled page by page.
pub(super) async fn drained<F: ChangeFeedFixture>(feed: &Arc<F::Feed>) -> Vec<ChangedOf<F>> {
    let mut changes = Vec::new();
    for _ in 0..ALL {
        let page = page::<F>(feed, ALL).await;
        settle::<F>(feed, &page).await;
        let is_over = page.changes.is_empty();
        changes.extend(page.changes);
        if is_over {
            break;
        }
    }
    changes
}
