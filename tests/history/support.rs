//! Operations on one record in a few letters.

use std::ops::Range;

use strangler_fig::testkit::history::{History, Operation, Outcome, Verdict, ViolationKind, check};

pub(crate) type Op = Operation<&'static str, u32>;

/// An acknowledged write; like all of these, from ticket to ticket.
pub(crate) fn put(value: u32, at: Range<u64>) -> Op {
    Operation::write("fig", Some(value), at.start, Outcome::Ok { responded: at.end })
}

/// An acknowledged delete.
pub(crate) fn del(at: Range<u64>) -> Op {
    Operation::write("fig", None, at.start, Outcome::Ok { responded: at.end })
}

/// A write or delete whose outcome is unknown.
pub(crate) fn maybe(value: Option<u32>, invoked: u64) -> Op {
    Operation::write("fig", value, invoked, Outcome::Unknown)
}

/// A write or delete that surely did not happen.
pub(crate) fn failed(value: Option<u32>, invoked: u64) -> Op {
    Operation::write("fig", value, invoked, Outcome::Failed)
}

/// A read that returned `value`.
pub(crate) fn get(value: Option<u32>, at: Range<u64>) -> Op {
    Operation::read("fig", value, at.start, at.end)
}

/// A read at rest that returned `value`.
pub(crate) fn end(value: Option<u32>, at: Range<u64>) -> Op {
    Operation::final_read("fig", value, at.start, at.end)
}

pub(crate) fn history(operations: impl Into<Vec<Op>>) -> History<&'static str, u32> {
    History::new(operations.into()).expect("the tickets are in order")
}

pub(crate) fn verdict(operations: impl Into<Vec<Op>>) -> Verdict<&'static str, u32> {
    check(&history(operations))
}

/// Some order explains every read.
pub(crate) fn assert_accepted(operations: impl Into<Vec<Op>>) {
    let verdict = verdict(operations);
    assert!(verdict.is_linearizable(), "{verdict}");
}

/// Exactly one read is refused, for this reason.
pub(crate) fn assert_refused(kind: ViolationKind, operations: impl Into<Vec<Op>>) {
    let verdict = verdict(operations);
    let kinds: Vec<_> = verdict.violations().iter().map(|violation| violation.kind).collect();
    assert_eq!(kinds, [kind], "{verdict}");
}
