use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};

mock! {
    /// A mock of [`RepairQueue`](crate::reconcile::RepairQueue).
    ///
    /// ```
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::mock::MockRepairQueue;
    /// use strangler_fig::reconcile::{RepairNote, RepairQueue};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut queue = MockRepairQueue::new();
    /// queue
    ///     .expect_note()
    ///     .withf(|notes| notes.len() == 1)
    ///     .returning(|_| Err(StoreError::unavailable("down")));
    /// let note = RepairNote { key: vec![7], reason: "mismatch".to_owned() };
    /// assert!(queue.note(&[note]).await.is_err());
    /// # }
    /// ```
    #[derive(Debug)]
    pub RepairQueue {}

    #[async_trait]
    impl RepairQueue for RepairQueue {
        async fn note(&self, notes: &[RepairNote]) -> Result<(), StoreError>;
        async fn take(
            &self,
            limit: NonZeroUsize,
            hidden_for: Duration,
        ) -> Result<Vec<RepairEntry>, StoreError>;
        async fn finish(&self, entry: &RepairEntry) -> Result<(), StoreError>;
        async fn postpone(
            &self,
            entry: &RepairEntry,
            delay: Duration,
            error: &str,
        ) -> Result<(), StoreError>;
        async fn park(&self, entry: &RepairEntry, error: &str) -> Result<(), StoreError>;
        async fn retry(&self, key: &[u8]) -> Result<bool, StoreError>;
        // Mocked only with all lifetimes named.
        async fn waiting<'s, 'a>(
            &'s self,
            after: Option<&'a [u8]>,
            limit: NonZeroUsize,
        ) -> Result<Vec<RepairEntry>, StoreError>;
        async fn parked<'s, 'a>(
            &'s self,
            after: Option<&'a [u8]>,
            limit: NonZeroUsize,
        ) -> Result<Vec<RepairEntry>, StoreError>;
        async fn depth(&self) -> Result<RepairDepth, StoreError>;
    }
}
