//! Checker and brute force agree on random histories, read by read.

use proptest::prelude::*;
use strangler_fig::testkit::history::{Operation, OperationKind, Outcome, brute_force};

use crate::support::{Op, failed, get, maybe, put, verdict};

fn operation(kind: u8, value: Option<u32>, a: u64, b: u64) -> Op {
    let at = a.min(b)..a.max(b);
    match kind {
        0..=3 => get(value, at),
        4..=6 => Operation { value, ..put(0, at) },
        7 | 8 => maybe(value, at.start),
        _ => failed(value, at.start),
    }
}

/// Up to `max` operations, of few values, at random tickets.
fn operations(max: usize) -> impl Strategy<Value = Vec<Op>> {
    (1..=max).prop_flat_map(|count| {
        let kinds = proptest::collection::vec((0..10_u8, 0..3_u32), count);
        let tickets = Just((0..2 * count as u64).collect::<Vec<_>>()).prop_shuffle();
        (kinds, tickets).prop_map(|(kinds, tickets)| {
            let at = tickets.chunks(2);
            let all = kinds.into_iter().zip(at);
            all.map(|((kind, value), at)| operation(kind, value.checked_sub(1), at[0], at[1]))
                .collect()
        })
    })
}

/// What was known at the ticket `now`: of writes not yet acknowledged, nothing.
fn known_by(now: u64, writes: &[Op]) -> Vec<Op> {
    let begun = writes.iter().filter(|write| write.invoked < now);
    let known = begun.map(|write| match write.responded() {
        Some(responded) if responded > now => {
            Operation { kind: OperationKind::Write(Outcome::Unknown), ..write.clone() }
        }
        _ => write.clone(),
    });
    known.collect()
}

/// The reads that brute force refuses, each dropped before the next is asked.
fn bad_reads(operations: &[Op]) -> Vec<Op> {
    let (mut reads, writes): (Vec<_>, Vec<_>) =
        operations.iter().cloned().partition(Operation::is_read);
    reads.sort_by_key(Operation::responded);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for read in reads {
        let known = known_by(read.responded().expect("it is a read"), &writes);
        let is_good = brute_force(&[known, good.clone(), vec![read.clone()]].concat());
        if is_good { &mut good } else { &mut bad }.push(read);
    }
    bad
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn on_random_histories_checker_and_brute_force_agree(operations in operations(7)) {
        let is_linearizable = verdict(operations.clone()).is_linearizable();
        prop_assert_eq!(is_linearizable, brute_force(&operations));
    }

    #[test]
    fn on_random_histories_they_refuse_the_same_reads(operations in operations(8)) {
        let verdict = verdict(operations.clone());
        let refused = verdict.violations().iter().map(|violation| violation.read.clone());
        prop_assert_eq!(refused.collect::<Vec<_>>(), bad_reads(&operations));
    }
}
