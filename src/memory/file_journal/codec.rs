//! Lines as bytes: each with a checksum that is seeded with that of the line before, so that none is changed,
//! missing, or out of its place unnoticed.

use std::path::Path;

use serde::Deserialize;
use twox_hash::XxHash3_64;

use super::FileJournalError;
use super::line::Line;

const FORMAT: &str = "strangler-fig/saga-file";
const VERSION: u32 = 1;

/// The checksum in hex, and a space.
const SEAL: usize = 17;

/// A line's own newlines, between the tokens of a payload, stand as this, which no JSON has.
const NEWLINE: u8 = 0x1E;

/// A hole in a file is blocks long; a fault of the disk is rarely this many zeros.
const HOLE: [u8; 8] = [0; 8];

/// The first line. What comes after `version` is up to that version.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

fn head() -> String {
    format!("{{\"format\":\"{FORMAT}\",\"version\":{VERSION}}}\n")
}

/// A file of these lines.
pub(super) fn encode(lines: &[Line]) -> Vec<u8> {
    let (mut bytes, mut seal) = (head().into_bytes(), 0);
    for line in lines {
        let (encoded, next) = encode_line(line, seal);
        bytes.extend(encoded);
        seal = next;
    }
    bytes
}

/// A line after one whose checksum is `before`, and its own.
pub(super) fn encode_line(line: &Line, before: u64) -> (Vec<u8>, u64) {
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
pub(super) struct Decoded {
    pub(super) lines: Vec<Line>,
    pub(super) end: usize,
    pub(super) seal: u64,
}

/// The lines in `bytes`, which were read at `path`, without what a crash left of the last one.
pub(super) fn decode(bytes: &[u8], path: &Path) -> Result<Decoded, FileJournalError> {
    let end = checked_head(bytes, path)?;
    let mut decoded = Decoded { lines: Vec::new(), end, seal: 0 };
    while let Some(length) = bytes[decoded.end..].iter().position(|byte| *byte == b'\n') {
        let line = &bytes[decoded.end..decoded.end + length];
        let next = decoded.end + length + 1;
        let Some(seal) = seal_of(line, decoded.seal) else {
            if next == bytes.len() && line.windows(HOLE.len()).any(|window| window == HOLE) {
                break;
            }
            return Err(decoded.damaged(path));
        };
        decoded.lines.push(parse(&line[SEAL..]).map_err(|error| decoded.broken(path, error))?);
        (decoded.end, decoded.seal) = (next, seal);
    }
    let rest = &bytes[decoded.end..];
    // A file has its first change from its beginning; and a whole line has an end of its own.
    let is_whole = |(_, line): (_, &[u8])| seal_of(line, decoded.seal).is_some();
    if decoded.lines.is_empty() || rest.split_last().is_some_and(is_whole) {
        return Err(decoded.damaged(path));
    }
    Ok(decoded)
}

impl Decoded {
    /// Counted as an editor does: the head is the first.
    fn next_line(&self) -> usize {
        self.lines.len() + 2
    }

    fn damaged(&self, path: &Path) -> FileJournalError {
        FileJournalError::Damaged { path: path.to_owned(), line: self.next_line() }
    }

    fn broken(&self, path: &Path, source: serde_json::Error) -> FileJournalError {
        FileJournalError::Broken { path: path.to_owned(), line: self.next_line(), source }
    }
}

/// Where the first line ends, if it is what it should be.
fn checked_head(bytes: &[u8], path: &Path) -> Result<usize, FileJournalError> {
    let foreign = || FileJournalError::Foreign { path: path.to_owned() };
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(foreign)? + 1;
    if bytes.starts_with(head().as_bytes()) {
        return Ok(end);
    }
    match serde_json::from_slice(&bytes[..end]) {
        Ok(Head { format, version }) if format == FORMAT && version > VERSION => {
            Err(FileJournalError::Newer { path: path.to_owned(), found: version })
        }
        _ => Err(foreign()),
    }
}

/// The checksum of a line, if it is the one that it begins with.
fn seal_of(line: &[u8], before: u64) -> Option<u64> {
    let (written, text) = line.split_at_checked(SEAL)?;
    let seal = XxHash3_64::oneshot_with_seed(before, text);
    (written == format!("{seal:016x} ").as_bytes()).then_some(seal)
}

fn parse(text: &[u8]) -> Result<Line, serde_json::Error> {
    let mut text = text.to_owned();
    swap(&mut text, NEWLINE, b'\n');
    serde_json::from_slice(&text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::phase::{Incarnation, NodeId};
    use crate::saga::{NewSaga, Payload, SagaEntry};

    fn lines() -> Vec<Line> {
        let saga = NewSaga {
            id: "order:4711".parse().unwrap(),
            definition: "checkout@3#00000000000000ff".parse().unwrap(),
            input: u128::MAX,
            parent: None,
        };
        let runner = NodeId { name: "node".parse().unwrap(), incarnation: Incarnation::fixed(7) };
        let input = Payload::parse("[1,\n\t2]").unwrap();
        let begun = SagaEntry::Begun { input, deadline: None, traceparent: None };
        let created = Line::created(&saga, vec![begun], runner, Duration::from_secs(1));
        vec![created, Line::Released { epoch: 1 }]
    }

    fn decoded(bytes: &[u8]) -> Result<Decoded, FileJournalError> {
        decode(bytes, Path::new("here"))
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let bytes = encode(&lines());
        let found = decoded(&bytes).unwrap();
        assert_eq!(format!("{:?}", found.lines), format!("{:?}", lines_as_of(&found)));
        assert_eq!((found.lines.len(), found.end), (2, bytes.len()));
        assert_eq!(encode(&found.lines), bytes);
    }

    /// The lines again, made of their bytes.
    fn lines_as_of(found: &Decoded) -> Vec<Line> {
        decoded(&encode(&found.lines)).unwrap().lines
    }

    #[test]
    fn a_newline_within_a_payload_ends_no_line() {
        let bytes = encode(&lines());
        assert_eq!(bytes.split(|byte| *byte == b'\n').count(), 4);
        let Line::Created { entries, .. } = &decoded(&bytes).unwrap().lines[0] else {
            panic!("it begins with what was created")
        };
        let SagaEntry::Begun { input, .. } = &entries[0] else { panic!("{entries:?}") };
        assert_eq!(input.as_str(), "[1,\n\t2]");
    }

    #[test]
    fn a_cut_in_the_last_line_leaves_those_before_and_any_other_is_noticed() {
        let (whole, first) = (encode(&lines()), encode(&lines()[..1]));
        let created = &whole[..first.len()];
        for end in 0..whole.len() {
            match decoded(&whole[..end]) {
                Ok(found) => {
                    assert!(end >= created.len(), "cut at {end}");
                    assert_eq!((found.lines.len(), found.end), (1, created.len()), "cut at {end}");
                }
                Err(_) => assert!(end < created.len(), "cut at {end}"),
            }
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let whole = encode(&lines());
        for at in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(decoded(&flipped).is_err(), "bit {at}");
        }
    }

    #[test]
    fn a_hole_is_a_crash_in_the_last_line_only() {
        let (whole, first) = (encode(&lines()), encode(&lines()[..1]).len());
        let mut torn = whole.clone();
        torn[first + 4..first + 14].fill(0);
        assert_eq!(decoded(&torn).unwrap().lines.len(), 1);
        let mut damaged = whole;
        damaged[first - 20..first - 10].fill(0);
        assert!(matches!(decoded(&damaged), Err(FileJournalError::Damaged { line: 2, .. })));
    }

    #[test]
    fn a_line_that_is_missing_is_noticed() {
        let mut lines = lines();
        lines.push(Line::Released { epoch: 2 });
        let whole = encode(&lines);
        let ends: Vec<_> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
        let without = [&whole[..=ends[1]], &whole[ends[2] + 1..]].concat();
        assert!(matches!(decoded(&without), Err(FileJournalError::Damaged { line: 3, .. })));
    }
}
