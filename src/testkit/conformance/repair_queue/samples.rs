//! Keys to note, and calls that must succeed.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::RepairQueueFixture;
use crate::error::StoreError;
use crate::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};

/// A term that is over soon.
pub(super) const SHORT: Duration = Duration::from_millis(200);
/// What has to pass until it surely is.
pub(super) const OVER: Duration = Duration::from_millis(300);
/// A term that no fact outlasts.
pub(super) const LONG: Duration = Duration::from_secs(600);
/// What tells two moments apart on any clock.
pub(super) const TICK: Duration = Duration::from_millis(20);

pub(super) type Queue = Arc<dyn RepairQueue>;

pub(super) fn key(n: u8) -> Vec<u8> {
    vec![b'k', n]
}

pub(super) fn note_of(key: &[u8], reason: &str) -> RepairNote {
    RepairNote { key: key.to_vec(), reason: reason.to_owned() }
}

pub(super) fn answered<T: fmt::Debug>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}

pub(super) fn limit(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).expect("lists hold something")
}

/// The second handle of a fixture, or the first again.
pub(super) async fn other<F: RepairQueueFixture>(fixture: &F) -> Queue {
    fixture.reopened().await.unwrap_or_else(|| fixture.queue())
}

pub(super) async fn note(queue: &Queue, keys: &[u8]) {
    let notes: Vec<_> = keys.iter().map(|n| note_of(&key(*n), "mismatch")).collect();
    answered("noting", queue.note(&notes).await);
}

/// Notes keys so that each came at a time of its own.
pub(super) async fn note_in_turn<F: RepairQueueFixture>(fixture: &F, keys: &[u8]) {
    for key in keys {
        note(&fixture.queue(), &[*key]).await;
        fixture.pass(TICK).await;
    }
}

pub(super) async fn take(queue: &Queue, most: usize, term: Duration) -> Vec<RepairEntry> {
    answered("taking", queue.take(limit(most), term).await)
}

/// Takes the one key that is due, for long.
pub(super) async fn take_one(queue: &Queue) -> RepairEntry {
    let mut taken = take(queue, 9, LONG).await;
    assert_eq!(taken.len(), 1, "the keys that are due: {taken:?}");
    taken.remove(0)
}

pub(super) async fn takes_nothing(queue: &Queue, when: &str) {
    assert_eq!(take(queue, 9, LONG).await, [], "what is due {when}");
}

/// The keys of a take, in its order.
pub(super) fn keys(entries: &[RepairEntry]) -> Vec<Vec<u8>> {
    entries.iter().map(|entry| entry.key.clone()).collect()
}

/// The entry as a list shows it after so many attempts.
pub(super) fn listed(taken: &RepairEntry, attempts: u32, error: Option<&str>) -> RepairEntry {
    let error = error.map(ToOwned::to_owned);
    RepairEntry { attempts, error, receipt: 0, ..taken.clone() }
}

/// Asserts that an entry is what it was, apart from its take.
pub(super) fn is_again(found: &RepairEntry, expected: &RepairEntry) {
    assert_ne!(found.receipt, 0, "the receipt of a take");
    let found = RepairEntry { receipt: expected.receipt, ..found.clone() };
    assert_eq!(found, *expected, "an entry, taken again");
}

pub(super) async fn waiting(queue: &Queue) -> Vec<RepairEntry> {
    answered("listing", queue.waiting(None, limit(99)).await)
}

pub(super) async fn parked(queue: &Queue) -> Vec<RepairEntry> {
    answered("listing", queue.parked(None, limit(99)).await)
}

pub(super) async fn depth(queue: &Queue) -> RepairDepth {
    answered("counting", queue.depth().await)
}

pub(super) async fn finish(queue: &Queue, entry: &RepairEntry) {
    answered("finishing", queue.finish(entry).await);
}

pub(super) async fn postpone(queue: &Queue, entry: &RepairEntry, delay: Duration, error: &str) {
    answered("postponing", queue.postpone(entry, delay, error).await);
}

pub(super) async fn park(queue: &Queue, entry: &RepairEntry, error: &str) {
    answered("parking", queue.park(entry, error).await);
}

/// Whether it was parked.
pub(super) async fn retry(queue: &Queue, key: &[u8]) -> bool {
    answered("retrying", queue.retry(key).await)
}

/// How a taken entry ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    Finish,
    Postpone,
    Park,
}

impl Ending {
    pub(super) const ALL: [Self; 3] = [Self::Finish, Self::Postpone, Self::Park];

    pub(super) async fn of(self, queue: &Queue, entry: &RepairEntry) {
        match self {
            Self::Finish => finish(queue, entry).await,
            Self::Postpone => postpone(queue, entry, LONG, "too late").await,
            Self::Park => park(queue, entry, "too late").await,
        }
    }
}
