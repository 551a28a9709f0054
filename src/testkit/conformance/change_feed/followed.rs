//! What is answered, and in which order.

use super::ChangeFeedFixture;
use super::samples::{
    ALL, deleted, drained, holds, key, key_of, names, page, records, settle, written,
};
use crate::event::Changed;

/// Contracts 1 and 3: reading changes nothing.
pub(super) async fn a_change_comes_until_it_is_settled<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    written(fixture, 1, 1).await;
    for _ in 0..3 {
        let page = page::<F>(&feed, ALL).await;
        holds(fixture, &page, &[1], "it is not settled");
    }
}

/// Contract 1: whatever was drawn first, and settled meanwhile.
pub(super) async fn what_commits_late_comes<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    let mut late = fixture.begin().await;
    fixture.write(&mut late, 1, 1).await;
    written(fixture, 2, 1).await;
    let before = page::<F>(&feed, ALL).await;
    holds(fixture, &before, &[2], "one is open yet");
    settle::<F>(&feed, &before).await;
    fixture.commit(late).await;
    let after = page::<F>(&feed, ALL).await;
    holds(fixture, &after, &[1], "it was begun before what is settled, and committed after that");
}

/// Contract 2.
pub(super) async fn a_rollback_does_not_come<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    let mut undone = fixture.begin().await;
    fixture.write(&mut undone, 1, 1).await;
    drop(undone);
    written(fixture, 2, 1).await;
    let page = page::<F>(&feed, ALL).await;
    holds(fixture, &page, &[2], "the other was rolled back");
}

/// Contract 2.
pub(super) async fn what_is_open_does_not_come<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    let mut open = fixture.begin().await;
    fixture.write(&mut open, 1, 1).await;
    let before = page::<F>(&feed, ALL).await;
    holds(fixture, &before, &[], "it is not committed");
    fixture.commit(open).await;
    let after = page::<F>(&feed, ALL).await;
    holds(fixture, &after, &[1], "it is committed");
}

/// Contract 3: with transactions of one change each, at most so many, and one at least.
pub(super) async fn a_page_holds_no_more_than_its_limit<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    for n in 0..5 {
        written(fixture, n, 1).await;
    }
    for limit in [1, 2, 4] {
        let count = page::<F>(&feed, limit).await.changes.len();
        assert!((1..=limit).contains(&count), "{count} changes, where {limit} are allowed");
    }
    assert!(!page::<F>(&feed, 4).await.is_last, "there are five");
}

/// Contract 3.
pub(super) async fn what_was_committed_first_comes_first<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    for n in [3, 1, 2] {
        written(fixture, n, 1).await;
    }
    for n in [3, 1, 2] {
        let page = page::<F>(&feed, 1).await;
        holds(fixture, &page, &[n], "it is the oldest that is unsettled");
        settle::<F>(&feed, &page).await;
    }
}

/// Contract 5. What comes of a key is seen in records only; each of a later content than the one before, the last
/// content last.
pub(super) async fn a_key_comes_in_the_order_of_its_commits<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    for variant in [3, 1, 2] {
        written(fixture, 1, variant).await;
        written(fixture, 2, variant).await;
    }
    let page = page::<F>(&feed, ALL).await;
    for n in [1, 2] {
        assert!(names(fixture, &page, n));
        let contents = [3, 1, 2].map(|variant| Some(fixture.entity(n, variant)));
        let places: Vec<_> = records(fixture, &page, n)
            .iter()
            .map(|record| contents.iter().position(|content| *content == record.value))
            .collect();
        assert!(places.iter().all(Option::is_some), "nobody wrote that: {places:?}");
        assert!(places.is_sorted(), "not in the order of the commits: {places:?}");
        assert!(
            places.last().is_none_or(|last| *last == Some(2)),
            "the last is missing: {places:?}"
        );
    }
}

/// Contract 6.
pub(super) async fn a_deletion_comes<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    written(fixture, 1, 1).await;
    drained::<F>(&feed).await;
    deleted(fixture, 1).await;
    let page = page::<F>(&feed, ALL).await;
    holds(fixture, &page, &[1], "it was deleted");
    let last = records(fixture, &page, 1).pop();
    assert!(last.is_none_or(|record| record.value.is_none()), "a deleted row has no content");
    let is_read = page.changes.iter().all(|change| !matches!(change, Changed::Unreadable { .. }));
    assert!(is_read, "a deletion can be read");
}

/// Contract 6: the row of the old key is gone, that of the new one is there.
pub(super) async fn a_change_of_the_key_is_two<F: ChangeFeedFixture>(fixture: &F) {
    let feed = fixture.feed();
    written(fixture, 1, 1).await;
    drained::<F>(&feed).await;
    let mut open = fixture.begin().await;
    fixture.rename(&mut open, 1, 2).await;
    fixture.commit(open).await;
    let changes = drained::<F>(&feed).await;
    for n in [1, 2] {
        let is_there = changes.iter().any(|change| key::<F>(change) == key_of(fixture, n));
        assert!(is_there, "of the two keys, that of row {n} is missing");
    }
}
