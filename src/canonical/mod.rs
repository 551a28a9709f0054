//! One text for each value, whatever the store it came from: what digests hash.
//!
//! Two stores can compare rows they do not send only if both write a row down
//! alike. This is that writing, a serde format called `canonical-1`. It is all
//! text, so that SQL can build it with `concat`, `length` and `encode`.
//!
//! | value | text |
//! |---|---|
//! | `None` | `n` |
//! | `Some(x)` | `?` and x |
//! | `()`, a unit struct | `u` |
//! | `true`, `false` | `T`, `F` |
//! | an integer of any width | `i<decimal>;` |
//! | `f32`, `f64` | `d` and the 16 hex digits of the `f64`'s bits |
//! | `char` | `c` and its UTF-8 |
//! | text | `s<length in bytes>:` and its UTF-8 |
//! | bytes | `b<length>:` and two hex digits for each |
//! | sequence, tuple, tuple struct | `[`, the items, `]` |
//! | map | `{`, keys each with its value, sorted by their texts, `}` |
//! | struct | `(`, for each field `<length of its name>:<name>` and the value, `)` |
//! | newtype struct | what it wraps |
//! | enum variant | `v<length of its name>:<name>`, then `u`, the value, `[…]` or `(…)` |
//!
//! Hex digits are lower case. Two values of one type have one text only if they
//! are equal, as far as serde tells them apart (an untagged enum does not), but for
//! two folds: `-0.0` is written as `0.0`, and all NaNs as one.
//! So nothing is trimmed and no case is changed; NULL is not the empty text, nor
//! the text `n`, nor a field that is left out. No text is the beginning of
//! another's, so texts in a row are as plain as one.
//!
//! Fields stand in the order of their declaration, and those that serde skips
//! are absent. What serde flattens is a map. A `HashSet` has no order of its
//! own: use a `BTreeSet`. Bytes are bytes only as `serde_bytes` makes them, for
//! to serde a `Vec<u8>` is a sequence of integers.
//!
//! ```
//! use strangler_fig::canonical;
//!
//! #[derive(serde::Serialize)]
//! struct User {
//!     id: u64,
//!     name: Option<&'static str>,
//! }
//!
//! let ada = canonical::to_bytes(&User { id: 7, name: Some("Ada") })?;
//! assert_eq!(ada, b"(2:idi7;4:name?s3:Ada)");
//! let nobody = canonical::to_bytes(&User { id: 7, name: None })?;
//! assert_eq!(nobody, b"(2:idi7;4:namen)");
//! # Ok::<(), canonical::CanonicalError>(())
//! ```

mod compound;
mod error;
mod serializer;
mod writer;

use serde::Serialize;
use twox_hash::XxHash3_128;
use twox_hash::xxhash3_128::Hasher;

use serializer::Canonical;
use writer::Writer;

pub use error::CanonicalError;
pub(crate) use writer::{hex_digits, lower_hex};

/// The text of `value`.
///
/// ```
/// use std::collections::HashMap;
/// use strangler_fig::canonical;
///
/// let stock = HashMap::from([("pears", 2), ("figs", 7)]);
/// assert_eq!(canonical::to_bytes(&stock)?, b"{s4:figsi7;s5:pearsi2;}");
/// # Ok::<(), canonical::CanonicalError>(())
/// ```
///
/// # Errors
///
/// What `value` itself reports.
pub fn to_bytes<V: Serialize + ?Sized>(value: &V) -> Result<Vec<u8>, CanonicalError> {
    let mut text = Vec::new();
    append(value, &mut text)?;
    Ok(text)
}

/// Hands the text of `value` to `sink`, piece by piece: to a hasher say. Only
/// maps are kept in memory, to be sorted.
///
/// ```
/// use strangler_fig::canonical;
///
/// let mut length = 0;
/// canonical::write(&["Ada", "Grace"], |piece| length += piece.len())?;
/// assert_eq!(length, "[s3:Adas5:Grace]".len());
/// # Ok::<(), canonical::CanonicalError>(())
/// ```
///
/// # Errors
///
/// What `value` itself reports; `sink` may have been handed a part by then.
pub fn write<V: Serialize + ?Sized>(
    value: &V,
    mut sink: impl FnMut(&[u8]),
) -> Result<(), CanonicalError> {
    write_after([], Some(value), &mut sink)
}

/// XXH3-128 of the text of `value`, without the text being kept anywhere.
///
/// ```
/// use strangler_fig::canonical;
///
/// let hash = canonical::hash(&(7, "Ada"), 0)?;
/// assert_eq!(hash, canonical::hash(&(7_u8, "Ada".to_owned()), 0)?);
/// assert_ne!(hash, canonical::hash(&(7, "Ada "), 0)?);
/// assert_ne!(hash, canonical::hash(&(7, "Ada"), 1)?);
/// # Ok::<(), canonical::CanonicalError>(())
/// ```
///
/// # Errors
///
/// What `value` itself reports.
pub fn hash<V: Serialize + ?Sized>(value: &V, seed: u64) -> Result<u128, CanonicalError> {
    hash_after([], Some(value), seed)
}

/// The hash of the text that [`write_after`] writes: in one go, unless it is long.
pub(crate) fn hash_after<V: Serialize + ?Sized, const N: usize>(
    head: [&[u8]; N],
    value: Option<&V>,
    seed: u64,
) -> Result<u128, CanonicalError> {
    let mut long = None;
    let mut sink = |piece: &[u8]| {
        long.get_or_insert_with(|| Hasher::with_seed(seed)).write(piece);
    };
    let mut writer = Writer::new(&mut sink);
    put(head, value, &mut writer)?;
    let (rest, length) = writer.into_rest();
    Ok(match long {
        None => XxHash3_128::oneshot_with_seed(seed, &rest[..length]),
        Some(mut hasher) => {
            hasher.write(&rest[..length]);
            hasher.finish_128()
        }
    })
}

/// The pieces of `head`, and the text of the value if there is one.
pub(crate) fn write_after<V: Serialize + ?Sized, const N: usize>(
    head: [&[u8]; N],
    value: Option<&V>,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), CanonicalError> {
    let mut writer = Writer::new(sink);
    put(head, value, &mut writer)?;
    writer.close();
    Ok(())
}

fn put<V: Serialize + ?Sized, const N: usize>(
    head: [&[u8]; N],
    value: Option<&V>,
    writer: &mut Writer<'_>,
) -> Result<(), CanonicalError> {
    for piece in head {
        writer.bytes(piece);
    }
    value.map_or(Ok(()), |value| value.serialize(Canonical(writer)))
}

fn append<V: Serialize + ?Sized>(value: &V, text: &mut Vec<u8>) -> Result<(), CanonicalError> {
    write_after([], Some(value), &mut |piece| text.extend_from_slice(piece))
}
