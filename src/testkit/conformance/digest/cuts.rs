//! Ranges in parts.

use super::{StampedFixture, Table};
use crate::repository::{DigestRepository, KeyRange};

const KEYS: u32 = 48;

/// Contract 5: cuts are keys of the range, and rise.
pub(super) async fn cuts_rise_within_their_range<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let table = Table::filled(fixture, 12).await;
    for range in table.ranges() {
        for rows in 1..4 {
            let cuts = table.cuts(&range, rows).await;
            let is_rising = cuts.is_sorted_by(|one, next| one < next);
            assert!(is_rising, "the cuts of {range:?}: {cuts:?}");
            let is_within = cuts.iter().all(|cut| range.contains(cut));
            assert!(is_within, "the cuts of {range:?}: {cuts:?}");
        }
    }
}

/// Contract 5: a part holds half to twice the rows that were asked for; the last
/// one may hold fewer.
pub(super) async fn parts_hold_about_as_many_rows<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let table = Table::filled(fixture, KEYS).await;
    let after = Some(table.records[9].0.clone());
    for range in [KeyRange::all(), KeyRange::new(after, None)] {
        for rows in [1, 2, 5, 8, 20] {
            let parts = range.cut(table.cuts(&range, rows).await);
            let held = |part: &KeyRange<_>| {
                table.records.iter().filter(|(key, _)| part.contains(key)).count()
            };
            let held: Vec<_> = parts.iter().map(held).collect();
            let (last, whole) = held.split_last().expect("there is a part");
            let is_fair = whole.iter().all(|held| (rows.div_ceil(2)..=2 * rows).contains(held));
            assert!(is_fair && *last <= 2 * rows, "parts of about {rows} rows hold {held:?}");
        }
    }
}

/// Contract 5: what holds no more than asked for is one part, and so is nothing.
pub(super) async fn a_small_range_is_not_cut<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let empty = Table::of(fixture, Vec::new());
    assert_eq!(empty.cuts(&KeyRange::all(), 1).await, [], "the cuts of an empty store");
    let table = Table::filled(fixture, 12).await;
    for rows in [12, 13, 1000, usize::MAX] {
        assert_eq!(table.cuts(&KeyRange::all(), rows).await, [], "the cuts of 12 rows by {rows}");
    }
    let two = KeyRange::new(Some(table.records[4].0.clone()), Some(table.records[6].0.clone()));
    assert_eq!(table.cuts(&two, 2).await, [], "the cuts of two rows by 2");
}
