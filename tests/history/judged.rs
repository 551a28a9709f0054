//! What a verdict counts and says.

use std::num::NonZeroUsize;

use strangler_fig::testkit::history::{HistoryChecker, check};

use crate::support::{del, end, get, history, maybe, put, verdict};

#[test]
fn a_record_starts_as_told_first() {
    let there = history([get(Some(1), 0..1)]).with_initial("fig", Some(1));
    assert!(check(&there).is_linearizable());
    assert!(check(&there.with_initial("fig", None)).is_linearizable());
}

#[test]
fn an_initial_value_missing_at_rest_is_lost() {
    let history = history([end(None, 0..1)]).with_initial("fig", Some(1));
    assert_eq!(check(&history).lost, 1);
}

#[test]
fn an_absence_that_nobody_caused_is_invented() {
    let history = history([get(None, 0..1)]).with_initial("fig", Some(1));
    assert_eq!(check(&history).invented, 1);
}

#[test]
fn every_bad_read_of_a_key_is_counted() {
    let writes = [put(1, 0..1), put(2, 2..3), del(20..21)];
    let bad = [get(Some(1), 4..5), get(Some(9), 6..7), get(Some(2), 22..23), end(Some(1), 24..25)];
    let good = [get(Some(2), 8..9), get(None, 26..27), maybe(Some(3), 28)];
    let verdict = verdict([writes.to_vec(), bad.to_vec(), good.to_vec()].concat());
    assert_eq!((verdict.stale, verdict.invented, verdict.resurrected), (1, 1, 2), "{verdict}");
    assert_eq!((verdict.operations, verdict.reads), (10, 6));
    assert_eq!((verdict.acknowledged, verdict.unknown), (3, 1));
}

#[test]
fn a_violation_says_what_was_expected() {
    let verdict = verdict([put(1, 0..1), put(2, 2..3), put(3, 4..9), get(Some(1), 5..6)]);
    assert_eq!(
        verdict.violations()[0].to_string(),
        "stale: read of \"fig\" [5..6] returned Some(1) when the record could hold Some(2) or Some(3)"
    );
}

#[test]
fn a_verdict_says_what_was_counted() {
    assert_eq!(
        verdict([put(1, 0..1), maybe(None, 2), end(Some(1), 3..4)]).to_string(),
        "linearizable: 3 operations on 1 keys (1 acknowledged writes, 0 failed, 1 unknown, \
         1 reads); 0 lost, 0 stale, 0 resurrected, 0 invented, 0 keys undecided"
    );
}

#[test]
fn a_hundred_violations_are_kept_and_all_are_counted() {
    let reads = (0..250).map(|n| get(Some(7), 2 * n..2 * n + 1));
    let verdict = verdict(reads.collect::<Vec<_>>());
    assert_eq!((verdict.invented, verdict.violations().len()), (250, 100));
}

#[test]
fn too_many_configurations_are_undecided_and_not_linearizable() {
    let narrow = HistoryChecker::default().with_configurations_max(NonZeroUsize::MIN);
    let verdict = narrow.check(&history([put(1, 0..9), put(2, 1..8), put(3, 2..7)]));
    assert_eq!((verdict.undecided_keys, verdict.is_linearizable()), (1, false));
    assert!(verdict.to_string().starts_with("undecided: "), "{verdict}");
}
