use std::num::NonZeroUsize;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::event::{
    Delivery, EventPublisher, EventSubscriber, EventSubscription, Message, Receipt, Settlement,
    SubscriptionLimits, SubscriptionName, Topic,
};

mock! {
    /// A mock of [`EventPublisher`](crate::event::EventPublisher).
    ///
    /// ```
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::event::EventPublisher;
    /// use strangler_fig::mock::MockEventPublisher;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut bus = MockEventPublisher::new();
    /// let away = || Err(StoreError::unavailable("the bus is away"));
    /// bus.expect_publish().times(1).returning(move |them| them.iter().map(|_| away()).collect());
    /// assert!(bus.publish(&[]).await.is_empty());
    /// # }
    /// ```
    #[derive(Debug)]
    pub EventPublisher {}

    #[async_trait]
    impl EventPublisher for EventPublisher {
        async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>>;
    }
}

mock! {
    /// A mock of [`EventSubscriber`](crate::event::EventSubscriber).
    ///
    /// ```
    /// use strangler_fig::event::{EventSubscriber, EventSubscription};
    /// use strangler_fig::mock::{MockEventSubscriber, MockEventSubscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut bus = MockEventSubscriber::new();
    /// bus.expect_subscribe()
    ///     .times(1)
    ///     .returning(|_, _, _| Ok(Box::new(MockEventSubscription::new()) as Box<dyn EventSubscription>));
    /// bus.subscribe(&"billing".parse()?, &[], Default::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub EventSubscriber {}

    #[async_trait]
    impl EventSubscriber for EventSubscriber {
        // Mocked only with all lifetimes named.
        async fn subscribe<'s, 'n, 't>(
            &'s self,
            name: &'n SubscriptionName,
            topics: &'t [Topic],
            limits: SubscriptionLimits,
        ) -> Result<Box<dyn EventSubscription>, StoreError>;
    }
}

mock! {
    /// A mock of [`EventSubscription`](crate::event::EventSubscription), its `extend` too.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::event::EventSubscription;
    /// use strangler_fig::mock::MockEventSubscription;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut subscription = MockEventSubscription::new();
    /// subscription.expect_receive().returning(|_| Err(StoreError::unavailable("no connection")));
    /// assert!(subscription.receive(NonZeroUsize::MIN).await.is_err());
    /// # }
    /// ```
    #[derive(Debug)]
    pub EventSubscription {}

    #[async_trait]
    impl EventSubscription for EventSubscription {
        async fn receive(&self, limit: NonZeroUsize) -> Result<Vec<Delivery>, StoreError>;
        async fn settle(&self, receipt: Receipt, settlement: &Settlement) -> Result<(), StoreError>;
        async fn extend(&self, receipts: &[Receipt]) -> Result<(), StoreError>;
    }
}
