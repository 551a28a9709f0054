use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::phase::NodeId;
use crate::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaJournal,
};

mock! {
    /// A mock of [`SagaJournal`](crate::saga::SagaJournal).
    ///
    /// ```
    /// use std::time::Duration;
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::mock::MockSagaJournal;
    /// use strangler_fig::saga::{SagaAppend, SagaClaim, SagaJournal, SagaStatus};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut journal = MockSagaJournal::new();
    /// journal.expect_append().times(1).returning(|_, _, _| Err(StoreError::unknown("timeout")));
    /// let claim = SagaClaim { saga: "order:4711".parse()?, epoch: 1 };
    /// let status = SagaStatus::Running;
    /// let append = SagaAppend { position: 7, entries: &[], status, outcome: None };
    /// assert!(journal.append(&claim, &append, Duration::from_secs(30)).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub SagaJournal {}

    #[async_trait]
    impl SagaJournal for SagaJournal {
        async fn create(
            &self,
            saga: &NewSaga,
            entries: &[SagaEntry],
            runner: &NodeId,
            term: Duration,
        ) -> Result<Created, StoreError>;
        // Mocked only with all lifetimes named.
        async fn append<'s, 'c, 'a, 'e>(
            &'s self,
            claim: &'c SagaClaim,
            append: &'a SagaAppend<'e>,
            term: Duration,
        ) -> Result<(), StoreError>;
        async fn load(
            &self,
            saga: &SagaId,
        ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError>;
        async fn claim(
            &self,
            saga: &SagaId,
            runner: &NodeId,
            term: Duration,
        ) -> Result<Option<SagaClaim>, StoreError>;
        async fn renew(
            &self,
            claims: &[SagaClaim],
            term: Duration,
        ) -> Result<Vec<SagaId>, StoreError>;
        async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError>;
        async fn list<'s, 'f, 'a>(
            &'s self,
            filter: &'f SagaFilter,
            after: Option<&'a SagaId>,
            limit: NonZeroUsize,
        ) -> Result<Vec<SagaHeader>, StoreError>;
        async fn purge(&self, saga: &SagaId) -> Result<(), StoreError>;
    }
}
