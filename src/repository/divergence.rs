use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::key::Key;
use crate::phase::Hold;

/// Why the two stores may differ in a key.
///
/// ```
/// use strangler_fig::repository::DivergenceReason;
///
/// assert_eq!(DivergenceReason::WriteUnknown.name(), "write_unknown");
/// assert_eq!(DivergenceReason::Mismatch.to_string(), "mismatch");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DivergenceReason {
    /// A write failed after a store may have taken it.
    WriteUnknown,
    /// A caller gave up on a write after a store may have been touched.
    WriteDropped,
    /// The lenient side of a write failed.
    LenientFailed,
    /// The lenient side of a write refused the content.
    LenientRejected,
    /// The lenient side's adapter panicked.
    LenientPanicked,
    /// The lenient side of a write was given up before its end: by its deadline,
    /// because too many were unfinished, or with its task.
    LenientUnfinished,
    /// The lenient side is ahead of a write that the primary still shows.
    Reversed,
    /// A shadow read differed, twice.
    Mismatch,
    /// A read in `Cutover` could not bring the lagging side up.
    BringUpFailed,
    /// Equal stamps with different contents: somebody wrote behind the crate.
    Conflict,
}

impl DivergenceReason {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WriteUnknown => "write_unknown",
            Self::WriteDropped => "write_dropped",
            Self::LenientFailed => "lenient_failed",
            Self::LenientRejected => "lenient_rejected",
            Self::LenientPanicked => "lenient_panicked",
            Self::LenientUnfinished => "lenient_unfinished",
            Self::Reversed => "reversed",
            Self::Mismatch => "mismatch",
            Self::BringUpFailed => "bring_up_failed",
            Self::Conflict => "conflict",
        }
    }
}

impl fmt::Display for DivergenceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A key known or suspected to differ.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::repository::{Divergence, DivergenceReason};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// let users = MigrationRepository::new(legacy, modern, tracker)?;
/// users.sink().note(1, DivergenceReason::Mismatch, Some(users.tracker().hold()));
///
/// users.drained().await; // nothing goes on aside
/// for Divergence { key, reason, hold, .. } in users.sink().take(100) {
///     if users.join(&key).await.is_err() {
///         users.sink().note(key, reason, hold); // for another time
///     }
/// }
/// assert_eq!(users.tracker().holds(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Divergence<K> {
    /// Which key.
    pub key: K,
    /// The newest reason.
    pub reason: DivergenceReason,
    /// How often it was noted since it was last taken out.
    pub count: u64,
    /// While this lives, the node's lease forbids a first `Cutover`. Drop it
    /// when the key is repaired.
    pub hold: Option<Hold>,
}

/// Where the keys go that may differ: bounded, and never waiting, since it is
/// told from `Drop`.
///
/// A full sink forgets which keys, not that there were any:
/// [`overflowed`](Self::overflowed) stays set until a sweep has seen all keys.
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
/// assert!(sink.is_empty() && sink.overflowed());
///
/// let began = sink.mark(); // a sweep begins ...
/// sink.clear_until(began); // ... and has joined every key
/// assert!(!sink.overflowed());
/// ```
#[derive(Debug)]
pub struct DivergenceSink<K> {
    capacity: NonZeroUsize,
    noted: Mutex<Noted<K>>,
}

#[derive(Debug)]
struct Noted<K> {
    entries: BTreeMap<K, Entry>,
    order: VecDeque<K>,
    /// Counts every note ever taken.
    notes: u64,
    overflow: Option<Overflow>,
}

#[derive(Debug)]
struct Entry {
    reason: DivergenceReason,
    count: u64,
    last_note: u64,
    hold: Option<Hold>,
}

#[derive(Debug)]
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
        Self { capacity, noted: Mutex::new(noted) }
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
            let before = noted.overflow.take().and_then(|overflow| overflow.hold);
            noted.overflow = Some(Overflow { last_note: note, hold: hold.or(before) });
            return false;
        }
        noted.order.push_back(key.clone());
        noted.entries.insert(key, Entry { reason, count: 1, last_note: note, hold });
        true
    }

    /// Takes out at most `limit` keys, the oldest first. Whoever fails to repair
    /// one notes it again.
    #[must_use]
    pub fn take(&self, limit: usize) -> Vec<Divergence<K>> {
        let mut noted = self.lock();
        let mut taken = Vec::new();
        while taken.len() < limit {
            let Some(key) = noted.order.pop_front() else {
                break;
            };
            if let Some(Entry { reason, count, hold, .. }) = noted.entries.remove(&key) {
                taken.push(Divergence { key, reason, count, hold });
            }
        }
        taken
    }

    /// How many keys are noted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether no key is noted; [`overflowed`](Self::overflowed) may still be.
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
    pub fn overflowed(&self) -> bool {
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
        assert!(sink.overflowed());
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
        assert!(!sink.overflowed());
        assert_eq!(keys(&sink), [(2, 2)]);
    }

    #[test]
    fn an_overflow_during_the_sweep_stays() {
        let sink = sink(1);
        sink.note(1, Mismatch, None);
        let mark = sink.mark();
        sink.note(2, Mismatch, None);
        sink.clear_until(mark);
        assert!(sink.overflowed());
    }
}
