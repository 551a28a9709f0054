use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Divergence, DivergenceReason};
use crate::key::Key;
use crate::observe::Glimpse;
use crate::phase::{Backlog, Hold, KeepsBacklog};

/// Where the keys go that may differ: bounded, and never waiting, since it is
/// told from `Drop`.
///
/// A full sink forgets which keys, not that there were any:
/// [`has_overflowed`](Self::has_overflowed) stays set until a sweep has seen all keys.
/// Crossing depends on sweeps, never on the sink; a killed process takes its
/// entries with it.
///
/// ```
/// use std::num::NonZeroUsize;
/// use strangler_fig::repository::{DivergenceReason, DivergenceSink};
///
/// let sink = DivergenceSink::new(NonZeroUsize::MIN);
/// assert!(sink.note(1, DivergenceReason::Mismatch, None));
/// assert!(sink.note(1, DivergenceReason::WriteUnknown, None));
/// assert!(!sink.note(2, DivergenceReason::Mismatch, None), "it is full");
/// assert_eq!((sink.len(), sink.notes()), (1, 3));
///
/// let noted = sink.take(10);
/// assert_eq!((noted[0].key, noted[0].count), (1, 2));
/// assert!(sink.is_empty() && sink.has_overflowed());
///
/// let began = sink.mark(); // a sweep begins ...
/// sink.clear_until(began); // ... and has joined every key
/// assert!(!sink.has_overflowed());
/// ```
pub struct DivergenceSink<K> {
    capacity: NonZeroUsize,
    noted: Mutex<Noted<K>>,
    filled: Notify,
}

struct Noted<K> {
    entries: BTreeMap<K, Entry>,
    order: VecDeque<K>,
    /// Counts every note ever taken.
    notes: u64,
    overflow: Option<Overflow>,
}

/// How many there are only: the keys are the store's.
impl<K> fmt::Debug for DivergenceSink<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noted = &self.noted;
        f.debug_struct("DivergenceSink")
            .field("capacity", &self.capacity)
            .field("keys", &Glimpse::of(noted, |noted| noted.entries.len()))
            .field("notes", &Glimpse::of(noted, |noted| noted.notes))
            .field("overflowed", &Glimpse::of(noted, |noted| noted.overflow.is_some()))
            .finish_non_exhaustive()
    }
}

impl<K: Key> Noted<K> {
    fn put_back(&mut self, taken: Divergence<K>, capacity: NonZeroUsize) {
        let Divergence { key, reason, count, hold, last_note } = taken;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.count += count;
            entry.hold = entry.hold.take().or(hold);
        } else if self.entries.len() < capacity.get() {
            self.order.push_front(key.clone());
            self.entries.insert(key, Entry { reason, count, last_note, hold });
        } else {
            self.overflow(last_note, hold);
        }
    }

    fn overflow(&mut self, note: u64, hold: Option<Hold>) {
        let before = self.overflow.take();
        let last_note = before.as_ref().map_or(note, |before| before.last_note.max(note));
        let hold = hold.or(before.and_then(|before| before.hold));
        self.overflow = Some(Overflow { last_note, hold });
    }
}

struct Entry {
    reason: DivergenceReason,
    count: u64,
    last_note: u64,
    hold: Option<Hold>,
}

struct Overflow {
    last_note: u64,
    hold: Option<Hold>,
}

/// A moment in the life of a sink.
///
/// ```
/// use std::num::NonZeroUsize;
/// use strangler_fig::repository::{DivergenceReason, DivergenceSink};
///
/// let sink = DivergenceSink::new(NonZeroUsize::new(8).expect("it is not zero"));
/// sink.note(1, DivergenceReason::Mismatch, None);
/// let mark = sink.mark();
/// sink.note(2, DivergenceReason::Mismatch, None);
/// sink.clear_until(mark); // every key was joined since
/// assert_eq!(sink.take(8).len(), 1);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SinkMark(u64);

impl<K: Key> DivergenceSink<K> {
    /// An empty sink for at most `capacity` keys.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        let noted =
            Noted { entries: BTreeMap::new(), order: VecDeque::new(), notes: 0, overflow: None };
        Self { capacity, noted: Mutex::new(noted), filled: Notify::new() }
    }

    /// Notes a key; answers whether there was room.
    pub fn note(&self, key: K, reason: DivergenceReason, hold: Option<Hold>) -> bool {
        let mut noted = self.lock();
        noted.notes += 1;
        let note = noted.notes;
        if let Some(entry) = noted.entries.get_mut(&key) {
            entry.count += 1;
            (entry.reason, entry.last_note) = (reason, note);
            entry.hold = hold.or(entry.hold.take());
            return true;
        }
        if noted.entries.len() >= self.capacity.get() {
            noted.overflow(note, hold);
            return false;
        }
        noted.order.push_back(key.clone());
        noted.entries.insert(key, Entry { reason, count: 1, last_note: note, hold });
        drop(noted);
        self.filled.notify_waiters();
        true
    }

    /// Takes out at most `limit` keys, the oldest first. Whoever fails to repair
    /// one [puts it back](Self::put_back).
    #[must_use]
    pub fn take(&self, limit: usize) -> Vec<Divergence<K>> {
        let mut noted = self.lock();
        let mut taken = Vec::new();
        while taken.len() < limit {
            let Some(key) = noted.order.pop_front() else {
                break;
            };
            if let Some(Entry { reason, count, hold, last_note }) = noted.entries.remove(&key) {
                taken.push(Divergence { key, reason, count, hold, last_note });
            }
        }
        taken
    }

    /// As if these had never been taken out: in front of the others, with their
    /// counts and holds. What does not fit, because others came meanwhile, is
    /// overflow.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use strangler_fig::repository::{DivergenceReason, DivergenceSink};
    ///
    /// let sink = DivergenceSink::new(NonZeroUsize::new(8).expect("it is not zero"));
    /// sink.note(1, DivergenceReason::Mismatch, None);
    /// let taken = sink.take(8);
    /// sink.note(2, DivergenceReason::Mismatch, None);
    /// sink.put_back(taken);
    /// assert_eq!(sink.take(8)[0].key, 1);
    /// assert_eq!(sink.notes(), 2);
    /// ```
    pub fn put_back(&self, taken: Vec<Divergence<K>>) {
        let mut noted = self.lock();
        for divergence in taken.into_iter().rev() {
            noted.put_back(divergence, self.capacity);
        }
        drop(noted);
        self.filled.notify_waiters();
    }

    /// Resolves as soon as a key is noted.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use strangler_fig::repository::{DivergenceReason, DivergenceSink};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let sink = DivergenceSink::new(NonZeroUsize::MIN);
    /// let note = async { sink.note(1, DivergenceReason::Mismatch, None) };
    /// let ((), noted) = tokio::join!(sink.filled(), note);
    /// assert!(noted && sink.len() == 1);
    /// # }
    /// ```
    pub async fn filled(&self) {
        loop {
            let mut filled = pin!(self.filled.notified());
            filled.as_mut().enable();
            if !self.is_empty() {
                return;
            }
            filled.await;
        }
    }

    /// How many keys are noted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether no key is noted; [`has_overflowed`](Self::has_overflowed) may still be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many notes were ever made, of whatever key, those refused included.
    #[must_use]
    pub fn notes(&self) -> u64 {
        self.lock().notes
    }

    /// Whether keys were forgotten since the last sweep.
    #[must_use]
    pub fn has_overflowed(&self) -> bool {
        self.lock().overflow.is_some()
    }

    /// This moment, for [`clear_until`](Self::clear_until).
    #[must_use]
    pub fn mark(&self) -> SinkMark {
        SinkMark(self.lock().notes)
    }

    /// Forgets what was noted up to `mark`: since then every key was joined.
    pub fn clear_until(&self, mark: SinkMark) {
        let mut noted = self.lock();
        let Noted { entries, order, overflow, .. } = &mut *noted;
        entries.retain(|_, entry| entry.last_note > mark.0);
        order.retain(|key| entries.contains_key(key));
        if overflow.as_ref().is_some_and(|overflow| overflow.last_note <= mark.0) {
            *overflow = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Noted<K>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Key> KeepsBacklog for DivergenceSink<K> {
    fn backlog(&self) -> Backlog {
        let noted = self.lock();
        let keys = u64::try_from(noted.entries.len()).unwrap_or(u64::MAX);
        Backlog { keys, has_overflowed: noted.overflow.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DivergenceReason::{Mismatch, WriteDropped};

    fn sink(capacity: usize) -> DivergenceSink<u32> {
        DivergenceSink::new(NonZeroUsize::new(capacity).unwrap())
    }

    fn keys(sink: &DivergenceSink<u32>) -> Vec<(u32, u64)> {
        sink.take(usize::MAX).into_iter().map(|it| (it.key, it.count)).collect()
    }

    #[test]
    fn a_key_is_counted_and_the_oldest_comes_first() {
        let sink = sink(8);
        for key in [3, 1, 3] {
            assert!(sink.note(key, Mismatch, None));
        }
        assert_eq!(keys(&sink), [(3, 2), (1, 1)]);
        assert!(sink.is_empty());
    }

    #[test]
    fn a_full_sink_remembers_that_it_was_full() {
        let sink = sink(1);
        assert!(sink.note(1, Mismatch, None));
        assert!(!sink.note(2, WriteDropped, None));
        assert!(sink.note(1, WriteDropped, None), "a key it has needs no room");
        assert_eq!(keys(&sink), [(1, 2)]);
        assert!(sink.has_overflowed());
    }

    #[test]
    fn a_sweep_clears_what_was_noted_before_it_began() {
        let sink = sink(2);
        for key in [1, 2, 3] {
            sink.note(key, Mismatch, None);
        }
        let mark = sink.mark();
        sink.note(2, WriteDropped, None);
        sink.clear_until(mark);
        assert!(!sink.has_overflowed());
        assert_eq!(keys(&sink), [(2, 2)]);
    }

    #[test]
    fn an_overflow_during_the_sweep_stays() {
        let sink = sink(1);
        sink.note(1, Mismatch, None);
        let mark = sink.mark();
        sink.note(2, Mismatch, None);
        sink.clear_until(mark);
        assert!(sink.has_overflowed());
    }
    #[test]
    fn what_is_put_back_is_as_it_was() {
        let sink = sink(8);
        for key in [1, 2, 2, 3] {
            sink.note(key, Mismatch, None);
        }
        let taken = sink.take(2);
        sink.note(1, WriteDropped, None);
        sink.put_back(taken);
        assert_eq!(sink.notes(), 5);
        assert_eq!(keys(&sink), [(2, 2), (3, 1), (1, 2)]);
    }

    #[test]
    fn what_does_not_fit_back_is_overflow_until_a_sweep() {
        let sink = sink(1);
        sink.note(1, Mismatch, None);
        let taken = sink.take(1);
        sink.note(2, Mismatch, None);
        sink.put_back(taken);
        assert!(sink.has_overflowed());
        assert_eq!(keys(&sink), [(2, 1)]);
        sink.clear_until(sink.mark());
        assert!(!sink.has_overflowed());
    }

    #[test]
    fn what_a_sweep_has_joined_meanwhile_goes_with_the_next_one() {
        let sink = sink(8);
        sink.note(1, Mismatch, None);
        let taken = sink.take(1);
        sink.clear_until(sink.mark());
        sink.put_back(taken);
        assert_eq!(sink.len(), 1);
        sink.clear_until(sink.mark());
        assert!(sink.is_empty());
    }
}
