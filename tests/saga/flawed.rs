//! Journals that break their contract, each in one way.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId,
    SagaJournal, SagaStatus,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// What was answered is not durable: every third append is forgotten.
    ForgetsAppends,
    /// Appends are recorded twice.
    RecordsTwice,
    /// Appends are taken at any position and under any claim.
    TakesEverything,
    /// Only the first entry of an append is recorded.
    TearsAppends,
    /// A saga is over as soon as it has begun.
    MistakesStatus,
    /// A claim never ends.
    HoldsForEver,
    /// Nothing is ever listed.
    ListsNothing,
    /// The last entry is never shown.
    HidesTheLast,
    /// Nothing of `create` is recorded but the header.
    ForgetsTheFirst,
}

impl Flaw {
    pub(crate) const ALL: [Self; 9] = [
        Self::ForgetsAppends,
        Self::RecordsTwice,
        Self::TakesEverything,
        Self::TearsAppends,
        Self::MistakesStatus,
        Self::HoldsForEver,
        Self::ListsNothing,
        Self::HidesTheLast,
        Self::ForgetsTheFirst,
    ];
}

#[derive(Debug)]
pub(crate) struct Flawed {
    inner: InMemorySagaJournal,
    flaw: Flaw,
    appends: AtomicUsize,
}

impl Flawed {
    pub(crate) fn new(flaw: Flaw) -> Self {
        Self { inner: InMemorySagaJournal::default(), flaw, appends: AtomicUsize::new(0) }
    }

    fn term(&self, term: Duration) -> Duration {
        if self.flaw == Flaw::HoldsForEver { Duration::from_secs(1 << 30) } else { term }
    }
}

#[async_trait]
impl SagaJournal for Flawed {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        let entries = if self.flaw == Flaw::ForgetsTheFirst { &[] } else { entries };
        self.inner.create(saga, entries, runner, self.term(term)).await
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        let (mut claim, mut append) = (claim.clone(), *append);
        let number = self.appends.fetch_add(1, Ordering::SeqCst);
        let twice = [append.entries, append.entries].concat();
        match self.flaw {
            Flaw::ForgetsAppends if number % 3 == 2 => return Ok(()),
            Flaw::RecordsTwice => append.entries = &twice,
            Flaw::TearsAppends => append.entries = &append.entries[..append.entries.len().min(1)],
            Flaw::MistakesStatus => append.status = SagaStatus::Committed,
            Flaw::TakesEverything => {
                let (header, _) = self.inner.load(&claim.saga).await?.expect("it was created");
                (claim.epoch, append.position) = (header.epoch, header.length);
            }
            _ => {}
        }
        self.inner.append(&claim, &append, self.term(term)).await
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        let mut loaded = self.inner.load(saga).await?;
        if let (Some((_, entries)), Flaw::HidesTheLast) = (&mut loaded, self.flaw) {
            entries.pop();
        }
        Ok(loaded)
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        self.inner.claim(saga, runner, self.term(term)).await
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        self.inner.renew(claims, self.term(term)).await
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        self.inner.release(claim).await
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        if self.flaw == Flaw::ListsNothing {
            return Ok(Vec::new());
        }
        self.inner.list(filter, after, limit).await
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        self.inner.purge(saga).await
    }
}
