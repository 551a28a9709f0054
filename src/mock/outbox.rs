use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::event::{
    Arrival, EventEnvelope, FetchLimit, Inbox, LaneClaim, LaneClaims, Message, Outbox, OutboxDepth,
    OutboxPosition, OutboxRow, OutboxStore, ParkedRow, RowEnd, SubscriptionName,
};
use crate::phase::NodeId;

mock! {
    /// A mock of [`Outbox`](crate::event::Outbox), with transactions of your own.
    ///
    /// ```
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::event::Outbox;
    /// use strangler_fig::mock::MockOutbox;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut outbox = MockOutbox::<String>::new();
    /// outbox.expect_stage().returning(|_, _| Err(StoreError::unavailable("a deadlock")));
    /// assert!(outbox.stage(&mut "a transaction".to_owned(), &[]).await.is_err());
    /// # }
    /// ```
    #[derive(Debug)]
    pub Outbox<T: Send + Sync + 'static> {}

    #[async_trait]
    impl<T: Send + Sync + 'static> Outbox<T> for Outbox<T> {
        async fn stage(
            &self,
            transaction: &mut T,
            messages: &[Message],
        ) -> Result<(), StoreError>;
    }
}

mock! {
    /// A mock of [`OutboxStore`](crate::event::OutboxStore).
    ///
    /// ```
    /// use strangler_fig::event::{OutboxDepth, OutboxStore};
    /// use strangler_fig::mock::MockOutboxStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
    /// let mut outbox = MockOutboxStore::new();
    /// let depth = OutboxDepth::new(7, 0, None);
    /// outbox.expect_depth().times(1).returning(move || Ok(depth));
    /// assert_eq!(outbox.depth().await?.pending, 7);
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub OutboxStore {}

    #[async_trait]
    impl OutboxStore for OutboxStore {
        async fn claim(
            &self,
            relay: &NodeId,
            wanted: NonZeroU16,
            term: Duration,
        ) -> Result<LaneClaims, StoreError>;
        async fn release(&self, claims: &[LaneClaim]) -> Result<(), StoreError>;
        async fn fetch(
            &self,
            claims: &[LaneClaim],
            limit: FetchLimit,
        ) -> Result<Vec<OutboxRow>, StoreError>;
        async fn settle(
            &self,
            claim: &LaneClaim,
            ends: &[(OutboxPosition, RowEnd)],
        ) -> Result<(), StoreError>;
        async fn parked(
            &self,
            after: Option<OutboxPosition>,
            limit: NonZeroUsize,
        ) -> Result<Vec<ParkedRow>, StoreError>;
        async fn retry(&self, position: OutboxPosition) -> Result<bool, StoreError>;
        async fn discard(&self, position: OutboxPosition) -> Result<bool, StoreError>;
        async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError>;
        async fn depth(&self) -> Result<OutboxDepth, StoreError>;
    }
}

mock! {
    /// A mock of [`Inbox`](crate::event::Inbox), with transactions of your own.
    ///
    /// ```
    /// use strangler_fig::event::{Arrival, EventEnvelope, EventPayload, Inbox};
    /// use strangler_fig::mock::MockInbox;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut inbox = MockInbox::<String>::new();
    /// inbox.expect_admit().returning(|_, _, _| Ok(Arrival::Again));
    /// let [id, source, kind, key] = ["1", "/shop", "order.created", "order-4711"];
    /// let payload = EventPayload::default();
    /// let event =
    ///     EventEnvelope::new(id.parse()?, source.parse()?, kind.parse()?, key.parse()?, payload);
    /// let mut transaction = "a transaction".to_owned();
    /// let arrival = inbox.admit(&mut transaction, &"billing".parse()?, &event).await?;
    /// assert_eq!(arrival, Arrival::Again);
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub Inbox<T: Send + Sync + 'static> {}

    #[async_trait]
    impl<T: Send + Sync + 'static> Inbox<T> for Inbox<T> {
        async fn admit(
            &self,
            transaction: &mut T,
            consumer: &SubscriptionName,
            event: &EventEnvelope,
        ) -> Result<Arrival, StoreError>;
    }
}
