//! An outbox behind a wire: answers are lost, come late, and who asks may stand still.

use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    FetchLimit, LaneClaim, LaneClaims, OutboxDepth, OutboxPosition, OutboxRow, OutboxStore,
    ParkedRow, RowEnd,
};
use strangler_fig::phase::NodeId;

use super::judge::Judge;
use super::outbox_broken::Broken;
use super::sim::{Gate, Sim};

#[derive(Debug, Clone)]
pub(crate) struct SimStore {
    pub(crate) inner: Broken,
    pub(crate) sim: Arc<Sim>,
    pub(crate) judge: Arc<Judge>,
    pub(crate) gate: Arc<Gate>,
}

impl SimStore {
    async fn before(&self) -> Result<(), StoreError> {
        self.gate.pass().await;
        self.sim.takes(4).await;
        if self.sim.fails(30) { Err(StoreError::unavailable("it is away")) } else { Ok(()) }
    }

    async fn after<T>(&self, answer: T) -> Result<T, StoreError> {
        self.sim.takes(4).await;
        self.gate.pass().await;
        if self.sim.fails(30) {
            Err(StoreError::unknown("the answer was lost"))
        } else {
            Ok(answer)
        }
    }

    async fn settle_now(
        &self,
        claim: &LaneClaim,
        ends: &[(OutboxPosition, RowEnd)],
    ) -> Result<(), StoreError> {
        self.inner.settle(claim, ends).await?;
        self.judge.settled(claim);
        Ok(())
    }
}

#[async_trait]
impl OutboxStore for SimStore {
    async fn claim(
        &self,
        relay: &NodeId,
        wanted: NonZeroU16,
        term: Duration,
    ) -> Result<LaneClaims, StoreError> {
        self.before().await?;
        let claims = self.inner.claim(relay, wanted, term).await?;
        self.judge.claimed(relay, &claims, term);
        self.after(claims).await
    }

    async fn release(&self, claims: &[LaneClaim]) -> Result<(), StoreError> {
        self.before().await?;
        self.inner.release(claims).await?;
        self.judge.released(claims);
        self.after(()).await
    }

    async fn fetch(
        &self,
        claims: &[LaneClaim],
        limit: FetchLimit,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.before().await?;
        let rows = self.inner.fetch(claims, limit).await?;
        self.judge.fetched(claims, &rows);
        self.after(rows).await
    }

    async fn settle(
        &self,
        claim: &LaneClaim,
        ends: &[(OutboxPosition, RowEnd)],
    ) -> Result<(), StoreError> {
        self.before().await?;
        if self.sim.fails(30) {
            let (store, claim, ends) = (self.clone(), *claim, ends.to_vec());
            let late = self.sim.millis(5_000);
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                let _ = store.settle_now(&claim, &ends).await;
            });
            return Err(StoreError::unknown("it may land later"));
        }
        self.settle_now(claim, ends).await?;
        self.after(()).await
    }

    async fn parked(
        &self,
        after: Option<OutboxPosition>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ParkedRow>, StoreError> {
        self.inner.parked(after, limit).await
    }

    async fn retry(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        self.inner.retry(position).await
    }

    async fn discard(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        self.inner.discard(position).await
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.before().await?;
        self.inner.purge(age, limit).await
    }

    async fn depth(&self) -> Result<OutboxDepth, StoreError> {
        self.before().await?;
        self.inner.depth().await
    }
}
