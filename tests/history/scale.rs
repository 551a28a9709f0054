//! Long histories of a real register.

use std::time::{Duration, Instant};

use strangler_fig::testkit::history::Verdict;

use crate::register::{Load, register};
use crate::support::{Op, get, verdict};

const BUSY: Load = Load {
    operations: 100_000,
    clients: 16,
    reads_percent: 50,
    deletes_percent: 20,
    unknown_percent: 10,
    values: 0,
    seed: 1,
};

fn timed(operations: Vec<Op>) -> (Verdict<&'static str, u32>, Duration) {
    let start = Instant::now();
    let verdict = verdict(operations);
    (verdict, start.elapsed())
}

fn assert_accepted(load: Load) {
    let (verdict, elapsed) = timed(register(load));
    assert!(verdict.is_linearizable(), "{load:?}: {verdict}");

    assert!(cfg!(debug_assertions) || elapsed < Duration::from_secs(2), "{load:?}: {elapsed:?}");
}

#[test]
fn a_busy_register_is_accepted() {
    assert_accepted(BUSY);
}

#[test]
fn one_stale_read_in_a_busy_register_is_refused() {
    let mut operations = register(BUSY);
    let is_value = |operation: &&Op| operation.is_read() && operation.value.is_some();
    let old = operations.iter().take(50_000).rfind(is_value).unwrap().value;
    let last = operations[70_000].invoked;
    operations.push(get(old, last + 1..last + 2));
    let (verdict, _) = timed(operations);
    assert_eq!((verdict.stale + verdict.resurrected, verdict.bad_reads()), (1, 1), "{verdict}");
}

#[test]
fn a_register_of_few_values_is_accepted() {
    assert_accepted(Load { values: 3, ..BUSY });
}

#[test]
fn a_register_that_is_mostly_written_is_accepted() {
    assert_accepted(Load { reads_percent: 5, ..BUSY });
}

#[test]
fn a_register_that_is_mostly_read_is_accepted() {
    assert_accepted(Load { reads_percent: 95, ..BUSY });
}

#[test]
fn a_register_of_unknown_writes_only_is_accepted() {
    assert_accepted(Load { unknown_percent: 100, ..BUSY });
}

#[test]
fn a_register_of_many_clients_is_accepted() {
    assert_accepted(Load { clients: 32, ..BUSY });
}

#[test]
fn small_registers_of_all_sorts_are_accepted() {
    for seed in 1..200 {
        let (values, clients, deletes_percent) = (seed % 5, 2 + seed % 7, seed % 11 * 9);
        let load = Load { operations: 200, clients, deletes_percent, values, seed, ..BUSY };
        let verdict = verdict(register(load));
        assert!(verdict.is_linearizable(), "{load:?}: {verdict}");
    }
}
