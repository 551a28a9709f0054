//! The journals of all lives as one history.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use strangler_fig::testkit::history::{Operation, Outcome};

use crate::event::Event;

/// An operation of the fleet: which customer, and which write.
pub type Call = Operation<u32, u64>;

/// A journal that cannot be used; its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read.
    #[error("journal {file} cannot be read: {source}")]
    Unreadable {
        /// Which one.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A line that is not its last is no event.
    #[error("journal {file}, line {line}: {source}")]
    Broken {
        /// Which one.
        file: String,
        /// Where.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

/// Every operation in the journal at `path`.
///
/// A last line that is cut short belongs to a process that was killed while it
/// wrote: an answer that nobody got, or a call that was not made.
///
/// # Errors
///
/// [`JournalError`]
pub fn operations(path: &Path) -> Result<Vec<Call>, JournalError> {
    let file = || path.display().to_string();
    let unreadable = |source| JournalError::Unreadable { file: file(), source };
    let text = fs::read(path).map_err(unreadable)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let mut calls = Calls::default();
    for (number, line) in text[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
        let broken = |source| JournalError::Broken { file: file(), line: number + 1, source };
        calls.add(serde_json::from_slice(line).map_err(broken)?);
    }
    Ok(calls.ended())
}

/// Calls of one journal, answered or not yet.
#[derive(Debug, Default)]
struct Calls {
    writes: HashMap<u64, Call>,
    reads: HashMap<u64, (u32, u64)>,
    ended: Vec<Call>,
}

impl Calls {
    fn add(&mut self, event: Event) {
        match event {
            Event::Write { call, key, value, at } => {
                self.writes.insert(call, Operation::write(key, value, at, Outcome::Unknown));
            }
            Event::Read { call, key, at } => {
                self.reads.insert(call, (key, at));
            }
            Event::Done { call, at } => self.end(call, Outcome::Ok { responded: at }),
            Event::Refused { call } => self.end(call, Outcome::Failed),
            Event::Found { call, value, at } => {
                if let Some((key, invoked)) = self.reads.remove(&call) {
                    self.ended.push(Operation::read(key, value, invoked, at));
                }
            }
        }
    }

    fn end(&mut self, call: u64, outcome: Outcome) {
        if let Some(write) = self.writes.remove(&call) {
            self.ended.push(Operation::write(write.key, write.value, write.invoked, outcome));
        }
    }

    /// A write without an answer may have happened; a read without one saw
    /// nothing.
    fn ended(mut self) -> Vec<Call> {
        self.ended.extend(self.writes.into_values());
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::journal::Journal;

    /// A journal of its own for a test.
    fn written(name: &str, write: impl FnOnce(&Journal)) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        write(&Journal::create(&path).unwrap());
        path
    }

    #[test]
    fn a_write_without_an_answer_may_have_happened() {
        let path = written("fleet-pending", |journal| {
            journal.writes(1, Some(7));
            let read = journal.reads(1);
            journal.found(read, None);
            journal.reads(1);
        });
        let mut found = operations(&path).unwrap();
        found.sort_by_key(|operation| operation.invoked);
        assert_eq!(found.len(), 2, "a read without an answer tells nothing");
        assert_eq!(found[0].value, Some(7));
        assert_eq!(found[0].responded(), None);
        assert!(found[1].is_read());
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_last_line_that_is_cut_short_is_no_answer() {
        let path = written("fleet-torn", |journal| {
            journal.writes(1, Some(7));
        });
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(br#"{"done":{"call":0,"#).unwrap();
        assert_eq!(operations(&path).unwrap()[0].responded(), None);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn another_line_that_is_no_event_is_named() {
        let path = written("fleet-broken", |_| {});
        fs::write(&path, "{\"done\":\n{\"refused\":{\"call\":1}}\n").unwrap();
        let error = operations(&path).unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
        fs::remove_file(path).unwrap();
    }
}
