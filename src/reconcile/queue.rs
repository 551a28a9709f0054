use std::time::Duration;
use std::{fmt, num::NonZeroUsize};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// A key that may differ, on its way into a [`RepairQueue`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RepairNote {
    /// The encoded key.
    pub key: Vec<u8>,
    /// Why it may differ: a stable name.
    pub reason: String,
}

/// A key that waits to be repaired.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RepairEntry {
    /// The encoded key.
    pub key: Vec<u8>,
    /// Why it may differ: the newest reason.
    pub reason: String,
    /// How often it was noted since it came into the queue.
    pub notes: u64,
    /// How often a repair has failed since the last note.
    pub attempts: u32,
    /// What the last repair reported, or why it was parked.
    pub error: Option<String>,
}

/// How much waits in a [`RepairQueue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RepairDepth {
    /// Keys that wait, those taken or postponed included.
    pub waiting: u64,
    /// Keys that were given up.
    pub parked: u64,
    /// How long ago the oldest waiting key was first noted, by the queue's clock.
    pub oldest: Option<Duration>,
}

/// Where keys wait that may differ, across restarts, until they are repaired.
///
/// # Contract
///
/// 1. What was noted is durable when `note` answers `Ok`; all of it or nothing.
/// 2. A key is there once, however often it was noted; each note counts one more
///    and sets its reason. A note makes a postponed or parked key due at once and
///    forgets its attempts; it does not bring a taken key out sooner.
/// 3. `take` answers at most `limit` keys that are due, those noted first first,
///    and hides each from other calls for `hidden_for`.
/// 4. `finish` removes a key only if it was not noted again since it was taken
///    (its `notes` are still those of the entry); else the key stays and is due.
/// 5. `postpone` makes a taken key due after `delay`, with one more attempt and
///    the error, unless it was noted again: then it is due at once.
/// 6. `park` sets a taken key aside with the error, unless it was noted again.
///    Parked keys are never taken, nor forgotten.
/// 7. `unpark` makes a parked key due with no attempts.
/// 8. A call about a key that is not there changes nothing and is no error.
/// 9. Time is the queue's own clock.
///
/// # Cancel safety
///
/// A dropped call may have had its effect. Each may be repeated: a note counts
/// twice then, which repairs once too often.
#[async_trait]
pub trait RepairQueue: fmt::Debug + Send + Sync + 'static {
    /// Notes keys.
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

    /// Parked keys after `after`, in the order of their bytes.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn parked(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError>;

    /// Makes a parked key due again.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    async fn unpark(&self, key: &[u8]) -> Result<(), StoreError>;

    /// How much waits.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn depth(&self) -> Result<RepairDepth, StoreError>;
}
