//! Records by their hashes.

use super::table::SALT;
use super::{StampedFixture, Table};
use crate::repository::{DigestRepository, KeyRange, StampedRepository};
use crate::testkit::conformance::stamped::Subject;

const KEYS: u32 = 12;
const STEPS: u32 = 20;

/// Contract 4: the first records, as many as asked for, in the order of their
/// keys, each with its stamp and its hash.
pub(super) async fn hashes_are_those_of_the_first_records<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let table = Table::filled(fixture, KEYS).await;
    for after in [None, Some(fixture.key(3))] {
        let range = KeyRange::new(after, None);
        let all = table.hashed(SALT, &range);
        for limit in 1..=KEYS as usize + 1 {
            let found = table.hashes(&range, limit).await;
            assert_eq!(found, all[..limit.min(all.len())], "the first {limit} of {range:?}");
        }
    }
}

/// Contract 4: none but those of the range.
pub(super) async fn hashes_stay_within_their_range<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let table = Table::filled(fixture, KEYS).await;
    for range in table.ranges() {
        let found = table.hashes(&range, 100).await;
        assert_eq!(found, table.hashed(SALT, &range), "the hashes of {range:?}");
    }
}

/// Contract 4: a limit is an upper bound, not an amount to make room for.
pub(super) async fn the_largest_limit_of_hashes_is_no_error<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let table = Table::filled(fixture, KEYS).await;
    let all = table.hashed(SALT, &KeyRange::all());
    for limit in [1 << 20, i32::MAX as usize, usize::MAX >> 1, usize::MAX] {
        let found = table.hashes(&KeyRange::all(), limit).await;
        assert_eq!(found, all, "the first {limit}");
    }
}

/// Contract 6: hashes show what was acknowledged before the call.
pub(super) async fn hashes_show_what_was_applied_before<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    for step in 1..=STEPS {
        let record = subject.live(step);
        let answer = subject.other.apply(&subject.key, &record).await;
        assert!(answer.is_ok(), "applying failed: {answer:?}");
        let table = Table::of(fixture, vec![(subject.key.clone(), record)]);
        let found = table.hashes(&KeyRange::all(), 5).await;
        assert_eq!(found, table.hashed(SALT, &KeyRange::all()), "the hashes after an apply");
    }
}
