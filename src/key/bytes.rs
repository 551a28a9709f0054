//! Texts and byte strings: `00` is written `00 FF` and the end `00 01`, as
//! `CockroachDB` orders its keys (`pkg/util/encoding`, "escaped bytes").

use super::contract::take;
use super::{Key, KeyError};

const ESCAPE: u8 = 0x00;
const ESCAPED_ZERO: u8 = 0xFF;
const END: u8 = 0x01;

fn encode_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    for &byte in bytes {
        out.push(byte);
        if byte == ESCAPE {
            out.push(ESCAPED_ZERO);
        }
    }
    out.extend_from_slice(&[ESCAPE, END]);
}

fn decode_escaped(input: &mut &[u8], what: &'static str) -> Result<Vec<u8>, KeyError> {
    let mut bytes = Vec::new();
    loop {
        let [byte] = take(input, what)?;
        if byte != ESCAPE {
            bytes.push(byte);
            continue;
        }
        match take(input, what)? {
            [ESCAPED_ZERO] => bytes.push(ESCAPE),
            [END] => return Ok(bytes),
            _ => return Err(KeyError::Malformed(what)),
        }
    }
}

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_escaped(self.as_bytes(), out);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        let bytes = decode_escaped(input, "text")?;
        Self::from_utf8(bytes).map_err(|_| KeyError::Malformed("text"))
    }
}

impl Key for Vec<u8> {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_escaped(self, out);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        decode_escaped(input, "byte string")
    }
}

impl<const N: usize> Key for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, KeyError> {
        take(input, "byte array")
    }
}
