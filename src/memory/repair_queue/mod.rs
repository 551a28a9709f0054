//! The repair queue in memory: a pure state, and a lock around it.

mod state;

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::error::StoreError;
use crate::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};
use state::{Ending, Shelf, State};

/// A repair queue in this process: for tests, and for who can do without the
/// keys after a restart, because a sweep follows. It grows with the number of
/// keys that differ.
///
/// Its clock is tokio's, so that paused time works.
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
/// queue.note(&[RepairNote { key: vec![7], reason: "mismatch".to_owned() }]).await?;
///
/// let taken = queue.take(NonZeroUsize::MIN, Duration::from_secs(60)).await?;
/// queue.park(&taken[0], "modern refuses the row").await?;
/// assert_eq!(queue.parked(None, NonZeroUsize::MIN).await?[0].key, [7]);
///
/// assert!(queue.retry(&[7]).await?); // the row was mended
/// let depth = queue.depth().await?;
/// assert_eq!((depth.waiting, depth.parked), (1, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct InMemoryRepairQueue {
    state: Mutex<State>,
}

impl InMemoryRepairQueue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, entry: &RepairEntry, ending: Ending) {
        self.lock().end(&entry.key, entry.receipt, ending, Instant::now());
    }
}

#[async_trait]
impl RepairQueue for InMemoryRepairQueue {
    async fn note(&self, notes: &[RepairNote]) -> Result<(), StoreError> {
        let mut state = self.lock();
        let now = Instant::now();
        for note in notes {
            state.note(note, now);
        }
        Ok(())
    }

    async fn take(
        &self,
        limit: NonZeroUsize,
        hidden_for: Duration,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        Ok(self.lock().take(limit.get(), hidden_for, Instant::now()))
    }

    async fn finish(&self, entry: &RepairEntry) -> Result<(), StoreError> {
        self.end(entry, Ending::Finished);
        Ok(())
    }

    async fn postpone(
        &self,
        entry: &RepairEntry,
        delay: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        self.end(entry, Ending::Postponed(delay, error.to_owned()));
        Ok(())
    }

    async fn park(&self, entry: &RepairEntry, error: &str) -> Result<(), StoreError> {
        self.end(entry, Ending::Parked(error.to_owned()));
        Ok(())
    }

    async fn retry(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.lock().retry(key, Instant::now()))
    }

    async fn waiting(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        Ok(self.lock().list(Shelf::Waiting, after, limit.get()))
    }

    async fn parked(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        Ok(self.lock().list(Shelf::Parked, after, limit.get()))
    }

    async fn depth(&self) -> Result<RepairDepth, StoreError> {
        Ok(self.lock().depth(Instant::now()))
    }
}
