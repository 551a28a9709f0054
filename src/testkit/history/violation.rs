//! A read that no order of the operations explains.

use std::fmt;

use super::operation::Operation;

/// A read that no order of the operations explains.
///
/// ```
/// use strangler_fig::testkit::history::{HistoryRecorder, ViolationKind, check};
///
/// let recorder = HistoryRecorder::new();
/// recorder.invoke_write("fig", Some(1)).ok();
/// recorder.invoke_write("fig", Some(2)).ok();
/// recorder.invoke_read("fig").read(Some(1));
/// let verdict = check(&recorder.history());
/// let violation = &verdict.violations()[0];
/// assert_eq!(violation.kind, ViolationKind::Stale);
/// assert_eq!(violation.expected, [Some(2)]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation<K, V> {
    /// In what way it is wrong.
    pub kind: ViolationKind,
    /// The read; its key is the record.
    pub read: Operation<K, V>,
    /// What the record could hold when the read returned, the first few.
    pub expected: Vec<Option<V>>,
}

/// In what way a read is wrong; the first that applies, from the top.
///
/// ```
/// use strangler_fig::testkit::history::{HistoryRecorder, ViolationKind, check};
///
/// let recorder = HistoryRecorder::new();
/// recorder.invoke_write("fig", Some(1)).ok();
/// recorder.invoke_write("fig", None).ok();
/// recorder.invoke_read("fig").read(Some(1));
/// let verdict = check(&recorder.history());
/// assert_eq!(verdict.violations()[0].kind, ViolationKind::Resurrected);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ViolationKind {
    /// It returned a value that nobody had begun to write, or an absence that
    /// nobody had begun to cause.
    Invented,
    /// It returned a value though, before it began, the record was surely
    /// absent: an acknowledged delete, or a read that returned `None`, came
    /// after every acknowledged write and every read of a value had ended.
    Resurrected,
    /// It is a final read, and what it should have returned is missing.
    Lost,
    /// It returned what was superseded before it began, or what no longer fits
    /// what others have read.
    Stale,
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invented => "invented",
            Self::Resurrected => "resurrected",
            Self::Lost => "lost",
            Self::Stale => "stale",
        })
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Display for Violation<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, read, expected } = self;
        write!(f, "{kind}: {read} when the record could hold ")?;
        for (position, value) in expected.iter().enumerate() {
            let separator = if position == 0 { "" } else { " or " };
            write!(f, "{separator}{value:?}")?;
        }
        Ok(())
    }
}
