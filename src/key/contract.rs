use std::fmt::Debug;
use std::hash::Hash;

/// The identity of a record.
///
/// Given for integers, `bool`, `char`, `String`, `Vec<u8>`, byte arrays and
/// tuples of these; a newtype forwards to what it wraps.
///
/// # Contract
///
/// 1. `decode` of what `encode` wrote gives the key back and takes exactly its
///    bytes, also when more follow.
/// 2. Encoded bytes compare as the keys do.
/// 3. No encoding is the beginning of another's, so that tuples keep rule 2.
///
/// ```
/// use strangler_fig::key::{Key, KeyError, KeyExt};
///
/// #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
/// struct UserId(u64);
///
/// impl Key for UserId {
///     fn encode(&self, out: &mut Vec<u8>) {
///         self.0.encode(out);
///     }
///     fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
///         u64::decode(input).map(Self)
///     }
/// }
///
/// assert_eq!(UserId(5).to_bytes(), [0, 0, 0, 0, 0, 0, 0, 5]);
/// ```
pub trait Key: Clone + Ord + Hash + Debug + Send + Sync + 'static {
    /// Appends the key's bytes to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes one key off the front of `input`.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when `input` does not begin with an encoded key.
    fn decode(input: &mut &[u8]) -> Result<Self, KeyError>;
}

/// Whole keys to bytes and back.
///
/// ```
/// use strangler_fig::key::{KeyError, KeyExt};
///
/// let bytes = "EDDB".to_owned().to_bytes();
/// assert_eq!(String::from_bytes(&bytes)?, "EDDB");
/// assert_eq!(u32::from_bytes(&[0, 0, 0, 7, 9]), Err(KeyError::Trailing(1)));
/// # Ok::<(), strangler_fig::key::KeyError>(())
/// ```
pub trait KeyExt: Key {
    /// The key's bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    /// The key of exactly these bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when they are not one key, or more than one.
    fn from_bytes(mut bytes: &[u8]) -> Result<Self, KeyError> {
        let key = Self::decode(&mut bytes)?;
        if bytes.is_empty() { Ok(key) } else { Err(KeyError::Trailing(bytes.len())) }
    }
}

impl<K: Key> KeyExt for K {}

/// Bytes that are not an encoded key.
///
/// ```
/// use strangler_fig::key::{KeyError, KeyExt};
///
/// assert!(matches!(u32::from_bytes(&[0, 0, 7]), Err(KeyError::Truncated(_))));
/// assert!(matches!(bool::from_bytes(&[9]), Err(KeyError::Malformed(_))));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes end within the key.
    #[error("the bytes end within a {0}")]
    Truncated(&'static str),
    /// The bytes cannot stand for this type.
    #[error("the bytes are not a {0}")]
    Malformed(&'static str),
    /// Bytes are left over.
    #[error("{0} bytes are left after the key")]
    Trailing(usize),
}

/// Takes `N` bytes off the front.
pub(super) fn take<const N: usize>(
    input: &mut &[u8],
    what: &'static str,
) -> Result<[u8; N], KeyError> {
    let (head, tail) = input.split_first_chunk::<N>().ok_or(KeyError::Truncated(what))?;
    *input = tail;
    Ok(*head)
}
