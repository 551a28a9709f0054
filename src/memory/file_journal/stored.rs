use std::path::Path;

use super::FileJournalError;
use super::codec::Decoded;
use super::line::{Line, Record};
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
    /// How many lines did nothing but renew a claim.
    pub(super) renewals: usize,
}

impl Stored {
    /// What the lines read at `path` add up to.
    pub(super) fn of(decoded: Decoded, path: &Path) -> Result<Self, FileJournalError> {
        let is_renewal = |line: &&Line| matches!(line, Line::Renewed { .. });
        let renewals = decoded.lines.iter().filter(is_renewal).count();
        let impossible = |line| FileJournalError::Impossible { path: path.to_owned(), line };
        let mut lines = (2..).zip(decoded.lines);
        let first = lines.next().and_then(|(_, line)| begun(line));
        let (id, mut record) = first.ok_or_else(|| impossible(2))?;
        for (number, line) in lines {
            follow(&mut record, line).ok_or_else(|| impossible(number))?;
        }
        Ok(Self { id, record, end: decoded.end, seal: decoded.seal, renewals })
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
            record.append(&SagaAppend { position, entries: &entries, status, outcome }, at, until);
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
