use std::num::NonZeroUsize;
use std::sync::Arc;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::repository::{
    Access, Applied, Repository, StampedRepository, TransactionalRepository,
};
use strangler_fig::stamp::{Record, Stamp};
use tokio::task::JoinSet;

use crate::support::{Sides, entity, key, live, scanned, stamp};

#[tokio::test]
async fn a_row_without_a_stamp_has_the_base_stamp() {
    let Sides { legacy, .. } = &Sides::new();
    legacy.inner().save(entity(1, 1)).await.unwrap();

    let base = Record::live(Stamp::BASE, entity(1, 1));
    assert_eq!(legacy.read(&key(1)).await.unwrap(), base);
    assert_eq!(legacy.read(&key(2)).await.unwrap(), Record::absent());
    let answer = legacy.apply(&key(1), &base).await.unwrap();
    assert_eq!(answer, Applied::Stale(Stamp::BASE));
}

#[tokio::test]
async fn a_deletion_leaves_no_row_and_a_tombstone() {
    let Sides { legacy, .. } = &Sides::new();
    legacy.apply(&key(1), &live(1, 1)).await.unwrap();
    let tombstone = Record::tombstone(stamp(5));
    assert_eq!(legacy.apply(&key(1), &tombstone).await.unwrap(), Applied::Stored);

    assert_eq!(legacy.inner().find(&key(1)).await.unwrap(), None);
    assert_eq!(legacy.read(&key(1)).await.unwrap(), tombstone);
    let answer = legacy.apply(&key(1), &live(1, 4)).await.unwrap();
    assert_eq!(answer, Applied::Stale(stamp(5)));
    assert_eq!(legacy.apply(&key(1), &live(1, 6)).await.unwrap(), Applied::Stored);
    assert_eq!(legacy.read(&key(1)).await.unwrap(), live(1, 6));
}

#[tokio::test]
async fn a_row_that_the_monolith_changes_keeps_its_stamp() {
    let Sides { legacy, .. } = &Sides::new();
    legacy.apply(&key(1), &live(1, 1)).await.unwrap();
    legacy.inner().save(entity(1, 9)).await.unwrap();
    let changed = Record::live(stamp(1), entity(1, 9));
    assert_eq!(legacy.read(&key(1)).await.unwrap(), changed);
    legacy.inner().delete(&key(1)).await.unwrap();
    assert_eq!(legacy.read(&key(1)).await.unwrap(), Record::tombstone(stamp(1)));
}

#[tokio::test]
async fn a_scan_merges_rows_and_stamps_in_the_order_of_keys() {
    let Sides { legacy, .. } = &Sides::new();
    let mut expected = Vec::new();
    for n in 0..30 {
        let record = match n % 3 {
            0 => Record::live(Stamp::BASE, entity(n, n)),
            1 => live(n, n),
            _ => Record::tombstone(stamp(n)),
        };
        if n % 3 == 0 {
            legacy.inner().save(entity(n, n)).await.unwrap();
        } else {
            legacy.apply(&key(n), &record).await.unwrap();
        }
        expected.push((key(n), record));
    }
    for limit in [1, 2, 7, 29, 30, 31, usize::MAX] {
        assert_eq!(scanned(legacy, limit).await, expected, "pages of {limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_applies_the_largest_stays() {
    let sides = Sides::new();
    let legacy = Arc::new(sides.legacy.clone());
    let mut writers = JoinSet::new();
    for n in 0..60 {
        let (legacy, record) = (Arc::clone(&legacy), live(1, n * 37 % 60));
        writers.spawn(async move { legacy.apply(&key(1), &record).await.unwrap() });
    }
    writers.join_all().await;
    assert_eq!(legacy.read(&key(1)).await.unwrap(), live(1, 59));
}

#[tokio::test]
async fn a_transaction_that_is_dropped_changed_nothing() {
    let sides = Sides::new();
    let legacy = sides.legacy.inner();
    let mut open = legacy.begin(Access::Write).await.unwrap();
    legacy.save_in(&mut open, &entity(1, 1)).await.unwrap();
    let found = legacy.find_in(&mut open, &key(1)).await.unwrap();
    assert_eq!(found, Some(entity(1, 1)));
    drop(open);
    assert_eq!(legacy.find(&key(1)).await.unwrap(), None);
    legacy.save(entity(1, 2)).await.unwrap();
}

#[tokio::test]
async fn a_reading_transaction_sees_one_state() {
    let sides = Sides::new();
    let legacy = sides.legacy.inner();
    legacy.save(entity(1, 1)).await.unwrap();
    let mut open = legacy.begin(Access::Read).await.unwrap();
    let before = legacy.find_in(&mut open, &key(1)).await.unwrap();

    legacy.save(entity(1, 2)).await.unwrap();
    legacy.save(entity(2, 2)).await.unwrap();

    assert_eq!(legacy.find_in(&mut open, &key(1)).await.unwrap(), before);
    let listed = legacy.list_in(&mut open, None, NonZeroUsize::MAX).await;
    assert_eq!(listed.unwrap(), [entity(1, 1)]);
    assert_eq!(legacy.find(&key(1)).await.unwrap(), Some(entity(1, 2)));
}

#[tokio::test]
async fn a_row_that_breaks_a_constraint_is_rejected_whole() {
    let Sides { legacy, .. } = &Sides::new();
    let mut nameless = live(1, 1);
    if let Some(airport) = &mut nameless.value {
        airport.icao.clear();
    }
    let error = legacy.apply(&String::new(), &nameless).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Rejected);
    assert_eq!(scanned(legacy, 9).await, []);
}

#[tokio::test]
async fn the_bulk_load_is_all_or_nothing() {
    let sides = Sides::new();
    let mut airports: Vec<_> = (0..10).map(|n| entity(n, n)).collect();
    airports[9].icao.clear();
    let error = sides.legacy.inner().save_all(airports).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Rejected);
    assert_eq!(scanned(&sides.legacy, 99).await, []);
}
