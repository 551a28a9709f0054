//! What happened to one key, as the checker walks it.

use std::collections::HashMap;
use std::hash::Hash;

use super::operation::{Operation, OperationKind, Outcome};

/// What happened to one key: operations and values by number, events in order.
pub(super) struct Timeline<'a, K, V> {
    pub(super) entries: Vec<Entry<'a, K, V>>,
    pub(super) events: Vec<Event>,
    /// The value of each number.
    pub(super) values: Vec<Option<&'a V>>,
    /// The number of the value that the record held before.
    pub(super) initial: usize,
}

/// One operation, with its value and its events by number.
pub(super) struct Entry<'a, K, V> {
    pub(super) operation: &'a Operation<K, V>,
    pub(super) value: usize,
    /// Which event invokes it.
    pub(super) invoked: usize,
    /// Which event is its response; `usize::MAX` if none.
    pub(super) responded: usize,
}

/// An operation begins or ends; operations are numbered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    Invoked(usize),
    Responded(usize),
}

impl<'a, K, V: Eq + Hash> Timeline<'a, K, V> {
    /// The events of `operations` in ticket order; failed ones never happened.
    pub(super) fn new(initial: Option<&'a V>, operations: &[&'a Operation<K, V>]) -> Self {
        let mut values = Values::default();
        let initial = values.number(initial);
        let happened = operations.iter().filter(|operation| !operation.is_failed());
        let mut entries: Vec<_> = happened
            .map(|operation| Entry::new(operation, values.number(operation.value.as_ref())))
            .collect();
        let events = ordered_events(&entries);
        events.iter().enumerate().for_each(|(now, event)| match *event {
            Event::Invoked(id) => entries[id].invoked = now,
            Event::Responded(id) => entries[id].responded = now,
        });
        Self { entries, events, values: values.by_number, initial }
    }
}

impl<'a, K, V> Entry<'a, K, V> {
    fn new(operation: &'a Operation<K, V>, value: usize) -> Self {
        Self { operation, value, invoked: usize::MAX, responded: usize::MAX }
    }

    pub(super) fn is_read(&self) -> bool {
        self.operation.is_read()
    }

    pub(super) fn is_final(&self) -> bool {
        matches!(self.operation.kind, OperationKind::FinalRead { .. })
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.operation.kind == OperationKind::Write(Outcome::Unknown)
    }

    /// Whether it wrote or returned a value, rather than `None`.
    pub(super) fn is_live(&self) -> bool {
        self.operation.value.is_some()
    }
}

/// All events in ticket order; at one ticket, invocations come first, so that
/// operations which only touch count as concurrent.
fn ordered_events<K, V>(entries: &[Entry<'_, K, V>]) -> Vec<Event> {
    let mut events: Vec<(u64, bool, Event)> = Vec::with_capacity(2 * entries.len());
    for (id, entry) in entries.iter().enumerate() {
        events.push((entry.operation.invoked, false, Event::Invoked(id)));
        let responded = entry.operation.responded();
        events.extend(responded.map(|ticket| (ticket, true, Event::Responded(id))));
    }
    events.sort_by_key(|&(ticket, is_response, _)| (ticket, is_response));
    events.into_iter().map(|(.., event)| event).collect()
}

/// Numbers values in the order of their appearance.
struct Values<'a, V> {
    numbers: HashMap<Option<&'a V>, usize>,
    by_number: Vec<Option<&'a V>>,
}

impl<V> Default for Values<'_, V> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), by_number: Vec::new() }
    }
}

impl<'a, V: Eq + Hash> Values<'a, V> {
    fn number(&mut self, value: Option<&'a V>) -> usize {
        let number = *self.numbers.entry(value).or_insert(self.by_number.len());
        if number == self.by_number.len() {
            self.by_number.push(value);
        }
        number
    }
}
