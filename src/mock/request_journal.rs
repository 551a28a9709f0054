use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::gateway::dual::{
    NewRequest, Recorded, RequestAppend, RequestClaim, RequestJournal, RequestKey, RequestRecord,
    RequestRetention, Shelf,
};
use crate::phase::NodeId;

mock! {
    /// A mock of [`RequestJournal`](crate::gateway::dual::RequestJournal).
    ///
    /// ```
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::gateway::dual::{RequestJournal, RequestKey};
    /// use strangler_fig::mock::MockRequestJournal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut journal = MockRequestJournal::new();
    /// journal.expect_load().times(1).returning(|_| Err(StoreError::unavailable("it is away")));
    /// assert!(journal.load(&RequestKey::new("", "order-4711")?).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub RequestJournal {}

    #[async_trait]
    impl RequestJournal for RequestJournal {
        async fn record(
            &self,
            request: &NewRequest,
            holder: &NodeId,
            term: Duration,
        ) -> Result<Recorded, StoreError>;
        // Mocked only with all lifetimes named.
        async fn note<'s, 'c, 'a, 'n>(
            &'s self,
            claim: &'c RequestClaim,
            append: &'a RequestAppend<'n>,
        ) -> Result<(), StoreError>;
        async fn load(&self, key: &RequestKey) -> Result<Option<RequestRecord>, StoreError>;
        async fn claim(
            &self,
            key: &RequestKey,
            holder: &NodeId,
            term: Duration,
        ) -> Result<Option<RequestClaim>, StoreError>;
        async fn take(
            &self,
            holder: &NodeId,
            limit: NonZeroUsize,
            term: Duration,
        ) -> Result<Vec<(RequestClaim, RequestRecord)>, StoreError>;
        async fn list<'s, 'a>(
            &'s self,
            shelf: Shelf,
            after: Option<&'a RequestKey>,
            limit: NonZeroUsize,
        ) -> Result<Vec<RequestRecord>, StoreError>;
        async fn purge(
            &self,
            retention: RequestRetention,
            limit: NonZeroUsize,
        ) -> Result<usize, StoreError>;
    }
}
