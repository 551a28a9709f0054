//! The lines of a saga's file as bytes.

use std::path::Path;

use super::FileJournalError;
use super::line::Line;
use crate::memory::files::{self, Format, SealFault};

pub(super) const FORMAT: Format = Format { name: "strangler-fig/saga-file", version: 1 };

/// What a file holds: its lines, where they end, and the last one's checksum.
pub(super) type Decoded = files::Decoded<Line>;

/// A file of these lines.
pub(super) fn encode(lines: &[Line]) -> Vec<u8> {
    files::encode(FORMAT, lines)
}

/// The lines in `bytes`, which were read at `path`, without what a crash left of the last one.
pub(super) fn decode(bytes: &[u8], path: &Path) -> Result<Decoded, FileJournalError> {
    files::decode(FORMAT, bytes).map_err(|fault| faulty(fault, path))
}

pub(super) fn faulty(fault: SealFault, path: &Path) -> FileJournalError {
    let path = path.to_owned();
    match fault {
        SealFault::Foreign => FileJournalError::Foreign { path },
        SealFault::Newer { found } => FileJournalError::Newer { path, found },
        SealFault::Damaged { line } => FileJournalError::Damaged { path, line },
        SealFault::Broken { line, source } => FileJournalError::Broken { path, line, source },
    }
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
        let begun = SagaEntry::Begun { input, deadline_unix_ms: None, traceparent: None };
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
