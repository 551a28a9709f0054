//! Writes a history down while it happens.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::log::History;
use super::operation::{Operation, OperationKind, Outcome};
use super::pending::{PendingRead, PendingWrite};

/// How many locks the recorded operations are spread over.
const SHARDS: u64 = 16;

/// Writes down what clients do, from any number of threads and tasks.
///
/// The order of events is that of tickets drawn from one counter, one just
/// before an operation begins and one just after it ended; no clock is asked.
/// Clones write to the same history.
///
/// ```
/// use strangler_fig::testkit::history::{HistoryRecorder, check};
///
/// let recorder = HistoryRecorder::new();
/// recorder.initial("fig", Some(0));
/// let write = recorder.invoke_write("fig", Some(1));
/// let read = recorder.invoke_read("fig");
/// read.read(Some(0)); // the write is still going on: the old value is right
/// write.ok();
/// recorder.final_read("fig", Some(1));
/// assert!(check(&recorder.history()).is_linearizable());
/// ```
pub struct HistoryRecorder<K, V> {
    shared: Arc<Shared<K, V>>,
}

struct Shared<K, V> {
    tickets: AtomicU64,
    initial: Mutex<Vec<(K, Option<V>)>>,
    shards: Vec<Mutex<Vec<Operation<K, V>>>>,
}

/// Where a recorded write is kept, to settle its outcome later.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    shard: usize,
    position: usize,
}

impl<K, V> HistoryRecorder<K, V> {
    /// A recorder of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        let (tickets, initial) = (AtomicU64::new(0), Mutex::default());
        Self { shared: Arc::new(Shared { tickets, initial, shards }) }
    }

    /// Tells what the record held before any operation; the first told counts.
    pub fn initial(&self, key: K, value: Option<V>) {
        lock(&self.shared.initial).push((key, value));
    }

    /// A write of `value` is about to begin; `None` deletes.
    pub fn invoke_write(&self, key: K, value: Option<V>) -> PendingWrite<K, V> {
        let invoked = self.ticket();
        let write = Operation::write(key, value, invoked, Outcome::Unknown);
        PendingWrite::new(self.clone(), self.push(write))
    }

    /// A read is about to begin.
    pub fn invoke_read(&self, key: K) -> PendingRead<K, V> {
        PendingRead::new(self.clone(), key, self.ticket())
    }

    /// Everything is at rest, and the store that counts returned `value`.
    pub fn final_read(&self, key: K, value: Option<V>) {
        let (invoked, responded) = (self.ticket(), self.ticket());
        self.push(Operation::final_read(key, value, invoked, responded));
    }

    pub(super) fn ticket(&self) -> u64 {
        self.shared.tickets.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) fn push(&self, operation: Operation<K, V>) -> Place {
        let shard = usize::try_from(operation.invoked % SHARDS).expect("SHARDS is small");
        let mut operations = lock(&self.shared.shards[shard]);
        operations.push(operation);
        Place { shard, position: operations.len() - 1 }
    }

    pub(super) fn settle(&self, place: Place, outcome: Outcome) {
        let mut operations = lock(&self.shared.shards[place.shard]);
        operations[place.position].kind = OperationKind::Write(outcome);
    }
}

impl<K: Clone, V: Clone> HistoryRecorder<K, V> {
    /// What has happened so far; a write still going on is in it as unknown.
    #[must_use]
    pub fn history(&self) -> History<K, V> {
        let initial = lock(&self.shared.initial).clone();
        // All locks at once: else a read could be seen without its write.
        let shards: Vec<_> = self.shared.shards.iter().map(lock).collect();
        let operations = shards.iter().flat_map(|shard| shard.iter().cloned()).collect();
        History::recorded(initial, operations)
    }
}

impl<K, V> Clone for HistoryRecorder<K, V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K, V> Default for HistoryRecorder<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> fmt::Debug for HistoryRecorder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tickets = self.shared.tickets.load(Ordering::SeqCst);
        f.debug_struct("HistoryRecorder").field("tickets", &tickets).finish_non_exhaustive()
    }
}

/// A panic elsewhere leaves the list whole: it changes in single steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
