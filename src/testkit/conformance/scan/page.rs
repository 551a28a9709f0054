//! One page.

use super::{Shelf, StampedFixture};
use crate::repository::{ScanRepository, StampedRepository};
use crate::stamp::{Record, Stamp, StampScope};
use crate::testkit::conformance::stamped::Subject;

const KEYS: u32 = 12;

/// Contracts 1 and 2: nothing is one empty page, and the last.
pub(super) async fn an_empty_store_has_one_empty_page<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    let page = Shelf::of(fixture).page(None, 5).await;
    assert_eq!(page.records, [], "the page of an empty store");
    assert!(page.is_last, "the page of an empty store is the last");
}

/// Contract 1: deletions stand on the page, with their stamps.
pub(super) async fn a_page_holds_tombstones<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    if subject.is_process_scoped() {
        return;
    }
    subject.stores(&subject.live(1)).await;
    subject.stores(&subject.tombstone(2)).await;
    let page = Shelf::of(fixture).page(None, 5).await;
    let expected = [(subject.key.clone(), subject.tombstone(2))];
    assert_eq!(page.records, expected, "the page of one tombstone");
}

/// Contract 1: rows that were never stamped stand on the page, as `BASE`.
pub(super) async fn a_page_holds_unstamped_rows<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    if !fixture.plant(fixture.entity(0, 0)).await {
        return;
    }
    let mut page = Shelf::of(fixture).page(None, 5).await;
    if fixture.repository().scope() == StampScope::Process {
        page.records.iter_mut().for_each(|(_, record)| record.stamp = Stamp::BASE);
    }
    let base = Record::live(Stamp::BASE, fixture.entity(0, 0));
    let expected = [(fixture.key(0), base)];
    assert_eq!(page.records, expected, "the page of one unstamped row");
}

/// Contract 1: a page and a read show one record.
pub(super) async fn a_page_shows_what_read_shows<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    let shelf = Shelf::filled(fixture, KEYS).await;
    let shown = shelf.page(None, 100).await.records;
    let expected = shelf.expected(fixture, KEYS).await;
    let expected = shelf.comparable(expected);
    assert_eq!(shelf.comparable(shown), expected, "the whole store");
}

/// Contract 1: `after` need not be a key of the store.
pub(super) async fn a_page_begins_after_a_key_that_is_not_there<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    let mut keys: Vec<_> = (0..KEYS).map(|n| (fixture.key(n), n)).collect();
    keys.sort();
    for (_, n) in keys.iter().skip(1).step_by(2) {
        let subject = Subject::of(fixture, *n).await;
        subject.stores(&subject.live(1)).await;
    }
    for (place, (gap, _)) in keys.iter().enumerate().step_by(2) {
        let page = Shelf::of(fixture).page(Some(gap), 1).await;
        let first = page.records.first().map(|(key, _)| key);
        let expected = keys.get(place + 1).map(|(key, _)| key);
        assert_eq!(first, expected, "the first key after {gap:?}");
    }
}

/// Contract 3: after the last key is an empty page, and the last.
pub(super) async fn nothing_comes_after_the_last_key<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    let shelf = Shelf::filled(fixture, KEYS).await;
    let last = (0..KEYS).map(|n| fixture.key(n)).max();
    let page = shelf.page(last.as_ref(), 5).await;
    assert_eq!(page.records, [], "what comes after the last key");
    assert!(page.is_last, "the page after the last key is the last");
}

/// Contract 5: the last key is that of the last record of all, of whatever kind,
/// as soon as that is there.
pub(super) async fn the_last_key_is_where_a_walk_ends<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    let shelf = Shelf::of(fixture);
    assert_eq!(shelf.last_key().await, None, "the last key of an empty store");
    let mut keys: Vec<_> = (0..KEYS).map(|n| (fixture.key(n), n)).collect();
    keys.sort();
    for (kind, (key, n)) in (0..).zip(keys) {
        Shelf::fill(fixture, n, kind).await;
        let (last, walked) = (shelf.last_key().await, shelf.walk(5).await);
        assert_eq!(last.as_ref(), walked.last().map(|(key, _)| key), "the last key");
        assert_eq!(last, Some(key), "the last key, just filled");
    }
}

/// Contract 2: a page is never longer than asked for.
pub(super) async fn a_page_holds_no_more_than_its_limit<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    let shelf = Shelf::filled(fixture, KEYS).await;
    for limit in 1..KEYS as usize {
        let held = shelf.page(None, limit).await.records.len();
        assert!(held <= limit, "a page of {limit} held {held}");
    }
}

/// Contract 2: a limit is an upper bound, not an amount to make room for; and
/// larger than what most stores can count.
pub(super) async fn the_largest_limit_is_no_error<F>(fixture: &F)
where
    F: StampedFixture<Repository: ScanRepository>,
{
    let shelf = Shelf::filled(fixture, KEYS).await;
    let expected = shelf.walk(1).await;
    for limit in [1 << 20, i32::MAX as usize, usize::MAX >> 1, usize::MAX] {
        let walked = shelf.walk(limit).await;
        assert_eq!(walked, expected, "a walk by pages of {limit}");
    }
}
