use std::path::Path;

use super::FileJournalError;
use super::codec::Decoded;
use super::line::{Line, Record, void_renewals};
use crate::memory::saga_record::SagaRecord;
use crate::saga::{NewSaga, SagaAppend, SagaId};

/// A saga, as its file's lines add up to it, and where the next one goes.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) id: SagaId,
    pub(super) record: Record,
    /// Where the last line ends.
    pub(super) end: usize,
    /// Its checksum.
    pub(super) seal: u64,
    /// How many lines are renewals that count for nothing any more.
    pub(super) void_renewals: usize,
}

impl Stored {
    /// What the lines read at `path` add up to.
    pub(super) fn of(decoded: Decoded, path: &Path) -> Result<Self, FileJournalError> {
        let void_renewals = void_renewals(&decoded.lines);
        let impossible = |line| FileJournalError::Impossible { path: path.to_owned(), line };
        let mut lines = (2..).zip(decoded.lines);
        let first = lines.next().and_then(|(_, line)| begun(line));
        let (id, mut record) = first.ok_or_else(|| impossible(2))?;
        for (number, line) in lines {
            follow(&mut record, line).ok_or_else(|| impossible(number))?;
        }
        Ok(Self { id, record, end: decoded.end, seal: decoded.seal, void_renewals })
    }
}

/// The saga that a first line speaks of.
fn begun(line: Line) -> Option<(SagaId, Record)> {
    match line {
        Line::Created { saga, definition, input, parent, entries, runner, at, until } => {
            let new = NewSaga { id: saga, definition, input, parent };
            let record = SagaRecord::new(&new, &entries, &runner, at, until);
            Some((new.id, record))
        }
        Line::Purged {
            saga,
            definition,
            input,
            parent,
            status,
            outcome,
            length,
            epoch,
            held,
            changed,
        } => {
            let (is_purged, entries) = (true, Vec::new());
            let record = SagaRecord {
                definition,
                input,
                parent,
                status,
                outcome,
                length,
                epoch,
                held,
                changed,
                is_purged,
                entries,
            };
            status.is_over().then_some((saga, record))
        }
        _ => None,
    }
}

/// Changes a saga as a later line says; `None` if it could not have been.
fn follow(record: &mut Record, line: Line) -> Option<()> {
    let is_so = match line {
        Line::Appended { position, entries, status, outcome, at, until } => {
            let is_next = position == record.length && !record.is_purged;
            let outcome = outcome.as_ref();
            let append = SagaAppend { position, entries: &entries, status, outcome };
            if is_next {
                record.append(&append, at, until);
            }
            is_next
        }
        Line::Claimed { epoch, runner, at, until } => {
            record.claim(&runner, at, until) == Some(epoch)
        }
        Line::Renewed { epoch, until } => record.renew(epoch, until),
        Line::Released { epoch } => record.release(epoch),
        Line::Created { .. } | Line::Purged { .. } => false,
    };
    is_so.then_some(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::memory::file_journal::codec::{decode, encode};
    use crate::memory::file_journal::line::{UnixMillis, without_void_renewals};
    use crate::memory::saga_record::Moment;
    use crate::phase::{Incarnation, NodeId};
    use crate::saga::SagaStatus;

    fn stored(lines: &[Line]) -> Stored {
        let path = Path::new("here");
        Stored::of(decode(&encode(lines), path).unwrap(), path).unwrap()
    }

    fn runner(n: u128) -> NodeId {
        NodeId { name: "node".parse().unwrap(), incarnation: Incarnation::fixed(n) }
    }

    fn created() -> Line {
        let definition = "checkout@3#00000000000000ff".parse().unwrap();
        let id = "order:4711".parse().unwrap();
        let saga = NewSaga { id, definition, input: 7, parent: None };
        Line::created(&saga, Vec::new(), runner(0), Duration::from_secs(1))
    }

    /// The next line of a saga, which a clock that goes anywhere, and runners that come and go, lead to.
    fn next(record: &Record, random: &mut fastrand::Rng) -> Line {
        let at = UnixMillis::now().after(Duration::from_secs(random.u64(0..1_000)));
        let until = at.after(Duration::from_secs(random.u64(0..500)));
        let (position, epoch) = (record.length, record.epoch);
        match random.u8(0..10) {
            0 => {
                let parked = random.u8(0..4) == 0;
                let status = if parked { SagaStatus::Parked } else { SagaStatus::Running };
                Line::Appended { position, entries: Vec::new(), status, outcome: None, at, until }
            }
            1 | 2 => {
                let runner = runner(random.u128(0..3));
                Line::Claimed { epoch: epoch + 1, runner, at, until }
            }
            3 => Line::Released { epoch },
            _ => Line::Renewed { epoch, until },
        }
    }

    #[test]
    fn a_file_says_the_same_without_the_renewals_that_count_for_nothing() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut renewals, mut kept) = (0, 0);
        for _ in 0..300 {
            let mut lines = vec![created()];
            let mut record = stored(&lines).record;
            for _ in 0..60 {
                let (mut after, line) = (record.clone(), next(&record, &mut random));
                if follow(&mut after, line.clone()).is_some() {
                    record = after;
                    lines.push(line);
                }
            }
            let whole = stored(&lines);
            assert_eq!(whole.record, record);
            renewals += whole.void_renewals;
            let lines = without_void_renewals(lines);
            let compact = stored(&lines);
            assert_eq!((&compact.id, &compact.record), (&whole.id, &whole.record));
            assert_eq!(compact.void_renewals, 0);
            kept += lines.iter().filter(|line| matches!(line, Line::Renewed { .. })).count();
        }
        assert!(renewals > 1_000 && kept > 100, "{renewals} renewals were void, {kept} were not");
    }
}
