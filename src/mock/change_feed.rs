use std::num::NonZeroUsize;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::event::{ChangeFeed, ChangePage, FeedLag, FeedMark, LagSource};
use crate::key::Key;
use crate::repository::Entity;

mock! {
    /// A mock of [`ChangeFeed`](crate::event::ChangeFeed).
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::event::ChangeFeed;
    /// use strangler_fig::mock::MockChangeFeed;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut feed = MockChangeFeed::<u32, String>::new();
    /// feed.expect_changes().times(1).returning(|_| Err(StoreError::rejected("the slot was lost")));
    /// assert!(feed.changes(NonZeroUsize::MIN).await.is_err());
    /// # }
    /// ```
    #[derive(Debug)]
    pub ChangeFeed<K: Key, E: Entity> {}

    #[async_trait]
    impl<K: Key, E: Entity> LagSource for ChangeFeed<K, E> {
        async fn lag(&self) -> Result<FeedLag, StoreError>;
    }

    #[async_trait]
    impl<K: Key, E: Entity> ChangeFeed for ChangeFeed<K, E> {
        type Key = K;
        type Entity = E;

        async fn changes(&self, limit: NonZeroUsize) -> Result<ChangePage<K, E>, StoreError>;
        async fn settle(&self, mark: &FeedMark) -> Result<(), StoreError>;
    }
}

mock! {
    /// A mock of [`LagSource`](crate::event::LagSource).
    ///
    /// ```
    /// use strangler_fig::event::{FeedLag, LagSource};
    /// use strangler_fig::mock::MockLagSource;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut feed = MockLagSource::new();
    /// feed.expect_lag().returning(|| Ok(FeedLag::new(None, Some(0))));
    /// assert_eq!(feed.lag().await.unwrap().oldest, None);
    /// # }
    /// ```
    #[derive(Debug)]
    pub LagSource {}

    #[async_trait]
    impl LagSource for LagSource {
        async fn lag(&self) -> Result<FeedLag, StoreError>;
    }
}
