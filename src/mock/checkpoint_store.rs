use std::time::Duration;

use async_trait::async_trait;
use mockall::mock;

use crate::backfill::{
    Checkpoint, CheckpointStore, Claim, JobName, Partition, PartitionState, WorkerName,
};
use crate::error::StoreError;

mock! {
    /// A mock of [`CheckpointStore`](crate::backfill::CheckpointStore).
    ///
    /// ```
    /// use std::time::Duration;
    /// use strangler_fig::backfill::CheckpointStore;
    /// use strangler_fig::mock::MockCheckpointStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut store = MockCheckpointStore::new();
    /// store.expect_claim().times(1).returning(|_, _, _| Ok(None));
    /// let claim = store.claim(&"users".parse()?, &"node-1".parse()?, Duration::from_secs(30)).await?;
    /// assert_eq!(claim, None);
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub CheckpointStore {}

    #[async_trait]
    impl CheckpointStore for CheckpointStore {
        async fn open(&self, job: &JobName, partitions: &[Partition]) -> Result<(), StoreError>;
        async fn load(&self, job: &JobName) -> Result<Vec<PartitionState>, StoreError>;
        async fn claim(
            &self,
            job: &JobName,
            worker: &WorkerName,
            term: Duration,
        ) -> Result<Option<Claim>, StoreError>;
        async fn save(
            &self,
            claim: &Claim,
            checkpoint: &Checkpoint,
            term: Duration,
        ) -> Result<(), StoreError>;
        async fn release(&self, claim: &Claim) -> Result<(), StoreError>;
        async fn remove(&self, job: &JobName) -> Result<(), StoreError>;
    }
}
