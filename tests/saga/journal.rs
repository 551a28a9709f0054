//! A journal that fails as it is told, counts, and takes its time.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaJournal,
};
use tokio::time::sleep;

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is refused.
    Unavailable,
    /// It is done, and nobody is told.
    Lost,
    /// It is not done, and nobody is told.
    Vanished,
    /// It is not done, and never answered.
    Hangs,
    /// It is refused for good.
    Rejected,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Troubled {
    pub(crate) inner: InMemorySagaJournal,
    script: Arc<Mutex<VecDeque<Option<Trouble>>>>,
    writes: Arc<AtomicUsize>,
    delay: Duration,
    /// Longer appends are refused for good.
    bytes_max: Option<usize>,
    is_dead: Arc<AtomicBool>,
}

impl Troubled {
    /// Whoever uses it is dead from here on: nothing is answered any more.
    pub(crate) fn kill(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
    }

    async fn alive(&self) {
        if self.is_dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// What another runner sees of the same journal: it has no troubles.
    pub(crate) fn beside(&self) -> Self {
        Self { inner: self.inner.clone(), ..Self::slow(self.delay) }
    }

    pub(crate) fn on(inner: &InMemorySagaJournal) -> Self {
        Self { inner: inner.clone(), ..Self::slow(Duration::from_millis(5)) }
    }

    /// Refuses appends of more than so many bytes.
    pub(crate) fn narrow(bytes_max: usize) -> Self {
        Self { bytes_max: Some(bytes_max), ..Self::slow(Duration::from_millis(5)) }
    }

    pub(crate) fn slow(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }

    /// What becomes of the next writes, in their order.
    pub(crate) fn script(&self, troubles: impl IntoIterator<Item = Option<Trouble>>) {
        self.script.lock().unwrap().extend(troubles);
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    async fn write<T>(
        &self,
        write: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.alive().await;
        sleep(self.delay).await;
        self.alive().await;
        let trouble = self.script.lock().unwrap().pop_front().flatten();
        match trouble {
            None => write.await,
            Some(Trouble::Unavailable) => Err(StoreError::unavailable("no connection")),
            Some(Trouble::Vanished) => Err(StoreError::unknown("timeout")),
            Some(Trouble::Rejected) => Err(StoreError::rejected("it is too large")),
            Some(Trouble::Hangs) => std::future::pending().await,
            Some(Trouble::Lost) => {
                drop(write.await);
                Err(StoreError::unknown("timeout"))
            }
        }
    }
}

#[async_trait]
impl SagaJournal for Troubled {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        self.write(self.inner.create(saga, entries, runner, term)).await
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        let bytes: usize = append.entries.iter().map(|entry| entry.to_document().len()).sum();
        if self.bytes_max.is_some_and(|most| bytes > most) {
            return self.write(async { Err(StoreError::rejected("it is too large")) }).await;
        }
        self.write(self.inner.append(claim, append, term)).await
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        self.alive().await;
        self.inner.load(saga).await
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        self.alive().await;
        self.inner.claim(saga, runner, term).await
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        self.alive().await;
        self.inner.renew(claims, term).await
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        self.alive().await;
        self.inner.release(claim).await
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        self.alive().await;
        self.inner.list(filter, after, limit).await
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        self.alive().await;
        self.inner.purge(saga).await
    }
}
