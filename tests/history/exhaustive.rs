//! Checker and brute force agree on every small history, and flawed checkers do not.

use std::thread;

use strangler_fig::testkit::history::{Operation, brute_force};

use crate::flawed::FLAWED;
use crate::support::{Op, failed, get, maybe, put, verdict};

/// Every history of `left` more operations: at each step one begins, or one
/// that is open responds.
#[derive(Debug, Clone)]
struct Enumeration {
    operations: Vec<Op>,
    open: Vec<usize>,
    left: usize,
    ticket: u64,
    kinds: Kinds,
}

/// Which operations there are, besides reads, and acknowledged and unknown writes of
/// one value.
#[derive(Debug, Clone, Copy)]
struct Kinds {
    failed: bool,
    deletes: bool,
    second_value: bool,
}

const ALL: Kinds = Kinds { failed: true, deletes: true, second_value: true };
/// Enough to tell the flawed apart.
const ONE_VALUE: Kinds = Kinds { second_value: false, ..ALL };
/// Of 5 operations there are too many with all of these.
const FEW: Kinds = Kinds { failed: false, deletes: false, second_value: false };

/// How many histories were looked at, and how many of them told each flawed
/// checker from brute force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    histories: usize,
    linearizable: usize,
    told_apart: [usize; FLAWED.len()],
}

impl Tally {
    fn of(operations: &[Op], try_flawed: bool) -> Self {
        let truth = brute_force(operations);
        let verdict = verdict(operations);
        assert_eq!(verdict.is_linearizable(), truth, "{operations:#?}\n{verdict}");
        let mut told_apart = [0; FLAWED.len()];
        if try_flawed {
            let differ = |at: usize| usize::from((FLAWED[at].1)(operations) != truth);
            told_apart = std::array::from_fn(differ);
        }
        Self { histories: 1, linearizable: truth.into(), told_apart }
    }

    fn and(self, other: Self) -> Self {
        let both = |at: usize| self.told_apart[at] + other.told_apart[at];
        Self {
            histories: self.histories + other.histories,
            linearizable: self.linearizable + other.linearizable,
            told_apart: std::array::from_fn(both),
        }
    }
}

impl Enumeration {
    fn of(left: usize, kinds: Kinds) -> Self {
        Self { operations: Vec::new(), open: Vec::new(), left, ticket: 0, kinds }
    }

    /// All complete histories from here on.
    fn tally(&self, try_flawed: bool) -> Tally {
        if self.left == 0 && self.open.is_empty() {
            return Tally::of(&self.operations, try_flawed);
        }
        let tallies = self.next().into_iter().map(|next| next.tally(try_flawed));
        tallies.fold(Tally::default(), Tally::and)
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
        let may_be_second = is_used && self.kinds.second_value;
        let values = [None, Some(1), Some(2)].into_iter().take(if may_be_second { 3 } else { 2 });
        let values = values.take(3 * self.left);
        values.flat_map(|value| self.invocations_of(value)).collect()
    }

    fn invocations_of(&self, value: Option<u32>) -> Vec<Op> {
        let now = self.ticket;
        let mut all = vec![get(value, now..now)];
        if value.is_some() || self.kinds.deletes {
            all.extend([Operation { value, ..put(0, now..now) }, maybe(value, now)]);
        }
        all.extend(self.kinds.failed.then(|| failed(value, now)));
        all
    }
}

fn tallied(left: usize, kinds: Kinds, try_flawed: bool) -> Tally {
    let starts = Enumeration::of(left, kinds).next();
    thread::scope(|scope| {
        let threads: Vec<_> =
            starts.iter().map(|it| scope.spawn(move || it.tally(try_flawed))).collect();
        let tallies = threads.into_iter().map(|thread| thread.join().expect("they agree"));
        tallies.fold(Tally::default(), Tally::and)
    })
}

#[test]
fn on_every_small_history_checker_and_brute_force_agree() {
    let sizes = [(1, ALL), (2, ALL), (3, ALL), (4, ALL), (5, FEW)];
    let tallies = sizes.map(|(operations, kinds)| tallied(operations, kinds, false));
    for ((operations, kinds), Tally { histories, linearizable, .. }) in sizes.iter().zip(tallies) {
        println!("{histories} histories of {operations}, {linearizable} linearizable ({kinds:?})");
        assert!(0 < linearizable && linearizable < histories, "one verdict for all");
    }
    assert!(tallies.iter().map(|tally| tally.histories).sum::<usize>() > 300_000);
}

#[test]
fn small_histories_tell_every_flawed_checker_apart() {
    let tally = [1, 2, 3, 4].map(|operations| tallied(operations, ONE_VALUE, true));
    let tally = tally.into_iter().fold(Tally::default(), Tally::and);
    println!("of {} histories of up to 4 operations", tally.histories);
    for ((name, judge, first), told_apart) in FLAWED.iter().zip(tally.told_apart) {
        println!("{told_apart} tell apart one that {name}");
        assert_ne!(judge(&first()), brute_force(&first()), "{name}");
        assert!(told_apart > 0, "nothing tells apart one that {name}");
    }
}
