//! One operation of a history, as its client saw it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::log::after;

/// One write or read of one record, from its invocation to its response.
///
/// Tickets are positions in one order that all clients share. Where two are
/// equal, the operations count as concurrent.
///
/// ```
/// use strangler_fig::testkit::history::{History, Operation, Outcome, check};
///
/// let write = Operation::write("fig", Some(1), 0, Outcome::Ok { responded: 1 });
/// let read = Operation::read("fig", None, 2, 3);
/// assert!(read.is_read() && write.responded() == Some(1) && !write.is_failed());
/// let at_rest = Operation::final_read("fig", None, 4, 5);
///
/// let history = History::new(vec![write, read, at_rest]).expect("the tickets are in order");
/// let verdict = check(&history);
/// assert_eq!((verdict.stale, verdict.lost), (1, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operation<K, V> {
    /// The record.
    pub key: K,
    /// What was written (`None`: deleted) or returned (`None`: nothing there).
    pub value: Option<V>,
    /// The ticket drawn just before it began.
    pub invoked: u64,
    /// Whether it wrote or read, and how it ended.
    pub kind: OperationKind,
}

/// Whether an operation wrote or read, and how it ended.
///
/// A read that returned nothing tells nothing, so a history does not hold it.
///
/// ```
/// use strangler_fig::testkit::history::{Operation, OperationKind};
///
/// let read = Operation::final_read("fig", Some(1), 4, 5);
/// assert_eq!(read.kind, OperationKind::FinalRead { responded: 5 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OperationKind {
    /// A write or a delete.
    Write(Outcome),
    /// A read by some client while others may be at work.
    Read {
        /// The ticket drawn just after it returned.
        responded: u64,
    },
    /// A read at rest, from the store that counts: what is missing is lost.
    FinalRead {
        /// The ticket drawn just after it returned.
        responded: u64,
    },
}

/// What the client of a write was told.
///
/// ```
/// use strangler_fig::testkit::history::{Operation, Outcome};
///
/// let write = |outcome| Operation::write("fig", Some(1), 0, outcome);
/// assert!(write(Outcome::Failed).is_failed());
/// assert!(!write(Outcome::Unknown).is_failed());
/// assert_eq!(write(Outcome::Unknown).responded(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// It took effect between its two tickets.
    Ok {
        /// The ticket drawn just after it was acknowledged.
        responded: u64,
    },
    /// It took no effect and never will.
    Failed,
    /// It may take effect once, at any time after its invocation, or never.
    Unknown,
}

impl<K, V> Operation<K, V> {
    /// A write of `value`, or a delete for `None`.
    pub fn write(key: K, value: Option<V>, invoked: u64, outcome: Outcome) -> Self {
        let kind = OperationKind::Write(outcome);
        Self { key, value, invoked, kind }
    }

    /// A read that returned `value`.
    pub fn read(key: K, value: Option<V>, invoked: u64, responded: u64) -> Self {
        let kind = OperationKind::Read { responded };
        Self { key, value, invoked, kind }
    }

    /// A read that returned `value` when everything was at rest.
    pub fn final_read(key: K, value: Option<V>, invoked: u64, responded: u64) -> Self {
        let kind = OperationKind::FinalRead { responded };
        Self { key, value, invoked, kind }
    }

    /// The ticket of the response, if there was one that says it happened.
    #[must_use]
    pub fn responded(&self) -> Option<u64> {
        match self.kind {
            OperationKind::Write(Outcome::Ok { responded })
            | OperationKind::Read { responded }
            | OperationKind::FinalRead { responded } => Some(responded),
            OperationKind::Write(Outcome::Failed | Outcome::Unknown) => None,
        }
    }

    /// Whether it is a read, final or not.
    #[must_use]
    pub fn is_read(&self) -> bool {
        !matches!(self.kind, OperationKind::Write(_))
    }

    /// Whether it surely took no effect.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.kind == OperationKind::Write(Outcome::Failed)
    }

    /// The same operation, `by` tickets later.
    pub(super) fn delayed(mut self, by: u64) -> Self {
        self.invoked = after(self.invoked, by);
        match &mut self.kind {
            OperationKind::Write(Outcome::Ok { responded })
            | OperationKind::Read { responded }
            | OperationKind::FinalRead { responded } => *responded = after(*responded, by),
            OperationKind::Write(Outcome::Failed | Outcome::Unknown) => {}
        }
        self
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Display for Operation<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, invoked, kind } = self;
        match kind {
            OperationKind::Write(Outcome::Ok { responded }) => {
                write!(f, "write of {key:?} [{invoked}..{responded}] stored {value:?}")
            }
            OperationKind::Write(Outcome::Failed) => {
                write!(f, "write of {key:?} [{invoked}] failed to store {value:?}")
            }
            OperationKind::Write(Outcome::Unknown) => {
                write!(f, "write of {key:?} [{invoked}..] may have stored {value:?}")
            }
            OperationKind::Read { responded } => {
                write!(f, "read of {key:?} [{invoked}..{responded}] returned {value:?}")
            }
            OperationKind::FinalRead { responded } => {
                write!(f, "final read of {key:?} [{invoked}..{responded}] returned {value:?}")
            }
        }
    }
}
