//! Digests of ranges.

use super::table::{OTHER_SALT, SALT};
use super::{StampedFixture, Table};
use crate::repository::{DigestRepository, KeyRange, RangeDigest, StampedRepository};
use crate::stamp::{Record, Stamp};
use crate::testkit::conformance::scan::Shelf;
use crate::testkit::conformance::stamped::{EntityOf, KeyOf, Subject};

const KEYS: u32 = 12;
const STEPS: u32 = 20;

/// Contract 3: what `digest_of` makes of a range's records, whatever its ends, and
/// whether they are keys of the store or open.
pub(super) async fn a_digest_is_that_of_the_records_of_its_range<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let table = Table::filled(fixture, KEYS).await;
    for salt in [SALT, OTHER_SALT] {
        for range in table.ranges() {
            let found = table.digests(salt, std::slice::from_ref(&range)).await;
            assert_eq!(found, [table.digest(salt, &range)], "the digest of {range:?}");
        }
    }
}

/// Contract 3: a row at the boundary of two ranges is in the first alone.
pub(super) async fn ranges_that_meet_share_no_row<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let table = Table::filled(fixture, KEYS).await;
    let keys: Vec<_> = table.records.iter().map(|(key, _)| key.clone()).collect();
    for step in 1..=keys.len() {
        let parts = KeyRange::all().cut(keys.iter().step_by(step).cloned());
        let digests = table.digests(SALT, &parts).await;
        let rows: u64 = digests.iter().map(|digest| digest.rows).sum();
        assert_eq!(rows, u64::from(KEYS), "the rows of {parts:?} together");
        let expected: Vec<_> = parts.iter().map(|part| table.digest(SALT, part)).collect();
        assert_eq!(digests, expected, "the digests of {parts:?}");
    }
}

/// Contracts 1 and 3: salt, key, stamp and content of every record make a
/// difference, and so does each record that is missing; two equal changes do not
/// cancel each other.
pub(super) async fn digest_of_sees_every_change<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let repository = fixture.repository();
    let record = |n, variant| {
        let stamp = Stamp::from_bytes([7; 16]);
        (fixture.key(n), Record::live(stamp, fixture.entity(n, variant)))
    };
    let digest = |salt, records: &[_]| {
        let digest = repository.digest_of(salt, records);
        digest.unwrap_or_else(|error| panic!("digest_of failed: {error:?}"))
    };
    let original = [record(0, 0), record(1, 0), record(2, 0)];
    let mut stamped = original.clone();
    stamped[1].1.stamp = Stamp::MAX;
    let mut deleted = original.clone();
    deleted[1].1.value = None;
    let others = [
        ("another salt", digest(OTHER_SALT, &original)),
        ("another stamp", digest(SALT, &stamped)),
        ("a deletion", digest(SALT, &deleted)),
        ("another content", digest(SALT, &[record(0, 0), record(1, 1), record(2, 0)])),
        ("another key", digest(SALT, &[record(0, 0), record(1, 0), record(3, 0)])),
        ("two changes", digest(SALT, &[record(0, 1), record(1, 1), record(2, 0)])),
        ("one row less", digest(SALT, &original[..2])),
        ("no row", digest(SALT, &[])),
    ];
    for (what, other) in others {
        assert_ne!(digest(SALT, &original), other, "{what} makes no difference");
    }
}

/// Contract 3: a deletion counts.
pub(super) async fn a_digest_holds_tombstones<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    subject.stores(&subject.live(1)).await;
    subject.stores(&subject.tombstone(2)).await;
    let gone = (subject.key.clone(), subject.tombstone(2));
    only(fixture, gone, "the digest of one tombstone").await;
}

/// Contract 3: a row that was never stamped counts, as `BASE`.
pub(super) async fn a_digest_holds_unstamped_rows<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    if fixture.plant(fixture.entity(0, 0)).await {
        let base = Record::live(Stamp::BASE, fixture.entity(0, 0));
        only(fixture, (fixture.key(0), base), "the digest of one unstamped row").await;
    }
}

async fn only<F>(fixture: &F, record: (KeyOf<F>, Record<EntityOf<F>>), what: &str)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let table = Table::of(fixture, vec![record]);
    let found = table.digests(SALT, &[KeyRange::all()]).await;
    assert_eq!(found, [table.digest(SALT, &KeyRange::all())], "{what}");
}

/// Contract 3: nothing sums up to nothing, in an empty store and between keys.
pub(super) async fn an_empty_range_has_an_empty_digest<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let none = RangeDigest::default();
    let table = Table::of(fixture, Vec::new());
    assert_eq!(table.digests(SALT, &[KeyRange::all()]).await, [none], "of an empty store");
    assert_eq!(table.digests(SALT, &[]).await, [], "of no ranges");
    Shelf::filled(fixture, KEYS).await;
    let key = fixture.key(3);
    let nothing = KeyRange::new(Some(key.clone()), Some(key));
    assert_eq!(table.digests(SALT, &[nothing]).await, [none], "of a range without keys");
}

/// Contract 3: one digest for each range, at its place.
pub(super) async fn digests_are_answered_in_order<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let table = Table::filled(fixture, KEYS).await;
    let mut ranges = table.ranges();
    ranges.reverse();
    let named = ranges.len() / 2;
    ranges.extend_from_within(..named);
    let expected: Vec<_> = ranges.iter().map(|range| table.digest(SALT, range)).collect();
    assert_eq!(table.digests(SALT, &ranges).await, expected, "of ranges backwards, some twice");
}

/// Contract 3: a thousand ranges are no more than the store bears.
pub(super) async fn a_thousand_ranges_are_digested<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let table = Table::filled(fixture, KEYS).await;
    let ranges: Vec<_> = table.ranges().into_iter().cycle().take(1000).collect();
    let expected: Vec<_> = ranges.iter().map(|range| table.digest(SALT, range)).collect();
    assert!(table.digests(SALT, &ranges).await == expected, "the digests of a thousand ranges");
}

/// Contract 6: a digest shows what was acknowledged before the call.
pub(super) async fn a_digest_shows_what_was_applied_before<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    for step in 1..=STEPS {
        let record = subject.live(step);
        let answer = subject.other.apply(&subject.key, &record).await;
        assert!(answer.is_ok(), "applying failed: {answer:?}");
        only(fixture, (subject.key.clone(), record), "the digest after an apply").await;
    }
}
