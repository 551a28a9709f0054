//! Lines as bytes: each with a checksum that is seeded with that of the line before, so that none is changed,
//! missing, or out of its place unnoticed.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::error::JsonError;

/// The checksum in hex, and a space.
const SEAL: usize = 17;

/// A line's own newlines, between the tokens of a payload, stand as this, which no JSON has.
const NEWLINE: u8 = 0x1E;

/// A hole in a file is blocks long; a fault of the disk is rarely this many zeros.
const HOLE: [u8; 8] = [0; 8];

/// What a file of lines says that it is.
#[derive(Debug, Clone, Copy)]
pub(in crate::memory) struct Format {
    pub(in crate::memory) name: &'static str,
    pub(in crate::memory) version: u32,
}

/// Why bytes are no such file. Lines are counted from 1, as an editor does.
#[derive(Debug)]
pub(in crate::memory) enum SealFault {
    /// It is another kind of file.
    Foreign,
    /// A later version wrote it.
    Newer { found: u32 },
    /// A checksum is another.
    Damaged { line: usize },
    /// A line is whole, with a field that cannot be.
    Broken { line: usize, source: JsonError },
}

/// The first line. What comes after `version` is up to that version.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

impl Format {
    fn head(self) -> String {
        format!("{{\"format\":\"{}\",\"version\":{}}}\n", self.name, self.version)
    }

    /// Where the first line ends, if it is what it should be.
    fn checked_head(self, bytes: &[u8]) -> Result<usize, SealFault> {
        let newline = bytes.iter().position(|byte| *byte == b'\n');
        let end = newline.ok_or(SealFault::Foreign)? + 1;
        if bytes.starts_with(self.head().as_bytes()) {
            return Ok(end);
        }
        match serde_json::from_slice(&bytes[..end]) {
            Ok(Head { format, version }) if format == self.name && version > self.version => {
                Err(SealFault::Newer { found: version })
            }
            _ => Err(SealFault::Foreign),
        }
    }
}

/// A file of these lines.
pub(in crate::memory) fn encode<T: Serialize>(format: Format, lines: &[T]) -> Vec<u8> {
    let (mut bytes, mut seal) = (format.head().into_bytes(), 0);
    for line in lines {
        let (encoded, next) = encode_line(line, seal);
        bytes.extend(encoded);
        seal = next;
    }
    bytes
}

/// A line after one whose checksum is `before`, and its own.
pub(in crate::memory) fn encode_line<T: Serialize>(line: &T, before: u64) -> (Vec<u8>, u64) {
    let mut text = serde_json::to_vec(line).expect("every field has a JSON form");
    swap(&mut text, b'\n', NEWLINE);
    let seal = XxHash3_64::oneshot_with_seed(before, &text);
    let mut bytes = format!("{seal:016x} ").into_bytes();
    bytes.extend(text);
    bytes.push(b'\n');
    (bytes, seal)
}

fn swap(text: &mut [u8], from: u8, to: u8) {
    text.iter_mut().filter(|byte| **byte == from).for_each(|byte| *byte = to);
}

/// What a file holds: its lines, where they end, and the last one's checksum.
#[derive(Debug)]
pub(in crate::memory) struct Decoded<T> {
    pub(in crate::memory) lines: Vec<T>,
    pub(in crate::memory) end: usize,
    pub(in crate::memory) seal: u64,
}

/// The lines in `bytes`, without what a crash left of the last one.
pub(in crate::memory) fn decode<T: DeserializeOwned>(
    format: Format,
    bytes: &[u8],
) -> Result<Decoded<T>, SealFault> {
    let end = format.checked_head(bytes)?;
    let mut decoded = Decoded { lines: Vec::new(), end, seal: 0 };
    while let Some(length) = bytes[decoded.end..].iter().position(|byte| *byte == b'\n') {
        let line = &bytes[decoded.end..decoded.end + length];
        let next = decoded.end + length + 1;
        let Some(seal) = seal_of(line, decoded.seal) else {
            if next == bytes.len() && line.windows(HOLE.len()).any(|window| window == HOLE) {
                break;
            }
            return Err(decoded.damaged());
        };
        let broken = |source| SealFault::Broken { line: decoded.next_line(), source };
        let line = parse(&line[SEAL..]).map_err(broken)?;
        decoded.lines.push(line);
        (decoded.end, decoded.seal) = (next, seal);
    }
    let rest = &bytes[decoded.end..];
    // A file has its first change from its beginning; and a whole line has an end of its own.
    let is_whole = |(_, line): (_, &[u8])| seal_of(line, decoded.seal).is_some();
    if decoded.lines.is_empty() || rest.split_last().is_some_and(is_whole) {
        return Err(decoded.damaged());
    }
    Ok(decoded)
}

impl<T> Decoded<T> {
    /// The head is the first.
    fn next_line(&self) -> usize {
        self.lines.len() + 2
    }

    fn damaged(&self) -> SealFault {
        SealFault::Damaged { line: self.next_line() }
    }
}

/// The checksum of a line, if it is the one that it begins with.
fn seal_of(line: &[u8], before: u64) -> Option<u64> {
    let (written, text) = line.split_at_checked(SEAL)?;
    let seal = XxHash3_64::oneshot_with_seed(before, text);
    (written == format!("{seal:016x} ").as_bytes()).then_some(seal)
}

fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    let mut text = text.to_owned();
    swap(&mut text, NEWLINE, b'\n');
    serde_json::from_slice(&text).map_err(JsonError::from)
}
