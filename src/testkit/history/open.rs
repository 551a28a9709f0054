//! The operations that may still take effect at some point of the walk.

use std::collections::VecDeque;

use super::id_set::IdSet;
use super::timeline::Timeline;

/// An operation that may still take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenOperation {
    pub(super) id: usize,
    pub(super) invoked: usize,
    responded: usize,
}

/// The operations that may still take effect, by value.
#[derive(Debug)]
pub(super) struct OpenOperations {
    by_value: Vec<OpenOfValue>,
}

#[derive(Debug, Clone, Default)]
struct OpenOfValue {
    /// Reads that have not returned yet.
    reads: Vec<OpenOperation>,
    /// Acknowledged writes, the one that responds first in front.
    due: Vec<OpenOperation>,
    /// Writes whose outcome is unknown, the oldest in front.
    unknown: VecDeque<OpenOperation>,
}

impl OpenOperations {
    pub(super) fn of_values(count: usize) -> Self {
        Self { by_value: vec![OpenOfValue::default(); count] }
    }

    pub(super) fn open<K, V>(&mut self, id: usize, timeline: &Timeline<'_, K, V>) {
        let entry = &timeline.entries[id];
        let operation = OpenOperation { id, invoked: entry.invoked, responded: entry.responded };
        let open = &mut self.by_value[entry.value];
        if entry.is_read() {
            open.reads.push(operation);
        } else if entry.is_unknown() {
            open.unknown.push_back(operation);
        } else {
            let position = open.due.partition_point(|due| due.responded < operation.responded);
            open.due.insert(position, operation);
        }
    }

    pub(super) fn close<K, V>(&mut self, id: usize, timeline: &Timeline<'_, K, V>) {
        let entry = &timeline.entries[id];
        let open = &mut self.by_value[entry.value];
        if entry.is_read() {
            open.reads.retain(|operation| operation.id != id);
        } else if entry.is_unknown() {
            let position = open.unknown.iter().position(|operation| operation.id == id);
            position.map(|position| open.unknown.remove(position));
        } else {
            open.due.retain(|operation| operation.id != id);
        }
    }

    /// The write of `value` to place at the point `by`, of those not `taken`:
    /// the one that responds first, or else the oldest unknown one.
    pub(super) fn write_of(&self, value: usize, taken: &IdSet, by: usize) -> Option<usize> {
        let open = &self.by_value[value];
        let is_free = |operation: &&OpenOperation| !taken.contains(operation.id);
        let is_invoked = |operation: &&OpenOperation| operation.invoked < by;
        let due = open.due.iter().filter(is_free).find(is_invoked);
        let unknown = || open.unknown.iter().find(is_free).filter(is_invoked);
        due.or_else(unknown).map(|operation| operation.id)
    }

    /// Whether any write of `value` may still take effect.
    pub(super) fn has_write_of(&self, value: usize) -> bool {
        let open = &self.by_value[value];
        !open.due.is_empty() || !open.unknown.is_empty()
    }

    /// The reads that returned or will return `value` and were invoked before
    /// the point `by`.
    pub(super) fn reads_of(&self, value: usize, by: usize) -> impl Iterator<Item = usize> {
        let reads = self.by_value[value].reads.iter();
        reads.filter(move |read| read.invoked < by).map(|read| read.id)
    }
}
