//! Integers: big-endian, the sign bit of signed ones flipped.

use super::contract::take;
use super::{Key, KeyError};

macro_rules! unsigned_key {
    ($($type:ty),*) => {$(
        impl Key for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
                take(input, stringify!($type)).map(Self::from_be_bytes)
            }
        }
    )*};
}

macro_rules! signed_key {
    ($($type:ty),*) => {$(
        impl Key for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&(self ^ Self::MIN).to_be_bytes());
            }

            fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
                take(input, stringify!($type)).map(|bytes| Self::from_be_bytes(bytes) ^ Self::MIN)
            }
        }
    )*};
}

unsigned_key!(u8, u16, u32, u64, u128);
signed_key!(i8, i16, i32, i64, i128);

impl Key for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        match take(input, "bool")? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(KeyError::Malformed("bool")),
        }
    }
}

impl Key for char {
    fn encode(&self, out: &mut Vec<u8>) {
        u32::from(*self).encode(out);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        Self::from_u32(u32::decode(input)?).ok_or(KeyError::Malformed("char"))
    }
}
