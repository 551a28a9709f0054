//! What the checker found.

use std::fmt;

use super::operation::{Operation, OperationKind, Outcome};
use super::violation::{Violation, ViolationKind};

/// How many violations a verdict keeps; all are counted.
const VIOLATIONS_MAX: usize = 100;

/// What the checker found: counts over all keys, and the first violations.
///
/// ```
/// use strangler_fig::testkit::history::{HistoryRecorder, check};
///
/// let recorder = HistoryRecorder::new();
/// recorder.invoke_write("fig", Some(1)).ok();
/// recorder.final_read("fig", None);
/// let verdict = check(&recorder.history());
/// assert!(!verdict.is_linearizable());
/// assert_eq!((verdict.lost, verdict.bad_reads(), verdict.violations().len()), (1, 1, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict<K, V> {
    /// How many keys were checked.
    pub keys: usize,
    /// All operations.
    pub operations: usize,
    /// Of these, writes and deletes that were acknowledged.
    pub acknowledged: usize,
    /// Of these, writes and deletes that surely did not happen.
    pub failed: usize,
    /// Of these, writes and deletes that may have happened.
    pub unknown: usize,
    /// Of these, reads, final ones included.
    pub reads: usize,
    /// Bad reads of the kind [`Lost`](ViolationKind::Lost).
    pub lost: usize,
    /// Bad reads of the kind [`Stale`](ViolationKind::Stale).
    pub stale: usize,
    /// Bad reads of the kind [`Resurrected`](ViolationKind::Resurrected).
    pub resurrected: usize,
    /// Bad reads of the kind [`Invented`](ViolationKind::Invented).
    pub invented: usize,
    /// Keys with too many possible orders to tell.
    pub undecided_keys: usize,
    violations: Vec<Violation<K, V>>,
}

impl<K, V> Verdict<K, V> {
    /// Whether every read of every key is explained; not so if any key is
    /// undecided.
    #[must_use]
    pub fn is_linearizable(&self) -> bool {
        self.bad_reads() == 0 && self.undecided_keys == 0
    }

    /// How many reads are not explained, of all kinds.
    #[must_use]
    pub fn bad_reads(&self) -> usize {
        self.lost + self.stale + self.resurrected + self.invented
    }

    /// The bad reads, by key and then by response; the first 100.
    #[must_use]
    pub fn violations(&self) -> &[Violation<K, V>] {
        &self.violations
    }

    pub(super) fn nothing_yet() -> Self {
        Self {
            keys: 0,
            operations: 0,
            acknowledged: 0,
            failed: 0,
            unknown: 0,
            reads: 0,
            lost: 0,
            stale: 0,
            resurrected: 0,
            invented: 0,
            undecided_keys: 0,
            violations: Vec::new(),
        }
    }

    pub(super) fn count(&mut self, operation: &Operation<K, V>) {
        self.operations += 1;
        *match operation.kind {
            OperationKind::Write(Outcome::Ok { .. }) => &mut self.acknowledged,
            OperationKind::Write(Outcome::Failed) => &mut self.failed,
            OperationKind::Write(Outcome::Unknown) => &mut self.unknown,
            OperationKind::Read { .. } | OperationKind::FinalRead { .. } => &mut self.reads,
        } += 1;
    }

    /// Counts a bad read, and keeps it if there is room.
    pub(super) fn blame(
        &mut self,
        kind: ViolationKind,
        violation: impl FnOnce() -> Violation<K, V>,
    ) {
        *match kind {
            ViolationKind::Invented => &mut self.invented,
            ViolationKind::Resurrected => &mut self.resurrected,
            ViolationKind::Lost => &mut self.lost,
            ViolationKind::Stale => &mut self.stale,
        } += 1;
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(violation());
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Display for Verdict<K, V> {
    /// One line of counts, then one for each violation kept.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.bad_reads(), self.undecided_keys) {
            (0, 0) => "linearizable",
            (0, _) => "undecided",
            _ => "not linearizable",
        })?;
        write!(f, ": {} operations on {} keys", self.operations, self.keys)?;
        write!(f, " ({} acknowledged writes, {} failed", self.acknowledged, self.failed)?;
        write!(f, ", {} unknown, {} reads)", self.unknown, self.reads)?;
        write!(f, "; {} lost, {} stale", self.lost, self.stale)?;
        write!(f, ", {} resurrected, {} invented", self.resurrected, self.invented)?;
        write!(f, ", {} keys undecided", self.undecided_keys)?;
        self.violations.iter().try_for_each(|violation| write!(f, "\n{violation}"))
    }
}
