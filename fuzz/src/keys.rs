//! Keys: one encoding for each, in the order of the keys, and none that begins
//! another.

use strangler_fig::key::{Key, KeyError, KeyExt};
use strangler_fig::phase::{Bucket, Salt};

use crate::source::Source;

/// A key that can be made of any bytes.
pub trait Chosen: Key {
    /// The key that `source` chooses.
    fn chosen(source: &mut Source<'_>) -> Self;
}

/// Checks keys of the type that the first byte chooses.
pub fn check(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    match source.byte() % 24 {
        0 => obeys::<u8>(&mut source),
        1 => obeys::<u16>(&mut source),
        2 => obeys::<u32>(&mut source),
        3 => obeys::<u64>(&mut source),
        4 => obeys::<u128>(&mut source),
        5 => obeys::<i8>(&mut source),
        6 => obeys::<i16>(&mut source),
        7 => obeys::<i32>(&mut source),
        8 => obeys::<i64>(&mut source),
        9 => obeys::<i128>(&mut source),
        10 => obeys::<bool>(&mut source),
        11 => obeys::<char>(&mut source),
        12 => obeys::<String>(&mut source),
        13 => obeys::<Vec<u8>>(&mut source),
        14 => obeys::<[u8; 16]>(&mut source),
        15 => obeys::<[u8; 0]>(&mut source),
        16 => obeys::<(String,)>(&mut source),
        17 => obeys::<(String, u32)>(&mut source),
        18 => obeys::<(String, String)>(&mut source),
        19 => obeys::<(Vec<u8>, i8, Vec<u8>)>(&mut source),
        20 => obeys::<((String, bool), Vec<u8>)>(&mut source),
        21 => obeys::<(char, i64, [u8; 3], String)>(&mut source),
        22 => obeys::<(u8, Vec<u8>, String, bool, i128)>(&mut source),
        _ => obeys::<(Vec<u8>, String, Vec<u8>, char, u16, String)>(&mut source),
    }
}

/// The law of keys, of two keys that `source` chooses and of whatever it holds.
pub fn obeys<K: Chosen>(source: &mut Source<'_>) {
    let (one, other) = (K::chosen(source), K::chosen(source));
    let [left, right] = [&one, &other].map(KeyExt::to_bytes);
    assert_eq!(one.cmp(&other), left.cmp(&right), "the order of {one:?} and {other:?}");
    assert!(left == right || !right.starts_with(&left), "{one:?} begins {other:?}");
    for (key, bytes) in [(&one, &left), (&other, &right)] {
        assert_eq!(K::from_bytes(bytes).as_ref(), Ok(key), "{bytes:02x?}");
        let salt = Salt::of("airports");
        assert_eq!(Bucket::of(key, salt), Bucket::of_encoded(bytes, salt), "{key:?}");
    }
    let rest = source.rest();
    has_one_encoding::<K>(rest);
    has_one_encoding::<K>(&[&left, rest].concat());
}

/// What is read as a key is written as the bytes it was read from, and is read
/// from no fewer.
fn has_one_encoding<K: Key>(bytes: &[u8]) {
    let mut left = bytes;
    let key = match K::decode(&mut left) {
        Ok(key) => key,
        Err(error) => {
            assert_eq!(K::from_bytes(bytes), Err(error), "{bytes:02x?}");
            return;
        }
    };
    let taken = &bytes[..bytes.len() - left.len()];
    assert_eq!(key.to_bytes(), taken, "{key:?} has two encodings");
    let whole = match left.len() {
        0 => Ok(key.clone()),
        more => Err(KeyError::Trailing(more)),
    };
    assert_eq!(K::from_bytes(bytes), whole, "{bytes:02x?}");
    for end in 0..taken.len().min(64) {
        let cut = K::from_bytes(&taken[..end]);
        assert!(matches!(cut, Err(KeyError::Truncated(_))), "{key:?} cut to {end} is {cut:?}");
    }
}

macro_rules! chosen_number {
    ($($type:ty),*) => {$(
        impl Chosen for $type {
            fn chosen(source: &mut Source<'_>) -> Self {
                Self::from_be_bytes(source.bytes())
            }
        }
    )*};
}

macro_rules! chosen_tuple {
    ($($part:ident),+) => {
        impl<$($part: Chosen),+> Chosen for ($($part,)+) {
            fn chosen(source: &mut Source<'_>) -> Self {
                ($($part::chosen(source),)+)
            }
        }
    };
}

chosen_number!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128);
chosen_tuple!(A);
chosen_tuple!(A, B);
chosen_tuple!(A, B, C);
chosen_tuple!(A, B, C, D);
chosen_tuple!(A, B, C, D, E);
chosen_tuple!(A, B, C, D, E, F);

impl Chosen for bool {
    fn chosen(source: &mut Source<'_>) -> Self {
        source.flag()
    }
}

impl Chosen for char {
    fn chosen(source: &mut Source<'_>) -> Self {
        Self::from_u32(u32::from_be_bytes(source.bytes()) % 0x0011_0000).unwrap_or('\u{E000}')
    }
}

impl Chosen for String {
    fn chosen(source: &mut Source<'_>) -> Self {
        source.text()
    }
}

impl Chosen for Vec<u8> {
    fn chosen(source: &mut Source<'_>) -> Self {
        source.piece().to_vec()
    }
}

impl<const N: usize> Chosen for [u8; N] {
    fn chosen(source: &mut Source<'_>) -> Self {
        source.bytes()
    }
}
