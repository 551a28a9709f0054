//! Journals to measure by.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaJournal,
};
use tokio::time::sleep;

/// A journal in memory whose writes are counted, and take their time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    journal: InMemorySagaJournal,
    pause: Option<Duration>,
    writes: Arc<AtomicU64>,
}

impl Watched {
    /// One whose writes take so long.
    pub(crate) fn taking(pause: Duration) -> Self {
        Self { pause: Some(pause), ..Self::default() }
    }

    /// How often entries were written.
    pub(crate) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    async fn write(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
        if let Some(pause) = self.pause {
            sleep(pause).await;
        }
    }
}

#[async_trait]
impl SagaJournal for Watched {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        self.write().await;
        self.journal.create(saga, entries, runner, term).await
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        self.write().await;
        self.journal.append(claim, append, term).await
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        self.journal.load(saga).await
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        self.journal.claim(saga, runner, term).await
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        self.journal.renew(claims, term).await
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        self.journal.release(claim).await
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        self.journal.list(filter, after, limit).await
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        self.journal.purge(saga).await
    }
}

/// Takes everything and keeps nothing, so that whatever is kept is kept by others. No saga of
/// it may be begun twice.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Forgetful;

#[async_trait]
impl SagaJournal for Forgetful {
    async fn create(
        &self,
        saga: &NewSaga,
        _: &[SagaEntry],
        _: &NodeId,
        _: Duration,
    ) -> Result<Created, StoreError> {
        Ok(Created::New(SagaClaim { saga: saga.id.clone(), epoch: 1 }))
    }

    async fn append(
        &self,
        _: &SagaClaim,
        _: &SagaAppend<'_>,
        _: Duration,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load(&self, _: &SagaId) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        Ok(None)
    }

    async fn claim(
        &self,
        _: &SagaId,
        _: &NodeId,
        _: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        Ok(None)
    }

    async fn renew(&self, claims: &[SagaClaim], _: Duration) -> Result<Vec<SagaId>, StoreError> {
        Ok(claims.iter().map(|claim| claim.saga.clone()).collect())
    }

    async fn release(&self, _: &SagaClaim) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list(
        &self,
        _: &SagaFilter,
        _: Option<&SagaId>,
        _: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        Ok(Vec::new())
    }

    async fn purge(&self, _: &SagaId) -> Result<(), StoreError> {
        Ok(())
    }
}
