use serde::{Deserialize, Serialize};

use super::DigestSalt;
use crate::canonical::{self, CanonicalError};
use crate::key::{Key, KeyExt};
use crate::stamp::Stamp;

/// The salted hash of one record: 128 bits as two halves, which are added up
/// apart from each other.
///
/// Of the text *salt, key part, `@`, stamp,* and then `-` for a tombstone, or `=`
/// and the [canonical text](crate::canonical) of the value; salt and stamp are 32
/// lower-case hex digits each. A text, so that a database builds it with `concat`.
///
/// ```
/// use strangler_fig::repository::{DigestSalt, RecordHash};
/// use strangler_fig::stamp::Stamp;
///
/// let salt = DigestSalt::from_bytes([7; 16]);
/// let key = RecordHash::key_part(&1_u32);
/// let ada = RecordHash::xxh3(salt, &key, Stamp::BASE, Some(&(1, "Ada")))?;
/// assert_eq!(ada, RecordHash::xxh3(salt, &key, Stamp::BASE, Some(&(1, "Ada")))?);
/// assert_ne!(ada, RecordHash::xxh3(salt, &key, Stamp::BASE, Some(&(1, "ada")))?);
/// assert_ne!(ada, RecordHash::xxh3(salt, &key, Stamp::MAX, Some(&(1, "Ada")))?);
/// # Ok::<(), strangler_fig::canonical::CanonicalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordHash {
    /// The first eight bytes, big-endian.
    pub high: u64,
    /// The other eight.
    pub low: u64,
}

impl RecordHash {
    /// The key as it stands in the text, by convention: its bytes in lower-case
    /// hex. So it is text whatever the key, and holds no `@`: where it ends is
    /// plain. An adapter may write keys otherwise, under an `algorithm` of
    /// another name.
    ///
    /// ```
    /// use strangler_fig::repository::RecordHash;
    ///
    /// assert_eq!(RecordHash::key_part(&0xab_u32), b"000000ab");
    /// ```
    #[must_use]
    pub fn key_part<K: Key>(key: &K) -> Vec<u8> {
        canonical::lower_hex(&key.to_bytes())
    }

    /// By MD5, which every SQL server has: `md5/canonical-1`. MD5 is not safe
    /// against who knows the salt; so draw one for each check.
    ///
    /// ```
    /// use strangler_fig::repository::{DigestSalt, RecordHash};
    /// use strangler_fig::stamp::Stamp;
    ///
    /// let salt = DigestSalt::from_bytes([0; 16]);
    /// let gone = RecordHash::md5(salt, b"07", Stamp::BASE, None::<&()>)?;
    /// // select md5(repeat('0', 32) || '07' || '@' || repeat('0', 31) || '1' || '-')
    /// assert_eq!(format!("{:016x}{:016x}", gone.high, gone.low), "d6a2fe4cf9069d80493bb3d83248669c");
    /// # Ok::<(), strangler_fig::canonical::CanonicalError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the value itself reports when it is serialized.
    pub fn md5<V: Serialize + ?Sized>(
        salt: DigestSalt,
        key_part: &[u8],
        stamp: Stamp,
        value: Option<&V>,
    ) -> Result<Self, CanonicalError> {
        let mut context = md5::Context::new();
        let (salt, stamp) = digits(salt, stamp);
        let head: [&[u8]; 5] = [&salt, key_part, b"@", &stamp, mark(value)];
        canonical::write_after(head, value, &mut |piece| context.consume(piece))?;
        Ok(Self::of_bits(u128::from_be_bytes(context.finalize().0)))
    }

    /// By XXH3-128: `xxh3/canonical-1`.
    ///
    /// ```
    /// use strangler_fig::repository::{DigestSalt, RecordHash};
    /// use strangler_fig::stamp::Stamp;
    ///
    /// let salt = DigestSalt::random()?;
    /// let gone = RecordHash::xxh3(salt, b"07", Stamp::BASE, None::<&u8>)?;
    /// let null = RecordHash::xxh3(salt, b"07", Stamp::BASE, Some(&None::<u8>))?;
    /// assert_ne!(gone, null);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the value itself reports when it is serialized.
    pub fn xxh3<V: Serialize + ?Sized>(
        salt: DigestSalt,
        key_part: &[u8],
        stamp: Stamp,
        value: Option<&V>,
    ) -> Result<Self, CanonicalError> {
        let (salt, stamp) = digits(salt, stamp);
        let head: [&[u8]; 5] = [&salt, key_part, b"@", &stamp, mark(value)];
        canonical::hash_after(head, value, 0).map(Self::of_bits)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    const fn of_bits(bits: u128) -> Self {
        Self { high: (bits >> 64) as u64, low: bits as u64 }
    }
}

fn digits(salt: DigestSalt, stamp: Stamp) -> ([u8; 32], [u8; 32]) {
    (canonical::hex_digits(salt.to_bytes()), canonical::hex_digits(stamp.to_bytes()))
}

const fn mark<V: ?Sized>(value: Option<&V>) -> &'static [u8] {
    match value {
        Some(_) => b"=",
        None => b"-",
    }
}
