//! The history itself: what all clients did, and what was there before.

use serde::{Deserialize, Serialize};

use super::operation::Operation;

/// What all clients did, and what the records held before.
///
/// A key of which no initial value is told starts as `None`.
///
/// It serializes, so that a process can leave its history to another one:
/// [`followed_by`](Self::followed_by) joins them.
///
/// ```
/// use strangler_fig::testkit::history::{HistoryRecorder, check};
///
/// // A write before a crash, and what the next process sees.
/// let before = HistoryRecorder::new();
/// before.invoke_write("fig", Some(1)).ok();
/// let after = HistoryRecorder::new();
/// after.final_read("fig", Some(1));
///
/// let history = before.history().followed_by(after.history());
/// assert!(check(&history).is_linearizable());
/// ```
///
/// From operations of one's own, of two clients that drew tickets from one counter:
///
/// ```
/// use strangler_fig::testkit::history::{History, Operation, Outcome, check};
///
/// let write = Operation::write("fig", Some(2), 0, Outcome::Ok { responded: 2 });
/// let read = Operation::read("fig", Some(1), 1, 3);
/// let history = History::new(vec![write])?.merged_with(History::new(vec![read])?);
/// assert_eq!((history.operations().len(), history.initial().len()), (2, 0));
/// assert_eq!(check(&history).invented, 1, "nobody wrote 1");
/// assert!(check(&history.with_initial("fig", Some(1))).is_linearizable());
/// # Ok::<(), strangler_fig::testkit::history::OutOfOrder>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unproven<K, V>")]
pub struct History<K, V> {
    initial: Vec<(K, Option<V>)>,
    operations: Vec<Operation<K, V>>,
}

/// An operation that responds before it is invoked: the tickets are not those
/// of one shared order.
///
/// ```
/// use strangler_fig::testkit::history::{History, Operation, OutOfOrder};
///
/// let refused = History::new(vec![Operation::read("fig", Some(1), 5, 4)]);
/// assert_eq!(refused, Err(OutOfOrder { position: 0, invoked: 5, responded: 4 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("operation {position} responds at {responded}, before its invocation at {invoked}")]
pub struct OutOfOrder {
    /// Which operation, counted from 0.
    pub position: usize,
    /// The ticket of its invocation.
    pub invoked: u64,
    /// The ticket of its response.
    pub responded: u64,
}

impl<K, V> History<K, V> {
    /// The history made of `operations`, in any order.
    ///
    /// # Errors
    ///
    /// [`OutOfOrder`] when one of them responds before it is invoked.
    pub fn new(operations: Vec<Operation<K, V>>) -> Result<Self, OutOfOrder> {
        operations.iter().enumerate().try_for_each(in_order)?;
        Ok(Self { initial: Vec::new(), operations })
    }

    /// For operations that a recorder drew tickets for.
    pub(super) fn recorded(initial: Vec<(K, Option<V>)>, operations: Vec<Operation<K, V>>) -> Self {
        Self { initial, operations }
    }

    /// The same history, of a record that held `value` before it; told twice
    /// for one key, the first counts.
    #[must_use]
    pub fn with_initial(mut self, key: K, value: Option<V>) -> Self {
        self.initial.push((key, value));
        self
    }

    /// This history, and then `later`: one that began when this one had ended,
    /// with tickets of its own. What is unknown here may still land there.
    ///
    /// # Panics
    ///
    /// If no tickets are left: a recorder draws them from 0, one by one.
    #[must_use]
    pub fn followed_by(mut self, later: Self) -> Self {
        let start = self.end();
        self.initial.extend(later.initial);
        let delayed = later.operations.into_iter().map(|operation| operation.delayed(start));
        self.operations.extend(delayed);
        self
    }

    /// This history together with `other`, whose tickets are of the same order.
    #[must_use]
    pub fn merged_with(mut self, other: Self) -> Self {
        self.initial.extend(other.initial);
        self.operations.extend(other.operations);
        self
    }

    /// What the records held before, as told.
    #[must_use]
    pub fn initial(&self) -> &[(K, Option<V>)] {
        &self.initial
    }

    /// The operations, in no particular order.
    #[must_use]
    pub fn operations(&self) -> &[Operation<K, V>] {
        &self.operations
    }

    /// The first ticket that is later than all of this history.
    fn end(&self) -> u64 {
        let last = |operation: &Operation<K, V>| operation.responded().unwrap_or(operation.invoked);
        self.operations.iter().map(last).max().map_or(0, |ticket| after(ticket, 1))
    }
}

/// Silently begun anew, later tickets would come before earlier ones.
pub(super) fn after(ticket: u64, by: u64) -> u64 {
    ticket.checked_add(by).expect("tickets are drawn from 0, one by one")
}

fn in_order<K, V>((position, operation): (usize, &Operation<K, V>)) -> Result<(), OutOfOrder> {
    let invoked = operation.invoked;
    match operation.responded() {
        Some(responded) if responded < invoked => Err(OutOfOrder { position, invoked, responded }),
        _ => Ok(()),
    }
}

/// A history as stored, not yet known to be in order.
#[derive(Deserialize)]
struct Unproven<K, V> {
    initial: Vec<(K, Option<V>)>,
    operations: Vec<Operation<K, V>>,
}

impl<K, V> TryFrom<Unproven<K, V>> for History<K, V> {
    type Error = OutOfOrder;

    fn try_from(stored: Unproven<K, V>) -> Result<Self, OutOfOrder> {
        let history = Self::new(stored.operations)?;
        Ok(Self { initial: stored.initial, ..history })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::history::operation::Outcome;

    fn acknowledged(invoked: u64, responded: u64) -> Operation<&'static str, u8> {
        Operation::write("fig", Some(1), invoked, Outcome::Ok { responded })
    }

    #[test]
    fn a_response_before_its_invocation_is_refused() {
        let error = History::new(vec![acknowledged(0, 1), acknowledged(5, 4)]).unwrap_err();
        assert_eq!(error, OutOfOrder { position: 1, invoked: 5, responded: 4 });
    }

    #[test]
    fn a_stored_history_out_of_order_is_refused() {
        let stored = r#"{"initial":[],"operations":[{"key":"fig","value":1,"invoked":5,
            "kind":{"Read":{"responded":4}}}]}"#;
        assert!(serde_json::from_str::<History<String, u8>>(stored).is_err());
    }

    #[test]
    #[should_panic(expected = "one by one")]
    fn tickets_do_not_begin_anew() {
        let history = History::new(vec![acknowledged(0, u64::MAX - 3)]).unwrap();
        let _ = history.clone().followed_by(history);
    }

    #[test]
    fn a_history_that_follows_has_later_tickets_only() {
        let history = History::new(vec![acknowledged(0, 7)]).unwrap();
        let joined = history.clone().followed_by(history);
        assert_eq!(joined.operations(), [acknowledged(0, 7), acknowledged(8, 15)]);
    }
}
