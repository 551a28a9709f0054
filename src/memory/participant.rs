use std::fmt;

use async_trait::async_trait;

use super::{
    InMemoryBarrier, InMemoryBarrierTransaction, InMemoryMailTransaction, InMemoryOutbox,
    in_memory_mail,
};
use crate::error::StoreError;
use crate::event::{Message, Outbox, UnitOfWork};
use crate::saga::{BarrierCall, Payload, SagaBarrier, Verdict};

/// The store of a [`CommandParticipant`](crate::event::CommandParticipant), in memory: a
/// barrier and an outbox whose transactions are one. Clones share everything.
///
/// ```
/// use strangler_fig::event::{OutboxStore, UnitOfWork};
/// use strangler_fig::memory::InMemoryParticipant;
/// use strangler_fig::saga::{BarrierCall, Direction, SagaBarrier, Verdict};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = InMemoryParticipant::default();
/// let (saga, step) = ("order:4711".parse()?, "charge".parse()?);
/// let charge = BarrierCall { saga, step, direction: Direction::Execute, epoch: 1 };
/// let mut transaction = store.begin().await?;
/// assert_eq!(store.enter(&mut transaction, &charge).await?, Verdict::Run);
/// store.commit(transaction).await?;
/// assert_eq!(store.outbox().depth().await?.pending, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct InMemoryParticipant {
    barrier: InMemoryBarrier,
    outbox: InMemoryOutbox,
}

impl Default for InMemoryParticipant {
    fn default() -> Self {
        Self { barrier: InMemoryBarrier::default(), outbox: in_memory_mail().0 }
    }
}

impl InMemoryParticipant {
    /// Where answers are staged, for a relay.
    #[must_use]
    pub const fn outbox(&self) -> &InMemoryOutbox {
        &self.outbox
    }
}

/// A transaction on an [`InMemoryParticipant`]: the barrier is its own until it ends, and who
/// begins another one within it waits for ever.
pub struct InMemoryParticipantTransaction {
    seen: InMemoryBarrierTransaction,
    mail: InMemoryMailTransaction,
}

impl InMemoryParticipantTransaction {
    /// Does something when, and only if, it commits, in the same moment, as
    /// [`InMemoryMailTransaction::on_commit`] does.
    pub fn on_commit(&mut self, effect: impl FnOnce() + Send + 'static) {
        self.mail.on_commit(effect);
    }
}

impl fmt::Debug for InMemoryParticipantTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryParticipantTransaction").finish_non_exhaustive()
    }
}

#[async_trait]
impl UnitOfWork for InMemoryParticipant {
    type Transaction = InMemoryParticipantTransaction;

    async fn begin(&self) -> Result<Self::Transaction, StoreError> {
        let seen = self.barrier.begin().await;
        Ok(InMemoryParticipantTransaction { seen, mail: self.outbox.begin() })
    }

    async fn commit(&self, transaction: Self::Transaction) -> Result<(), StoreError> {
        let InMemoryParticipantTransaction { seen, mut mail } = transaction;
        mail.on_commit(move || seen.commit());
        mail.commit()
    }
}

#[async_trait]
impl SagaBarrier for InMemoryParticipant {
    type Transaction = InMemoryParticipantTransaction;

    async fn enter(
        &self,
        transaction: &mut Self::Transaction,
        call: &BarrierCall,
    ) -> Result<Verdict, StoreError> {
        self.barrier.enter(&mut transaction.seen, call).await
    }

    async fn record(
        &self,
        transaction: &mut Self::Transaction,
        call: &BarrierCall,
        output: &Payload,
    ) -> Result<(), StoreError> {
        self.barrier.record(&mut transaction.seen, call, output).await
    }
}

#[async_trait]
impl Outbox<InMemoryParticipantTransaction> for InMemoryParticipant {
    async fn stage(
        &self,
        transaction: &mut InMemoryParticipantTransaction,
        messages: &[Message],
    ) -> Result<(), StoreError> {
        self.outbox.stage(&mut transaction.mail, messages).await
    }
}
