//! The hash of one record.

use std::collections::HashMap;

use super::StampedFixture;
use super::table::{OTHER_SALT, SALT, hash};
use crate::repository::{DigestRepository, DigestSalt, RecordHash};
use crate::stamp::{Record, Stamp};
use crate::testkit::conformance::stamped::Subject;

/// How many keys, stamps or variants are tried.
const MANY: u32 = 64;

/// Contracts 1 and 2: whoever hashes a record, and when, the hash is one.
pub(super) async fn a_hash_is_the_same_each_time<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    let other = fixture.reopened().await;
    assert_eq!(subject.repository.algorithm(), other.algorithm(), "the algorithm of one store");
    for step in 0..8 {
        let record = subject.live(step);
        let first = hash::<F>(&*subject.repository, SALT, &subject.key, &record);
        let again = hash::<F>(&*subject.repository, SALT, &subject.key, &record);
        let elsewhere = hash::<F>(&*other, SALT, &subject.key, &record);
        assert_eq!([first, first], [again, elsewhere], "the hashes of {record:?}");
    }
}

/// Contract 1: one deletion of two keys has two hashes.
pub(super) async fn a_hash_tells_keys_apart<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    let (gone, live) = (subject.tombstone(1), subject.live(1));
    let mut seen = HashMap::new();
    for n in 0..MANY {
        for record in [&gone, &live] {
            let hash = hash::<F>(&*subject.repository, SALT, &fixture.key(n), record);
            let before = seen.insert(hash, n);
            assert_eq!(before, None, "a key with the hash of the {n}-th");
        }
    }
}

/// Contract 1: one content under two stamps has two hashes, down to one bit.
pub(super) async fn a_hash_tells_stamps_apart<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    let mut seen = HashMap::new();
    for bit in 0..u128::BITS {
        let stamp = Stamp::from_bytes((1_u128 << bit).to_be_bytes());
        for record in [Record::live(stamp, subject.entity(1)), Record::tombstone(stamp)] {
            let hash = hash::<F>(&*subject.repository, SALT, &subject.key, &record);
            let before = seen.insert(hash, stamp);
            assert_eq!(before, None, "a stamp with the hash of {stamp}");
        }
    }
}

/// Contract 1: unequal contents under one stamp have unequal hashes.
pub(super) async fn a_hash_tells_values_apart<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    let mut seen = HashMap::new();
    for variant in 0..MANY {
        let record = Record::live(subject.stamp(1), subject.entity(variant));
        let hash = hash::<F>(&*subject.repository, SALT, &subject.key, &record);
        let before = seen.insert(hash, variant);
        assert_eq!(before, None, "a variant with the hash of {record:?}");
    }
}

/// Contract 1: no value has the hash of a deletion.
pub(super) async fn a_hash_tells_a_tombstone_from_a_value<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    let gone = hash::<F>(&*subject.repository, SALT, &subject.key, &subject.tombstone(1));
    for variant in 0..MANY {
        let record = Record::live(subject.stamp(1), subject.entity(variant));
        let hash = hash::<F>(&*subject.repository, SALT, &subject.key, &record);
        assert_ne!(hash, gone, "the hash of {record:?} and of no value");
    }
}

/// The salt's contract: another salt changes both halves of every hash.
pub(super) async fn a_hash_depends_on_the_salt<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    for record in [subject.live(1), subject.tombstone(1)] {
        for place in 0..16 {
            let mut bytes = SALT.to_bytes();
            bytes[place] ^= 1;
            let salts = [SALT, DigestSalt::from_bytes(bytes)];
            let [one, other] =
                salts.map(|salt| hash::<F>(&*subject.repository, salt, &subject.key, &record));
            let is_changed = one.high != other.high && one.low != other.low;
            assert!(is_changed, "byte {place} of the salt and the hash of {record:?}");
        }
    }
}

/// The salt's contract: contents whose sums are equal under one salt are not so
/// under another, so a salt that is only added to a hash will not do.
pub(super) async fn a_salt_is_more_than_added<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    let distance = |salt| {
        let of = |step| hash::<F>(&*subject.repository, salt, &subject.key, &subject.live(step));
        let (one, other) = (of(1), of(2));
        let sum = (one.high.wrapping_sub(other.high), one.low.wrapping_sub(other.low));
        (sum, (one.high ^ other.high, one.low ^ other.low))
    };
    let (one, other) = (distance(SALT), distance(OTHER_SALT));
    assert_ne!(one.0, other.0, "the difference of two hashes under two salts");
    assert_ne!(one.1, other.1, "the exclusive or of two hashes under two salts");
}

/// Contract 2: what is called as an algorithm of the crate is that. It is tried
/// with tombstones, whose text is known without the value's.
pub(super) async fn a_known_algorithm_hashes_as_it_is_known<F>(fixture: &F)
where
    F: StampedFixture<Repository: DigestRepository>,
{
    let subject = Subject::of(fixture, 0).await;
    let known = match subject.repository.algorithm() {
        "xxh3/canonical-1" => RecordHash::xxh3::<()>,
        "md5/canonical-1" => RecordHash::md5::<()>,
        _ => return,
    };
    for n in 0..MANY {
        let (key, gone) = (fixture.key(n), subject.tombstone(n));
        let expected = known(SALT, &RecordHash::key_part(&key), gone.stamp, None);
        let found = hash::<F>(&*subject.repository, SALT, &key, &gone);
        assert_eq!(Ok(found), expected, "the hash of the deletion of {key:?}");
    }
}
