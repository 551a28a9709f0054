//! Checkers with one flaw each, and a history that shows it.

use strangler_fig::testkit::history::{Operation, OperationKind, Outcome};

use crate::support::{Op, del, failed, get, maybe, put, verdict};

/// A name, the checker, and a small history that it judges wrongly.
pub(crate) type Flawed = (&'static str, fn(&[Op]) -> bool, fn() -> Vec<Op>);

pub(crate) const FLAWED: [Flawed; 9] = [
    ("forgets unknown writes", forgets_unknown, || vec![maybe(Some(1), 0), get(Some(1), 1..2)]),
    ("takes unknown writes for done", unknown_is_done, || vec![maybe(Some(1), 0), get(None, 1..2)]),
    ("takes unknown writes for done or never, not late", unknown_is_never_late, || {
        vec![maybe(Some(1), 0), get(None, 1..2), get(Some(1), 3..4)]
    }),
    ("lets an unknown write land twice", unknown_lands_twice, || {
        vec![maybe(Some(1), 0), get(Some(1), 1..2), del(3..4), get(Some(1), 5..6)]
    }),
    ("takes failed writes for unknown", failed_is_unknown, || {
        vec![failed(Some(1), 0), get(Some(1), 1..2)]
    }),
    ("forgets the order of time", forgets_time, || vec![put(1, 0..1), get(None, 2..3)]),
    ("explains a read by any write", any_write_explains, || vec![put(1, 0..1), get(None, 2..3)]),
    ("looks at one read at a time", one_read_at_a_time, || {
        vec![put(1, 0..9), get(Some(1), 1..2), get(None, 3..4)]
    }),
    ("takes overlapping operations in the order they began", begun_is_done, || {
        vec![put(1, 0..9), get(None, 1..2)]
    }),
];

fn accepts(operations: Vec<Op>) -> bool {
    verdict(operations).is_linearizable()
}

fn is(operation: &Op, outcome: Outcome) -> bool {
    operation.kind == OperationKind::Write(outcome)
}

/// The same operations, as `outcome` where it was `was`.
fn taken_for(operations: &[Op], was: Outcome, outcome: impl Fn(&Op) -> Outcome) -> Vec<Op> {
    let taken = operations.iter().map(|operation| {
        let kind = OperationKind::Write(outcome(operation));
        if is(operation, was) { Operation { kind, ..operation.clone() } } else { operation.clone() }
    });
    taken.collect()
}

fn forgets_unknown(operations: &[Op]) -> bool {
    accepts(operations.iter().filter(|it| !is(it, Outcome::Unknown)).cloned().collect())
}

fn done_at_once(operation: &Op) -> Outcome {
    Outcome::Ok { responded: operation.invoked }
}

fn unknown_is_done(operations: &[Op]) -> bool {
    accepts(taken_for(operations, Outcome::Unknown, done_at_once))
}

/// Tries each unknown write as done at once, and as never done.
fn unknown_is_never_late(operations: &[Op]) -> bool {
    let Some(at) = operations.iter().position(|it| is(it, Outcome::Unknown)) else {
        return accepts(operations.to_vec());
    };
    [done_at_once(&operations[at]), Outcome::Failed].into_iter().any(|outcome| {
        let mut tried = operations.to_vec();
        tried[at].kind = OperationKind::Write(outcome);
        unknown_is_never_late(&tried)
    })
}

fn unknown_lands_twice(operations: &[Op]) -> bool {
    let again = operations.iter().filter(|it| is(it, Outcome::Unknown));
    accepts(operations.iter().chain(again).cloned().collect())
}

fn failed_is_unknown(operations: &[Op]) -> bool {
    accepts(taken_for(operations, Outcome::Failed, |_| Outcome::Unknown))
}

/// Between `begin` and `end`, with the same value and the same outcome.
fn moved(operation: &Op, begin: u64, end: u64) -> Op {
    let value = operation.value;
    match operation.kind {
        OperationKind::Write(Outcome::Ok { .. }) => Operation { value, ..put(0, begin..end) },
        OperationKind::Write(_) => Operation { invoked: begin, ..operation.clone() },
        OperationKind::Read { .. } | OperationKind::FinalRead { .. } => get(value, begin..end),
    }
}

fn forgets_time(operations: &[Op]) -> bool {
    accepts(operations.iter().map(|operation| moved(operation, 0, 1_000)).collect())
}

fn any_write_explains(operations: &[Op]) -> bool {
    let written = |value: Option<u32>| {
        let writes = operations.iter().filter(|it| !it.is_read() && !it.is_failed());
        value.is_none() || writes.clone().any(|write| write.value == value)
    };
    operations.iter().filter(|it| it.is_read()).all(|read| written(read.value))
}

fn one_read_at_a_time(operations: &[Op]) -> bool {
    let (reads, writes): (Vec<_>, Vec<_>) = operations.iter().cloned().partition(Op::is_read);
    reads.into_iter().all(|read| accepts([writes.clone(), vec![read]].concat()))
}

fn begun_is_done(operations: &[Op]) -> bool {
    accepts(operations.iter().map(|it| moved(it, it.invoked, it.invoked)).collect())
}
