//! Decides small histories by trying everything.

use super::operation::{Operation, OperationKind, Outcome};

/// How many operations [`brute_force`] takes: it tries orders one by one.
///
/// ```
/// use strangler_fig::testkit::history::{BRUTE_FORCE_MAX, HistoryRecorder, brute_force, check};
///
/// let recorder = HistoryRecorder::new();
/// recorder.invoke_write("fig", Some(1)).ok();
/// recorder.invoke_read("fig").read(None);
/// let history = recorder.history();
/// assert!(history.operations().len() <= BRUTE_FORCE_MAX);
/// assert_eq!(brute_force(history.operations()), check(&history).is_linearizable());
/// ```
pub const BRUTE_FORCE_MAX: usize = 12;

/// Whether some order of `operations`, all on one record that starts absent,
/// explains every read: each acknowledged write took effect between its
/// tickets, each unknown one at some time after its invocation or never.
///
/// It tries every order and every choice of unknown writes, and shares no code
/// with the checker: it is the definition that the checker is tested against.
///
/// ```
/// use strangler_fig::testkit::history::{Operation, Outcome, brute_force};
///
/// let write = Operation::write("fig", Some(1), 0, Outcome::Unknown);
/// let read = |value| Operation::read("fig", value, 2, 3);
/// assert!(brute_force(&[write.clone(), read(Some(1))]));
/// assert!(brute_force(&[write.clone(), read(None)]));
/// assert!(!brute_force(&[write, read(Some(2))]));
/// ```
///
/// # Panics
///
/// If there are more than [`BRUTE_FORCE_MAX`] operations.
pub fn brute_force<K, V: PartialEq>(operations: &[Operation<K, V>]) -> bool {
    assert!(operations.len() <= BRUTE_FORCE_MAX, "too many operations for brute force");
    let left: Vec<_> = operations.iter().filter(|operation| !operation.is_failed()).collect();
    explains(None, &left)
}

/// Whether a record that holds `value` can see everything in `left`.
fn explains<K, V: PartialEq>(value: Option<&V>, left: &[&Operation<K, V>]) -> bool {
    let is_optional =
        |operation: &&Operation<K, V>| operation.kind == OperationKind::Write(Outcome::Unknown);
    left.iter().all(is_optional)
        || (0..left.len()).any(|next| {
            let others = [&left[..next], &left[next + 1..]].concat();
            let written = left[next].value.as_ref();
            may_be_first(left[next], &others)
                && (!left[next].is_read() || written == value)
                && explains(written, &others)
        })
}

/// Whether none of `others` had ended when `first` began.
fn may_be_first<K, V>(first: &Operation<K, V>, others: &[&Operation<K, V>]) -> bool {
    let ended = |other: &&Operation<K, V>| other.responded().is_some_and(|end| end < first.invoked);
    !others.iter().any(ended)
}
