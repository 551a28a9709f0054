//! Range digests: what a store computes over many rows, so that two stores can
//! be compared without sending them.

use std::fmt;
use std::num::NonZeroUsize;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::ScanRepository;
use crate::error::StoreError;
use crate::stamp::{Record, Stamp};

/// The keys after `after` up to and including `until`; a missing end is open.
///
/// Half open, so that ranges that meet share no key and leave none out.
///
/// ```
/// use strangler_fig::repository::KeyRange;
///
/// let (left, right) = (KeyRange::new(None, Some(7)), KeyRange::new(Some(7), None));
/// assert!(left.contains(&7) && !right.contains(&7));
/// assert!(KeyRange::<u32>::all().contains(&0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyRange<K> {
    /// The last key before the range.
    pub after: Option<K>,
    /// The last key of the range.
    pub until: Option<K>,
}

impl<K: Ord> KeyRange<K> {
    /// The keys after `after` up to `until`.
    #[must_use]
    pub const fn new(after: Option<K>, until: Option<K>) -> Self {
        Self { after, until }
    }

    /// Every key.
    #[must_use]
    pub const fn all() -> Self {
        Self { after: None, until: None }
    }

    /// Whether `key` lies in it.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.after.as_ref().is_none_or(|after| key > after)
            && self.until.as_ref().is_none_or(|until| key <= until)
    }
}

/// A number drawn anew for each check and mixed into every row's hash, so that
/// no content can be made to cancel another's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DigestSalt([u8; 16]);

impl DigestSalt {
    /// A salt of these bytes: for tests, and for the side that was told it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

/// The 32 hex digits that stand at the front of what is hashed.
impl fmt::Display for DigestSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DigestSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestSalt(..)")
    }
}

/// The salted hash of one record: 128 bits as two halves, which are added up
/// apart from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordHash {
    /// The first eight bytes, big-endian.
    pub high: u64,
    /// The other eight.
    pub low: u64,
}

/// How many rows a range holds, and the sums of their hashes, each half modulo
/// 2^64.
///
/// Sums, for an exclusive or does not see an even number of equal changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct RangeDigest {
    /// The rows, tombstones included.
    pub rows: u64,
    /// The sum of the first halves.
    pub high: u64,
    /// The sum of the second halves.
    pub low: u64,
}

impl RangeDigest {
    /// Takes in one more row.
    pub fn add(&mut self, hash: RecordHash) {
        self.rows += 1;
        self.high = self.high.wrapping_add(hash.high);
        self.low = self.low.wrapping_add(hash.low);
    }
}

/// A record by its hash alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashedRecord<K> {
    /// Its key.
    pub key: K,
    /// Its stamp.
    pub stamp: Stamp,
    /// The hash of key, stamp and content.
    pub hash: RecordHash,
}

/// A [`ScanRepository`] whose store computes digests of its rows itself: a short
/// cut for the consistency checker over slow links.
///
/// # Contract
///
/// 1. `hash` is pure, and differs between records that differ in key, stamp or
///    content (but for a chance of 2^-128).
/// 2. Two adapters whose `algorithm` is the same have the same `hash`.
/// 3. `digests` answers for each range, in their order, the number of its records
///    and the sums of their hashes, tombstones and unstamped rows included: what
///    `scan` shows, hashed by `hash`.
/// 4. `hashes` answers the first `limit` records of the range in the order of
///    their keys, none left out, each with its stamp and `hash`; fewer only at
///    the end of the range.
/// 5. `split` answers keys within the range in rising order, each the last of
///    about `rows` rows; none if the range holds no more than that. The last key
///    of the range need not be among them.
/// 6. Nothing is answered from a replica or a snapshot older than the call.
///
/// # Cancel safety
///
/// Cancel safe: nothing has an effect.
#[async_trait]
pub trait DigestRepository: ScanRepository {
    /// The name of the way it hashes, `md5/canonical-1` say.
    fn algorithm(&self) -> &'static str;

    /// The hash the store computes for this record.
    ///
    /// # Errors
    ///
    /// `Rejected` if the content cannot be encoded.
    fn hash(
        &self,
        salt: DigestSalt,
        key: &Self::Key,
        record: &Record<Self::Entity>,
    ) -> Result<RecordHash, StoreError>;

    /// The digest of each range.
    ///
    /// # Errors
    ///
    /// `Rejected` if a row cannot be encoded; else `Unavailable`.
    async fn digests(
        &self,
        salt: DigestSalt,
        ranges: &[KeyRange<Self::Key>],
    ) -> Result<Vec<RangeDigest>, StoreError>;

    /// The first `limit` records of `range` by their hashes.
    ///
    /// # Errors
    ///
    /// As [`digests`](Self::digests).
    async fn hashes(
        &self,
        salt: DigestSalt,
        range: &KeyRange<Self::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<HashedRecord<Self::Key>>, StoreError>;

    /// Keys that divide `range` into parts of about `rows` rows.
    ///
    /// # Errors
    ///
    /// As [`digests`](Self::digests).
    async fn split(
        &self,
        range: &KeyRange<Self::Key>,
        rows: NonZeroUsize,
    ) -> Result<Vec<Self::Key>, StoreError>;
}
