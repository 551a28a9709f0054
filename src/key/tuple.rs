//! Tuples: their parts one after the other.

use super::{Key, KeyError};

macro_rules! tuple_key {
    ($($part:ident $index:tt),+) => {
        impl<$($part: Key),+> Key for ($($part,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$index.encode(out);)+
            }

            fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
                Ok(($($part::decode(input)?,)+))
            }
        }
    };
}

tuple_key!(A 0);
tuple_key!(A 0, B 1);
tuple_key!(A 0, B 1, C 2);
tuple_key!(A 0, B 1, C 2, D 3);
tuple_key!(A 0, B 1, C 2, D 3, E 4);
tuple_key!(A 0, B 1, C 2, D 3, E 4, F 5);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::KeyExt;

    fn obeys_the_law<K: Key>(a: &K, b: &K) {
        assert_eq!(a.cmp(b), a.to_bytes().cmp(&b.to_bytes()), "{a:?} and {b:?}");
        assert_eq!(K::from_bytes(&a.to_bytes()).as_ref(), Ok(a));
        let mut longer = a.to_bytes();
        longer.push(7);
        assert_eq!(K::from_bytes(&longer), Err(KeyError::Trailing(1)));
        longer.truncate(longer.len() - 2);
        assert!(K::from_bytes(&longer).is_err(), "{a:?} cut short");
    }

    /// Short strings over few bytes, where escapes and prefixes collide.
    fn tricky() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(0xFE), Just(0xFF)], 0..4)
    }

    proptest! {
        #[test]
        fn integers_obey_the_law(a: (u8, i16, u32, i64, u128, i128), b: (u8, i16, u32, i64, u128, i128)) {
            obeys_the_law(&a, &b);
        }

        #[test]
        fn byte_strings_obey_the_law(a in (tricky(), tricky()), b in (tricky(), tricky())) {
            obeys_the_law(&a.0, &b.0);
            obeys_the_law(&a, &b);
        }

        #[test]
        fn texts_obey_the_law(a: (String, char, bool), b: (String, char, bool)) {
            obeys_the_law(&a, &b);
        }

        #[test]
        fn arrays_obey_the_law(a: [u8; 16], b: [u8; 16]) {
            obeys_the_law(&(a,), &(b,));
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes: Vec<u8>) {
            let _ = <(String, Vec<u8>, char, bool, u64)>::from_bytes(&bytes);
        }
    }

    #[test]
    fn malformed_keys_are_refused() {
        assert_eq!(bool::from_bytes(&[2]), Err(KeyError::Malformed("bool")));
        assert_eq!(char::from_bytes(&[0, 0, 0xD8, 0]), Err(KeyError::Malformed("char")));
        assert_eq!(String::from_bytes(&[0xFF, 0, 1]), Err(KeyError::Malformed("text")));
        assert_eq!(String::from_bytes(&[0, 2]), Err(KeyError::Malformed("text")));
        assert_eq!(u32::from_bytes(&[1]), Err(KeyError::Truncated("u32")));
    }
}
