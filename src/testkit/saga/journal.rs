use std::future::{pending, poll_fn};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::scenario::Fate;
use crate::error::StoreError;
use crate::phase::NodeId;
use crate::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaJournal,
};

/// The life of one process: it goes on, stands still, or is over.
#[derive(Debug)]
pub(super) struct Life {
    pulse: watch::Sender<Pulse>,
    fate: Option<Fate>,
    writes: AtomicUsize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pulse {
    Alive,
    Stopped,
    Dead,
}

impl Life {
    pub(super) fn new(fate: Option<Fate>) -> Arc<Self> {
        let pulse = watch::Sender::new(Pulse::Alive);
        Arc::new(Self { pulse, fate, writes: AtomicUsize::new(0) })
    }

    /// How often it wrote.
    pub(super) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Whether its fate has come.
    pub(super) fn is_fated(&self) -> bool {
        *self.pulse.borrow() != Pulse::Alive
    }

    /// One that stood still goes on.
    pub(super) fn goes_on(&self) {
        self.pulse.send_if_modified(|pulse| {
            let stood = *pulse == Pulse::Stopped;
            if stood {
                *pulse = Pulse::Alive;
            }
            stood
        });
    }

    /// `future`, as far as the process lives; nothing of it is done while it does not.
    pub(super) async fn lived<T: Send>(&self, mut future: BoxFuture<'_, T>) -> T {
        let mut pulse = self.pulse.subscribe();
        loop {
            let alive = pulse.wait_for(|pulse| *pulse == Pulse::Alive);
            if alive.await.is_err() {
                return pending().await;
            }
            let mut changed = std::pin::pin!(pulse.changed());
            let step = poll_fn(|context| {
                if *self.pulse.borrow() != Pulse::Alive {
                    return Poll::Ready(None);
                }
                if let Poll::Ready(done) = future.poll_unpin(context) {
                    return Poll::Ready(Some(done));
                }
                changed.as_mut().poll(context).map(|_| None)
            });
            if let Some(done) = step.await {
                return done;
            }
        }
    }

    /// A write, before or after which the process may meet its fate.
    async fn written<T: Send>(&self, write: BoxFuture<'_, T>) -> T {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        match self.fate {
            Some(Fate::DiesBefore(at)) if at == number => self.become_(Pulse::Dead),
            Some(Fate::StopsBefore(at)) if at == number => self.become_(Pulse::Stopped),
            _ => {}
        }
        let answer = self.lived(write).await;
        match self.fate {
            Some(Fate::DiesAfter(at)) if at == number => self.become_(Pulse::Dead),
            Some(Fate::StopsAfter(at)) if at == number => self.become_(Pulse::Stopped),
            _ => {}
        }
        self.lived(std::future::ready(answer).boxed()).await
    }

    fn become_(&self, pulse: Pulse) {
        self.pulse.send_replace(pulse);
    }
}

/// A journal as the process of one life reaches it.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) journal: Arc<dyn SagaJournal>,
    pub(super) life: Arc<Life>,
}

#[async_trait]
impl SagaJournal for Reached {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        self.life.written(self.journal.create(saga, entries, runner, term)).await
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        self.life.written(self.journal.append(claim, append, term)).await
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        self.life.lived(self.journal.load(saga)).await
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        self.life.lived(self.journal.claim(saga, runner, term)).await
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        self.life.lived(self.journal.renew(claims, term)).await
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        self.life.lived(self.journal.release(claim)).await
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        self.life.lived(self.journal.list(filter, after, limit)).await
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        self.life.lived(self.journal.purge(saga)).await
    }
}
