use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::event::{EventId, Reply, ReplyStore};

mock! {
    /// A mock of [`ReplyStore`](crate::event::ReplyStore).
    ///
    /// ```
    /// use strangler_fig::event::{Reply, ReplyStore};
    /// use strangler_fig::mock::MockReplyStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut replies = MockReplyStore::new();
    /// replies.expect_get().returning(|_| Ok(Some(Reply::Refused("sold out".to_owned()))));
    /// assert!(replies.get(&"order:4711/reserve#execute".parse()?).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub ReplyStore {}

    #[async_trait]
    impl ReplyStore for ReplyStore {
        async fn put(&self, correlation: &EventId, reply: &Reply) -> Result<bool, StoreError>;
        async fn get(&self, correlation: &EventId) -> Result<Option<Reply>, StoreError>;
        async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError>;
    }
}
