//! Digests of rows: what hides from an exclusive or does not hide from sums.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;
use strangler_fig::repository::{DigestSalt, RangeDigest, RecordHash};
use strangler_fig::stamp::Stamp;
use twox_hash::XxHash3_128;

type Row = (u32, String);

const SALT: DigestSalt = DigestSalt::from_bytes([7; 16]);

fn stamp(bits: u128) -> Stamp {
    Stamp::from_bytes(bits.to_be_bytes())
}

fn hash_of(salt: DigestSalt, row: &Row) -> RecordHash {
    RecordHash::xxh3(salt, &RecordHash::key_part(&row.0), stamp(9), Some(row)).unwrap()
}

fn row(n: u32) -> Row {
    (n, format!("row {n}"))
}

fn bits(hash: RecordHash) -> u128 {
    u128::from(hash.high) << 64 | u128::from(hash.low)
}

fn xor(hashes: &[RecordHash]) -> u128 {
    hashes.iter().fold(0, |sum, hash| sum ^ bits(*hash))
}

fn sum(hashes: &[RecordHash]) -> RangeDigest {
    hashes.iter().copied().collect()
}

#[test]
fn an_even_number_of_equal_changes_is_seen() {
    // Hashes that leave out the key, as peers' do: two rows changed alike.
    let content = |text: &str| RecordHash::xxh3(SALT, b"", stamp(9), Some(text)).unwrap();
    let (before, after) = ([content("on"); 2], [content("off"); 2]);
    assert_eq!(xor(&before), xor(&after), "what an exclusive or saw");
    assert_ne!(sum(&before), sum(&after));
    // And ours do not leave it out.
    let of = |n, text: &str| hash_of(SALT, &(n, text.to_owned()));
    assert_ne!(sum(&[of(1, "on"), of(2, "on")]), sum(&[of(1, "off"), of(2, "off")]));
}

/// Of 129 vectors of 128 bits some cancel each other: those rows can be added to
/// a table, and an exclusive or of all its rows does not see them.
#[test]
fn rows_chosen_to_cancel_an_exclusive_or_are_seen() {
    let hashes: Vec<_> = (0..129).map(|n| hash_of(SALT, &row(n))).collect();
    let chosen: Vec<_> = cancelling(&hashes).into_iter().map(|at| hashes[at]).collect();
    assert!(!chosen.is_empty());
    assert_eq!(xor(&chosen), 0, "what an exclusive or saw");
    assert_ne!(RangeDigest { rows: 0, ..sum(&chosen) }, RangeDigest::default());
    // Under the next check's salt they would not even cancel.
    let salted: Vec<_> =
        (0..129).map(|n| hash_of(DigestSalt::from_bytes([8; 16]), &row(n))).collect();
    let salted: Vec<_> = cancelling(&hashes).into_iter().map(|at| salted[at]).collect();
    assert_ne!(xor(&salted), 0);
}

/// Which of the hashes cancel each other, by elimination.
fn cancelling(hashes: &[RecordHash]) -> BTreeSet<usize> {
    let mut pivots: Vec<(u128, BTreeSet<usize>)> = Vec::new();
    for (at, hash) in hashes.iter().enumerate() {
        let (mut rest, mut members) = (bits(*hash), BTreeSet::from([at]));
        for (pivot, of) in &pivots {
            if rest ^ pivot < rest {
                rest ^= pivot;
                members = members.symmetric_difference(of).copied().collect();
            }
        }
        if rest == 0 {
            return members;
        }
        pivots.push((rest, members));
        pivots.sort_by_key(|(pivot, _)| std::cmp::Reverse(*pivot));
    }
    BTreeSet::new()
}

#[test]
fn the_text_is_as_it_is_written_down() {
    let text = format!("{}0000002a@{:032x}=[i42;s3:Ada]", "07".repeat(16), 9);
    let ada = (42, "Ada".to_owned());
    assert_eq!(bits(hash_of(SALT, &ada)), XxHash3_128::oneshot(text.as_bytes()));
    let key = RecordHash::key_part(&42_u32);
    let by_md5 = RecordHash::md5(SALT, &key, stamp(9), Some(&ada)).unwrap();
    assert_eq!(bits(by_md5), u128::from_be_bytes(md5::compute(&text).0));
    // By another implementation of MD5.
    assert_eq!(bits(by_md5), 0xe1cf_ce81_145a_d84e_1660_cd85_413d_3091);
}

#[test]
fn long_keys_and_rows_are_hashed_whole() {
    let (part, row) = ("ab".repeat(400), "x".repeat(5000));
    let hash = RecordHash::xxh3(SALT, part.as_bytes(), stamp(9), Some(&row)).unwrap();
    let text = format!("{SALT}{part}@{}=s5000:{row}", stamp(9));
    assert_eq!(bits(hash), XxHash3_128::oneshot(text.as_bytes()));
}

proptest! {
    #[test]
    fn a_hash_differs_wherever_a_record_does(
        one: (u32, u128, Option<String>, [u8; 16]),
        other: (u32, u128, Option<String>, [u8; 16]),
        alike in 0..4_u8,
    ) {
        // Alike in all but one thing.
        let mut other = other;
        if alike != 0 { other.0 = one.0; }
        if alike != 1 { other.1 = one.1; }
        if alike != 2 { other.2.clone_from(&one.2); }
        if alike != 3 { other.3 = one.3; }
        let hash = |of: &(u32, u128, Option<String>, [u8; 16])| {
            let (salt, key) = (DigestSalt::from_bytes(of.3), RecordHash::key_part(&of.0));
            let xxh3 = RecordHash::xxh3(salt, &key, stamp(of.1), of.2.as_ref()).unwrap();
            let md5 = RecordHash::md5(salt, &key, stamp(of.1), of.2.as_ref()).unwrap();
            (xxh3, md5)
        };
        let (hashes, others) = (hash(&one), hash(&other));
        prop_assert_eq!(one == other, hashes.0 == others.0);
        prop_assert_eq!(one == other, hashes.1 == others.1);
    }

    #[test]
    fn sums_do_not_depend_on_order_or_parts(ns in proptest::collection::vec(0..1000_u32, 0..20), cut: usize) {
        let hashes: Vec<_> = ns.iter().map(|n| hash_of(SALT, &row(*n))).collect();
        let mut turned = hashes.clone();
        turned.reverse();
        let (left, right) = hashes.split_at(cut % (hashes.len() + 1));
        prop_assert_eq!(sum(&turned), sum(&hashes));
        prop_assert_eq!(sum(left).combine(sum(right)), sum(&hashes));
    }
}

#[test]
fn another_salt_changes_every_hash_and_sum() {
    let other = DigestSalt::from_bytes([8; 16]);
    let hashes = |salt| (0..50).map(|n| hash_of(salt, &row(n))).collect::<Vec<_>>();
    let (one, other) = (hashes(SALT), hashes(other));
    assert!(
        one.iter().zip(&other).all(|(one, other)| one.high != other.high && one.low != other.low)
    );
    assert_ne!(sum(&one), sum(&other));
}

#[test]
fn a_tombstone_is_not_null_and_not_empty() {
    let hash = |value: Option<Option<&str>>| {
        RecordHash::xxh3(SALT, b"07", stamp(9), value.as_ref()).unwrap()
    };
    let all = HashSet::from([hash(None), hash(Some(None)), hash(Some(Some("")))]);
    assert_eq!(all.len(), 3);
}
