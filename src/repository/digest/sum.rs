use serde::{Deserialize, Serialize};

use super::RecordHash;

/// How many rows a range holds, and the sums of their hashes, each half modulo
/// 2^64.
///
/// Sums, for an exclusive or does not see an even number of equal changes. The
/// default is the digest of an empty range.
///
/// ```
/// use strangler_fig::repository::{RangeDigest, RecordHash};
///
/// let (one, other) = (RecordHash { high: 1, low: u64::MAX }, RecordHash { high: 2, low: 3 });
/// let both: RangeDigest = [one, other].into_iter().collect();
/// assert_eq!(both, RangeDigest { rows: 2, high: 3, low: 2 });
/// ```
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
        *self = self.combine(Self { rows: 1, high: hash.high, low: hash.low });
    }

    /// The digest of this range and another that shares no row with it.
    ///
    /// ```
    /// use strangler_fig::repository::{RangeDigest, RecordHash};
    ///
    /// let hashes = [1, 2, 3].map(|n| RecordHash { high: n, low: n });
    /// let left: RangeDigest = hashes[..1].iter().copied().collect();
    /// let right: RangeDigest = hashes[1..].iter().copied().collect();
    /// assert_eq!(left.combine(right), hashes.into_iter().collect());
    /// ```
    #[must_use]
    pub const fn combine(self, other: Self) -> Self {
        Self {
            rows: self.rows.wrapping_add(other.rows),
            high: self.high.wrapping_add(other.high),
            low: self.low.wrapping_add(other.low),
        }
    }
}

impl Extend<RecordHash> for RangeDigest {
    fn extend<I: IntoIterator<Item = RecordHash>>(&mut self, hashes: I) {
        hashes.into_iter().for_each(|hash| self.add(hash));
    }
}

impl FromIterator<RecordHash> for RangeDigest {
    fn from_iter<I: IntoIterator<Item = RecordHash>>(hashes: I) -> Self {
        let mut digest = Self::default();
        digest.extend(hashes);
        digest
    }
}
