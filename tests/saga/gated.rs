//! A journal whose calls end as a test says of each.

use std::num::NonZeroUsize;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaJournal,
};
use tokio::time::sleep;

use crate::support::ms;

/// A call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call<'a> {
    Append(&'a SagaAppend<'a>),
    Load(&'a SagaId),
    Claim(&'a SagaId),
    Renew,
    Release,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    Done,
    /// It is done after so many milliseconds.
    Slow(u64),
    /// It is done at once, and answered after so many milliseconds.
    Late(u64),
    /// It is refused for good.
    Refused,
}

pub(crate) struct Gated {
    inner: InMemorySagaJournal,
    fate: Box<dyn Fn(Call<'_>) -> Fate + Send + Sync>,
}

impl std::fmt::Debug for Gated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gated")
    }
}

impl Gated {
    pub(crate) fn on(
        inner: &InMemorySagaJournal,
        fate: impl Fn(Call<'_>) -> Fate + Send + Sync + 'static,
    ) -> Self {
        Self { inner: inner.clone(), fate: Box::new(fate) }
    }

    async fn gated<T>(
        &self,
        which: Call<'_>,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match (self.fate)(which) {
            Fate::Done => call.await,
            Fate::Slow(millis) => {
                sleep(ms(millis)).await;
                call.await
            }
            Fate::Late(millis) => {
                let answer = call.await;
                sleep(ms(millis)).await;
                answer
            }
            Fate::Refused => Err(StoreError::rejected("it is refused")),
        }
    }
}

#[async_trait]
impl SagaJournal for Gated {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        self.inner.create(saga, entries, runner, term).await
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        self.gated(Call::Append(append), self.inner.append(claim, append, term)).await
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        self.gated(Call::Load(saga), self.inner.load(saga)).await
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        self.gated(Call::Claim(saga), self.inner.claim(saga, runner, term)).await
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        self.gated(Call::Renew, self.inner.renew(claims, term)).await
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        self.gated(Call::Release, self.inner.release(claim)).await
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        self.inner.list(filter, after, limit).await
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        self.inner.purge(saga).await
    }
}
