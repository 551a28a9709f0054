use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{Applied, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::{Record, StampScope};
use tokio::sync::Notify;

/// A side whose next write can be held at the door: the phase was read, the write
/// is planned, and the store has not seen it. A test needs this, a migration does
/// not.
#[derive(Clone)]
pub struct Gated<S> {
    side: S,
    gate: Arc<Gate>,
}

/// The door of a side: open, unless it is told to hold the next write.
#[derive(Debug, Default)]
pub struct Gate {
    is_armed: AtomicBool,
    holds: Notify,
    opens: Notify,
}

impl Gate {
    /// Holds the next write.
    pub fn arm(&self) {
        self.is_armed.store(true, Ordering::SeqCst);
    }

    /// Resolves when a write is held.
    pub async fn held(&self) {
        self.holds.notified().await;
    }

    /// Lets the write go on.
    pub fn open(&self) {
        self.opens.notify_one();
    }

    async fn pass(&self) {
        if self.is_armed.swap(false, Ordering::SeqCst) {
            self.holds.notify_one();
            self.opens.notified().await;
        }
    }
}

impl<S> Gated<S> {
    /// `side` behind `gate`.
    pub const fn new(side: S, gate: Arc<Gate>) -> Self {
        Self { side, gate }
    }
}

impl<S> fmt::Debug for Gated<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gated").field("gate", &self.gate).finish_non_exhaustive()
    }
}

#[async_trait]
impl<S: StampedRepository> StampedRepository for Gated<S> {
    type Key = S::Key;
    type Entity = S::Entity;

    fn key(&self, entity: &S::Entity) -> S::Key {
        self.side.key(entity)
    }

    async fn read(&self, key: &S::Key) -> Result<Record<S::Entity>, StoreError> {
        self.side.read(key).await
    }

    async fn apply(&self, key: &S::Key, record: &Record<S::Entity>) -> Result<Applied, StoreError> {
        self.gate.pass().await;
        self.side.apply(key, record).await
    }

    async fn apply_many(
        &self,
        records: &[(S::Key, Record<S::Entity>)],
    ) -> Vec<Result<Applied, StoreError>> {
        self.side.apply_many(records).await
    }

    async fn read_many(&self, keys: &[S::Key]) -> Vec<Result<Record<S::Entity>, StoreError>> {
        self.side.read_many(keys).await
    }

    fn scope(&self) -> StampScope {
        self.side.scope()
    }
}

#[async_trait]
impl<S: ScanRepository> ScanRepository for Gated<S> {
    async fn scan(
        &self,
        after: Option<&S::Key>,
        limit: NonZeroUsize,
    ) -> Result<Page<S::Key, S::Entity>, StoreError> {
        self.side.scan(after, limit).await
    }

    async fn last_key(&self) -> Result<Option<S::Key>, StoreError> {
        self.side.last_key().await
    }
}
