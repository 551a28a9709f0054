use std::time::Duration;
use std::{fmt, num::NonZeroUsize};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::seconds;
use crate::error::StoreError;

/// A key that may differ, on its way into a [`RepairQueue`].
///
/// ```
/// use strangler_fig::key::KeyExt;
/// use strangler_fig::reconcile::RepairNote;
/// use strangler_fig::repository::DivergenceReason;
///
/// let reason = DivergenceReason::Mismatch.to_string();
/// let note = RepairNote { key: 7_u32.to_bytes(), reason };
/// assert_eq!((note.key, note.reason.as_str()), (vec![0, 0, 0, 7], "mismatch"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RepairNote {
    /// The encoded key.
    pub key: Vec<u8>,
    /// Why it may differ: a stable name.
    pub reason: String,
}

/// A key in a [`RepairQueue`], as it was taken or listed.
///
/// ```
/// use strangler_fig::reconcile::RepairEntry;
///
/// fn line(entry: &RepairEntry) -> String {
///     let error = entry.error.as_deref().unwrap_or("nothing was tried");
///     format!("{}, {} attempts: {error}", entry.reason, entry.attempts)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RepairEntry {
    /// The encoded key.
    pub key: Vec<u8>,
    /// Why it may differ: the newest reason.
    pub reason: String,
    /// How often it was noted since it came into the queue.
    pub notes: u64,
    /// How often a repair has failed since the last note.
    pub attempts: u32,
    /// What the last of them reported.
    pub error: Option<String>,
    /// Which take this is; 0 in a list.
    pub receipt: u64,
}

impl RepairEntry {
    /// A key that was noted once, and that nobody has tried to repair.
    pub fn new(key: Vec<u8>, reason: impl Into<String>) -> Self {
        Self { key, reason: reason.into(), notes: 1, attempts: 0, error: None, receipt: 0 }
    }
}

/// How much waits in a [`RepairQueue`].
///
/// ```
/// use strangler_fig::reconcile::RepairDepth;
///
/// assert!(RepairDepth::default().is_empty());
/// assert!(!RepairDepth::new(0, 1, None).is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RepairDepth {
    /// Keys that wait, those taken or postponed included.
    pub waiting: u64,
    /// Keys that were given up.
    pub parked: u64,
    /// How long ago the oldest waiting key came into the queue, by its clock.
    #[serde(rename = "oldest_seconds", with = "seconds::or_null")]
    pub oldest: Option<Duration>,
}

impl RepairDepth {
    /// So many keys that wait, so many that were given up, and how long the oldest has waited.
    #[must_use]
    pub const fn new(waiting: u64, parked: u64, oldest: Option<Duration>) -> Self {
        Self { waiting, parked, oldest }
    }

    /// Whether no key is known to differ.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.waiting == 0 && self.parked == 0
    }
}

/// Where keys wait that may differ, across restarts, until they are repaired.
/// One queue is one migration's.
///
/// # Contract
///
/// 1. What was noted is durable when `note` answers `Ok`, and so is every other
///    change; of one `note`, all of it or nothing.
/// 2. A key, byte for byte, is there once, however often it was noted. Each note
///    counts one more, sets the reason, and forgets attempts and error. It makes
///    a postponed or parked key due at once; a key that is due keeps its place,
///    one that is taken stays hidden.
/// 3. `take` answers at most `limit` keys that are due, those due longest first,
///    and hides each from other takes for `hidden_for`; after that it is due. Each
///    has a receipt above 0, which no other take of this queue has had.
/// 4. An entry is *held* until it was finished, postponed or parked, or its key
///    taken again; the end of its term alone does not end it. `finish`, `postpone`
///    and `park` of an entry that is not held change nothing and are no error: so
///    they may be repeated.
/// 5. If the key was noted since it was taken, each of these three makes it due
///    at once instead, with no attempt and no error.
/// 6. Else `finish` removes the key; `postpone` makes it due after `delay`, `park`
///    sets it aside, both with one more attempt and the error.
/// 7. Parked keys are never taken, nor forgotten. `retry` makes one due, with no
///    attempt and no error, and answers whether it was parked; of any other key it
///    changes nothing.
/// 8. `waiting` and `parked` list the keys after `after`, at most `limit`, in the
///    order of their bytes.
/// 9. `depth` counts what the lists hold.
/// 10. Every call is atomic, also against itself: a note is never lost to a
///     `finish` at the same time, and no two takes share a key.
/// 11. Time is the queue's own clock. A call shows what was answered before it.
///
/// An adapter may cut reasons after 100 characters, and errors after 1,000.
///
/// # Cancel safety
///
/// A dropped call may have had its effect. Each may be repeated: a note counts
/// twice then, which repairs once too often; what was taken unseen is due again
/// after its term.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use strangler_fig::memory::InMemoryRepairQueue;
/// use strangler_fig::reconcile::{RepairNote, RepairQueue};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
/// let queue = InMemoryRepairQueue::default();
/// let note = RepairNote { key: vec![7], reason: "mismatch".to_owned() };
/// queue.note(&[note.clone()]).await?;
///
/// let (one, minute) = (NonZeroUsize::MIN, Duration::from_secs(60));
/// let taken = queue.take(one, minute).await?;
/// queue.note(&[note]).await?; // it changed while it was repaired
/// queue.finish(&taken[0]).await?;
/// let again = queue.take(one, minute).await?;
/// assert_eq!((again[0].key.as_slice(), again[0].notes), (&[7][..], 2));
///
/// queue.postpone(&again[0], minute, "modern is away").await?;
/// assert!(queue.take(one, minute).await?.is_empty());
/// assert_eq!(queue.waiting(None, one).await?[0].attempts, 1);
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait RepairQueue: fmt::Debug + Send + Sync + 'static {
    /// Notes keys; one key may be among them more than once.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Rejected`: nothing was noted; `Unknown`: note again.
    async fn note(&self, notes: &[RepairNote]) -> Result<(), StoreError>;

    /// Takes keys that are due.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: what was taken unseen is due again later.
    async fn take(
        &self,
        limit: NonZeroUsize,
        hidden_for: Duration,
    ) -> Result<Vec<RepairEntry>, StoreError>;

    /// Removes a repaired key.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: it may be repaired once more.
    async fn finish(&self, entry: &RepairEntry) -> Result<(), StoreError>;

    /// Puts a key off.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    async fn postpone(
        &self,
        entry: &RepairEntry,
        delay: Duration,
        error: &str,
    ) -> Result<(), StoreError>;

    /// Gives a key up, until somebody looks.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    async fn park(&self, entry: &RepairEntry, error: &str) -> Result<(), StoreError>;

    /// Makes a parked key due again; answers whether it was parked.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    async fn retry(&self, key: &[u8]) -> Result<bool, StoreError>;

    /// Lists keys that wait, those taken or postponed included, without taking
    /// them.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn waiting(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError>;

    /// Lists parked keys.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn parked(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError>;

    /// How much waits.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn depth(&self) -> Result<RepairDepth, StoreError>;
}
