use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::InMemoryMailTransaction;
use super::mail::{Lock, Mail};
use crate::error::StoreError;
use crate::event::{
    FetchLimit, LaneClaim, LaneClaims, Message, Outbox, OutboxDepth, OutboxPosition, OutboxRow,
    OutboxStore, ParkedRow, RowEnd,
};
use crate::phase::NodeId;

/// An outbox in memory, of 16 lanes: for tests, and to try it out. Clones share it. Its clock is tokio's. It removes rows
/// when they are sent, and remembers until a purge that there was one.
///
/// ```
/// use std::num::NonZeroU16;
/// use std::time::Duration;
/// use strangler_fig::event::OutboxStore;
/// use strangler_fig::memory::InMemoryOutbox;
/// use strangler_fig::phase::{Incarnation, NodeId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let outbox = InMemoryOutbox::default();
/// let relay = NodeId { name: "relay-1".parse()?, incarnation: Incarnation::random()? };
/// let claims = outbox.claim(&relay, NonZeroU16::MAX, Duration::from_secs(30)).await?;
/// assert_eq!((claims.held.len(), claims.lanes.get()), (16, 16));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct InMemoryOutbox(pub(super) Arc<Mail>);

impl InMemoryOutbox {
    /// Begins a transaction; also of the inbox that was made with it.
    #[must_use]
    pub fn begin(&self) -> InMemoryMailTransaction {
        self.0.begin()
    }

    /// Makes a row unreadable, as a careless hand does; answers whether there is one.
    #[must_use = "there may be no such row"]
    pub fn spoil(&self, position: OutboxPosition) -> bool {
        self.0.lock().rows.spoil(position)
    }
}

#[async_trait]
impl Outbox<InMemoryMailTransaction> for InMemoryOutbox {
    async fn stage(
        &self,
        transaction: &mut InMemoryMailTransaction,
        messages: &[Message],
    ) -> Result<(), StoreError> {
        let keys = messages.iter().map(|message| Lock::Key(message.event.key.clone()));
        transaction.hold(&self.0, keys.collect()).await?;
        transaction.stage(messages);
        Ok(())
    }
}

#[async_trait]
impl OutboxStore for InMemoryOutbox {
    async fn claim(
        &self,
        relay: &NodeId,
        wanted: NonZeroU16,
        term: Duration,
    ) -> Result<LaneClaims, StoreError> {
        Ok(self.0.lock().lanes.claim(relay, wanted, term, Instant::now()))
    }

    async fn release(&self, claims: &[LaneClaim]) -> Result<(), StoreError> {
        self.0.lock().lanes.release(claims);
        Ok(())
    }

    async fn fetch(
        &self,
        claims: &[LaneClaim],
        limit: FetchLimit,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let now = Instant::now();
        let state = self.0.lock();
        let lanes = state.lanes.live(claims, now);
        Ok(state.rows.due(&lanes, limit, now))
    }

    async fn settle(
        &self,
        claim: &LaneClaim,
        ends: &[(OutboxPosition, RowEnd)],
    ) -> Result<(), StoreError> {
        let mut state = self.0.lock();
        if !state.lanes.is_newest(claim) {
            return Err(StoreError::conflict("the lane was claimed under a later epoch"));
        }
        state.rows.settle(claim.lane, ends, Instant::now());
        Ok(())
    }

    async fn parked(
        &self,
        after: Option<OutboxPosition>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ParkedRow>, StoreError> {
        Ok(self.0.lock().rows.parked(after, limit, Instant::now()))
    }

    async fn retry(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        let is_parked = self.0.lock().rows.retry(position);
        if is_parked {
            self.0.tell();
        }
        Ok(is_parked)
    }

    async fn discard(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        let was_parked = self.0.lock().rows.discard(position);
        if was_parked {
            self.0.tell();
        }
        Ok(was_parked)
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        Ok(self.0.lock().rows.purge(age, limit, Instant::now()))
    }

    async fn depth(&self) -> Result<OutboxDepth, StoreError> {
        Ok(self.0.lock().rows.depth(Instant::now()))
    }

    fn notifies(&self) -> bool {
        true
    }

    async fn staged(&self) {
        self.0.staged.notified().await;
    }
}
