use std::cell::RefCell;
use std::fmt;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::key::Key;

/// A part of all keys, in basis points: 10,000 are all.
///
/// ```
/// use strangler_fig::phase::{Bucket, Share};
///
/// let share = Share::percent(5);
/// assert_eq!((share.basis_points(), share.to_string().as_str()), (500, "5.00 %"));
/// assert!(share.holds(Bucket::FIRST));
/// assert!(Share::NONE < share && share < Share::WHOLE);
/// assert_eq!(Share::new(10_001), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Share(u16);

impl Share {
    /// No key.
    pub const NONE: Self = Self(0);
    /// Every key.
    pub const WHOLE: Self = Self(10_000);

    /// A share of `basis_points`; `None` above 10,000.
    #[must_use]
    pub const fn new(basis_points: u16) -> Option<Self> {
        if basis_points <= 10_000 { Some(Self(basis_points)) } else { None }
    }

    /// A share in per cent; all that is above 100 counts as 100.
    ///
    /// ```
    /// # use strangler_fig::phase::Share;
    /// assert_eq!(Share::percent(25).basis_points(), 2_500);
    /// ```
    #[must_use]
    pub const fn percent(percent: u16) -> Self {
        if percent >= 100 { Self::WHOLE } else { Self(percent * 100) }
    }

    /// The share in basis points.
    #[must_use]
    pub const fn basis_points(self) -> u16 {
        self.0
    }

    /// Whether keys of this bucket belong to it.
    #[must_use]
    pub const fn holds(self, bucket: Bucket) -> bool {
        bucket.0 < self.0
    }
}

/// A number that is no share.
///
/// ```
/// use strangler_fig::phase::{Share, ShareError};
///
/// let refused: ShareError = Share::try_from(10_001).unwrap_err();
/// assert_eq!(refused.to_string(), "a share is at most 10000 basis points, not 10001");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a share is at most 10000 basis points, not {0}")]
pub struct ShareError(u16);

impl TryFrom<u16> for Share {
    type Error = ShareError;

    fn try_from(basis_points: u16) -> Result<Self, Self::Error> {
        Self::new(basis_points).ok_or(ShareError(basis_points))
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02} %", self.0 / 100, self.0 % 100)
    }
}

/// How keys are spread over buckets. It stands in the state, and a node refuses
/// one it does not know: two nodes that hash differently would split a key.
///
/// ```
/// use strangler_fig::phase::{HashVersion, MigrationState};
///
/// let state = MigrationState::new("airports".parse()?);
/// assert_eq!(state.hash_version(), HashVersion::Xxh3V1);
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HashVersion {
    /// XXH3-64 of the encoded key, seeded with XXH3-64 of the migration's name,
    /// scaled to 10,000 buckets by the high half of a 128-bit product.
    Xxh3V1,
}

/// One of 10,000 equal parts of the keys; the same for a key on every node.
///
/// ```
/// use strangler_fig::phase::{Bucket, Salt, Share};
///
/// let berlin = Bucket::of(&"EDDB".to_owned(), Salt::of("airports"));
/// assert_eq!(berlin.number(), 5_240);
/// assert!(Share::percent(53).holds(berlin) && !Share::percent(52).holds(berlin));
/// assert_eq!((Bucket::new(0), Bucket::new(10_000)), (Some(Bucket::FIRST), None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u16);

impl Bucket {
    /// The first bucket: the key that any cohort takes first.
    pub const FIRST: Self = Self(0);

    /// The bucket of `key` under `salt`, without allocating once the thread's
    /// buffer has grown.
    pub fn of<K: Key>(key: &K, salt: Salt) -> Self {
        thread_local!(static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
        BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            key.encode(buffer);
            Self::of_encoded(buffer, salt)
        })
    }

    /// The bucket of a key that is encoded already: for a gateway, a cache or a
    /// queue on the way that must send a key where its phase does.
    ///
    /// ```
    /// use strangler_fig::key::KeyExt;
    /// use strangler_fig::phase::{Bucket, Salt};
    ///
    /// let (key, salt) = ("EDDB".to_owned(), Salt::of("airports"));
    /// assert_eq!(Bucket::of_encoded(&key.to_bytes(), salt), Bucket::of(&key, salt));
    /// ```
    #[must_use]
    pub fn of_encoded(key: &[u8], salt: Salt) -> Self {
        Self::scale(XxHash3_64::oneshot_with_seed(salt.0, key))
    }

    /// A bucket by its number; `None` from 10,000 on.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number < 10_000 { Some(Self(number)) } else { None }
    }

    /// Its number, below 10,000.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    fn scale(hash: u64) -> Self {
        let scaled = (u128::from(hash) * 10_000) >> 64;
        Self(u16::try_from(scaled).expect("a 64-bit fraction of 10,000 is below 10,000"))
    }
}

/// Keeps the cohorts of two migrations independent of each other.
///
/// ```
/// use strangler_fig::phase::{Bucket, MigrationState, Salt};
///
/// let state = MigrationState::new("airports".parse()?);
/// assert_eq!(state.salt(), Salt::of("airports"));
///
/// let bucket = |migration| Bucket::of(&7_u32, Salt::of(migration));
/// assert_ne!(bucket("airports"), bucket("airlines"));
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Salt(u64);

impl Salt {
    /// The salt of a migration's name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(XxHash3_64::oneshot(name.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_pinned() {
        let salt = Salt::of("airports");
        let buckets: Vec<_> =
            ["EDDB", "KJFK", "", "07FA"].map(|key| Bucket::of(&key.to_owned(), salt).0).to_vec();
        assert_eq!(buckets, PINNED, "another hash needs another `HashVersion`");
    }

    const PINNED: [u16; 4] = [5_240, 6_153, 2_524, 2_029];

    #[test]
    fn buckets_are_even() {
        let salt = Salt::of("airports");
        let quarter = Share::percent(25);
        let held = (0..100_000_u32).filter(|key| quarter.holds(Bucket::of(key, salt))).count();
        assert!((24_500..25_500).contains(&held), "{held}");
    }

    #[test]
    fn a_growing_share_never_lets_a_key_go() {
        let bucket = Bucket::of(&7_u32, Salt::of("m"));
        let held: Vec<_> = (0..=10_000).map(|bp| Share(bp).holds(bucket)).collect();
        assert!(held.is_sorted());
    }

    #[test]
    fn the_extremes_hold_nothing_and_everything() {
        assert!(!Share::NONE.holds(Bucket::scale(0)));
        assert!(Share::WHOLE.holds(Bucket::scale(u64::MAX)));
    }

    #[test]
    fn a_share_above_the_whole_is_refused() {
        assert!(serde_json::from_str::<Share>("10001").is_err());
    }

    #[test]
    fn a_bucket_has_its_number() {
        assert_eq!(Bucket::new(7).map(Bucket::number), Some(7));
        assert_eq!(Bucket::new(9_999).map(Bucket::number), Some(9_999));
        assert_eq!(Bucket::new(10_000), None);
    }
}
