//! Checker and brute force agree on every small history.

use std::thread;

use strangler_fig::testkit::history::{Operation, brute_force};

use crate::support::{Op, failed, get, maybe, put, verdict};

/// Every history of `left` more operations: at each step one begins, or one
/// that is open responds.
#[derive(Debug, Clone)]
struct Enumeration {
    operations: Vec<Op>,
    open: Vec<usize>,
    left: usize,
    ticket: u64,
    with_failed: bool,
}

impl Enumeration {
    fn of(left: usize, with_failed: bool) -> Self {
        Self { operations: Vec::new(), open: Vec::new(), left, ticket: 0, with_failed }
    }

    /// Compares all complete histories from here on and counts them.
    fn compare(&self) -> usize {
        if self.left == 0 && self.open.is_empty() {
            assert_agreed(&self.operations);
            return 1;
        }
        self.next().iter().map(Self::compare).sum()
    }

    fn next(&self) -> Vec<Self> {
        let responses = self.open.iter().map(|&id| self.responding(id));
        let invocations = self.invocations().into_iter().map(|begun| self.beginning(begun));
        responses.chain(invocations).collect()
    }

    fn responding(&self, id: usize) -> Self {
        let mut next = Self { ticket: self.ticket + 1, ..self.clone() };
        next.open.retain(|&open| open != id);
        let (value, at) = (self.operations[id].value, self.operations[id].invoked..self.ticket);
        let is_read = self.operations[id].is_read();
        next.operations[id] =
            if is_read { get(value, at) } else { Operation { value, ..put(0, at) } };
        next
    }

    fn beginning(&self, operation: Op) -> Self {
        let mut next = Self { ticket: self.ticket + 1, left: self.left - 1, ..self.clone() };
        if operation.responded().is_some() {
            next.open.push(next.operations.len());
        }
        next.operations.push(operation);
        next
    }

    /// What may begin now; the second value only once the first is in use, as
    /// it makes no difference which is which.
    fn invocations(&self) -> Vec<Op> {
        let is_used = self.operations.iter().any(|operation| operation.value.is_some());
        let values = [None, Some(1), Some(2)].into_iter().take(if is_used { 3 } else { 2 });
        let values = values.take(3 * self.left);
        values.flat_map(|value| self.invocations_of(value)).collect()
    }

    fn invocations_of(&self, value: Option<u32>) -> Vec<Op> {
        let now = self.ticket;
        let write = Operation { value, ..put(0, now..now) };
        let mut all = vec![write, maybe(value, now), get(value, now..now)];
        all.extend(self.with_failed.then(|| failed(value, now)));
        all
    }
}

fn assert_agreed(operations: &[Op]) {
    let verdict = verdict(operations);
    assert_eq!(verdict.is_linearizable(), brute_force(operations), "{operations:#?}\n{verdict}");
}

fn compared(left: usize, with_failed: bool) -> usize {
    let starts = Enumeration::of(left, with_failed).next();
    thread::scope(|scope| {
        let threads: Vec<_> = starts.iter().map(|it| scope.spawn(|| it.compare())).collect();
        threads.into_iter().map(|thread| thread.join().expect("the histories agree")).sum()
    })
}

#[test]
fn on_every_small_history_checker_and_brute_force_agree() {
    let up_to_three: usize = (1..=3).map(|operations| compared(operations, true)).sum();
    let four = compared(4, false);
    println!("{up_to_three} histories of up to 3 operations, {four} of 4");
    assert!(up_to_three + four > 100_000);
}
