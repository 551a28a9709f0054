use std::sync::Arc;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::repository::{Applied, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use tokio::task::JoinSet;

use crate::decimal::Decimal;
use crate::support::{Sides, entity, key, live, scanned, stamp};

/// A row as a writer without stamps would make it.
const PLANTED: &str = "
    INSERT INTO airport (icao, name) VALUES ('T000001', 'Planted');
    INSERT INTO airport_place (icao, country, timezone) VALUES ('T000001', 'XX', 'Etc/UTC');
    INSERT INTO airport_position VALUES ('T000001', 1, 2, 3);";

#[tokio::test]
async fn a_row_without_a_stamp_has_the_base_stamp() {
    let sides = Sides::new();
    sides.behind_modern(PLANTED);
    let planted = sides.modern.read(&key(1)).await.unwrap();
    assert_eq!(planted.stamp, Stamp::BASE);
    let airport = planted.value.unwrap();
    assert_eq!((airport.name.as_str(), airport.city), ("Planted", None));
    assert_eq!(airport.elevation, Decimal::from_units(3));
    assert_eq!(sides.modern.read(&key(2)).await.unwrap(), Record::absent());
}

#[tokio::test]
async fn a_tombstone_keeps_key_and_stamp_and_nothing_else() {
    let Sides { modern, .. } = &Sides::new();
    modern.apply(&key(1), &live(1, 1)).await.unwrap();
    let tombstone = Record::tombstone(stamp(5));
    assert_eq!(modern.apply(&key(1), &tombstone).await.unwrap(), Applied::Stored);

    assert_eq!(modern.read(&key(1)).await.unwrap(), tombstone);
    assert_eq!(modern.by_country("XX").await.unwrap(), []);
    assert_eq!(modern.find_by_iata("TST").await.unwrap(), None);
    let answer = modern.apply(&key(1), &live(1, 4)).await.unwrap();
    assert_eq!(answer, Applied::Stale(stamp(5)));
    assert_eq!(modern.apply(&key(1), &live(1, 6)).await.unwrap(), Applied::Stored);
    assert_eq!(modern.read(&key(1)).await.unwrap(), live(1, 6));
}

#[tokio::test]
async fn an_equal_stamp_changes_nothing() {
    let Sides { modern, .. } = &Sides::new();
    modern.apply(&key(1), &live(1, 3)).await.unwrap();
    let other = Record::live(stamp(3), entity(1, 8));
    let answer = modern.apply(&key(1), &other).await.unwrap();
    assert_eq!(answer, Applied::Stale(stamp(3)));
    assert_eq!(modern.read(&key(1)).await.unwrap(), live(1, 3));
}

#[tokio::test]
async fn a_scan_is_in_the_order_of_keys() {
    let Sides { modern, .. } = &Sides::new();
    let mut expected = Vec::new();
    for n in (0..30).rev() {
        let record = match n % 2 {
            0 => live(n, n),
            _ => Record::tombstone(stamp(n)),
        };
        modern.apply(&key(n), &record).await.unwrap();
        expected.insert(0, (key(n), record));
    }
    for limit in [1, 2, 7, 29, 30, 31, usize::MAX] {
        assert_eq!(scanned(modern, limit).await, expected, "pages of {limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_applies_the_largest_stays() {
    let sides = Sides::new();
    let modern = Arc::new(sides.modern.clone());
    let mut writers = JoinSet::new();
    for n in 0..60 {
        let (modern, record) = (Arc::clone(&modern), live(1, n * 37 % 60));
        writers.spawn(async move { modern.apply(&key(1), &record).await.unwrap() });
    }
    writers.join_all().await;
    assert_eq!(modern.read(&key(1)).await.unwrap(), live(1, 59));
}

#[tokio::test]
async fn a_record_without_a_stamp_is_rejected() {
    let Sides { modern, .. } = &Sides::new();
    for stored in [None, Some(live(1, 1))] {
        if let Some(record) = &stored {
            modern.apply(&key(1), record).await.unwrap();
        }
        let zero = Record::live(Stamp::ZERO, entity(1, 2));
        let error = modern.apply(&key(1), &zero).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Rejected);
        let expected = stored.unwrap_or_else(Record::absent);
        assert_eq!(modern.read(&key(1)).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_page_answers_for_each_record() {
    let Sides { modern, .. } = &Sides::new();
    modern.apply(&key(1), &live(1, 9)).await.unwrap();
    let mut off_the_map = live(2, 1);
    if let Some(airport) = &mut off_the_map.value {
        airport.latitude = Decimal::from_units(90_000_001);
    }
    let page = [
        (key(0), live(0, 1)),
        (key(1), live(1, 1)),
        (key(2), off_the_map),
        (key(3), live(3, 1)),
        (key(3), live(3, 2)),
    ];
    let answers = modern.apply_many(&page).await;
    let answers: Vec<_> =
        answers.into_iter().map(|answer| answer.map_err(|error| error.kind())).collect();
    let expected = [
        Ok(Applied::Stored),
        Ok(Applied::Stale(stamp(9))),
        Err(StoreErrorKind::Rejected),
        Ok(Applied::Stored),
        Ok(Applied::Stored),
    ];
    assert_eq!(answers, expected);
    assert_eq!(modern.read(&key(2)).await.unwrap(), Record::absent());
    assert_eq!(modern.read(&key(3)).await.unwrap(), live(3, 2));
}
