//! What both stores hash, so that they can be compared without sending rows.
//!
//! A row's hash is the MD5 of a text that SQL can build: the salt, the key, the
//! stamp, and the content as `strangler_fig::canonical` writes it. MD5, since it
//! is the one hash of 128 bits that both servers have; the salt is drawn anew
//! for each check, so nobody can prepare two rows that look alike.

use strangler_fig::error::StoreError;
use strangler_fig::repository::{DigestSalt, KeyRange, RecordHash};
use strangler_fig::stamp::Record;

use crate::customer::Customer;

/// The name of this way to hash: by the convention but for the key, which stands
/// as the column has it and not encoded.
pub(crate) const ALGORITHM: &str = "md5/canonical-1/plain-key";

/// The longest key, and what comes behind every key.
const KEY_MAX: usize = 255;

/// The hash that the stores compute.
pub(crate) fn hash(
    salt: DigestSalt,
    key: &[u8],
    record: &Record<Customer>,
) -> Result<RecordHash, StoreError> {
    let key = hex::encode(key);
    let hash = RecordHash::md5(salt, key.as_bytes(), record.stamp, record.value.as_ref());
    hash.map_err(StoreError::rejected)
}

/// The hash of 32 hex digits.
pub(crate) fn parsed(digits: &str) -> Result<RecordHash, StoreError> {
    u128::from_str_radix(digits, 16).map(halves).map_err(StoreError::rejected)
}

#[expect(clippy::cast_possible_truncation, reason = "each half is what it is to be")]
const fn halves(bits: u128) -> RecordHash {
    RecordHash { high: (bits >> 64) as u64, low: bits as u64 }
}

/// The range as its first key, and the first key behind it: the key after `k` is
/// `k` and a zero. So both ends are bounds that an index takes.
pub(crate) fn bounds(range: &KeyRange<Vec<u8>>) -> (Vec<u8>, Vec<u8>) {
    let next = |key: &Vec<u8>| [key.as_slice(), &[0]].concat();
    let from = range.after.as_ref().map_or_else(Vec::new, next);
    let to = range.until.as_ref().map_or_else(|| vec![0xFF; KEY_MAX + 1], next);
    (from, to)
}

/// A sum modulo 2^64, whatever its sign.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is what is asked")]
pub(crate) const fn last_64(sum: i128) -> u64 {
    sum as u64
}
