use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{Checkpoint, Claim, JobName, Partition, PartitionState, WorkerName};
use crate::error::StoreError;

/// Where a backfill writes down how far it has come, and who works on what.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::backfill::{Checkpoint, CheckpointStore, JobName, Partition};
/// use strangler_fig::memory::InMemoryCheckpointStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (store, job) = (InMemoryCheckpointStore::default(), "users".parse::<JobName>()?);
/// store.open(&job, &[Partition { after: None, until: vec![9] }]).await?;
///
/// let term = Duration::from_secs(30);
/// let claim = store.claim(&job, &"node-1".parse()?, term).await?.expect("nobody holds it");
/// let mut done = claim.checkpoint.clone();
/// done.is_done = true;
/// store.save(&claim, &done, term).await?;
/// assert_eq!(store.claim(&job, &"node-2".parse()?, term).await?, None);
///
/// store.remove(&job).await?;
/// assert!(store.load(&job).await?.is_empty());
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `open` records a job and its partitions, numbered from 0 in their order;
///    of several calls the first counts, and the later ones change nothing.
/// 2. `load` answers every partition in order, as last saved; none if the job
///    was never opened.
/// 3. `claim` answers a partition that is not done and that no other worker holds,
///    the first one first, under an epoch larger than any before; `None` if there
///    is none. Of two workers at once, at most one gets it. What a worker of this
///    name holds already is free to it: it has died, and come back.
/// 4. A claim is held until `release`, or until its term has run out by the
///    store's own clock. `save` under it begins the term anew.
/// 5. `save` replaces the checkpoint of a partition if the claim's epoch is the
///    newest of that partition, though its term may have run out; else it is
///    `Conflict` and changes nothing. It is durable when it answers `Ok`.
/// 6. `release` of a claim that is not the newest changes nothing and is no error.
/// 7. `remove` forgets a job and all of its claims: a later `open` begins it anew.
///    A claim of before is never the newest again.
/// 8. Jobs do not disturb each other.
///
/// # Cancel safety
///
/// A dropped `claim` may hold a partition until its term has run out. A dropped
/// `save` may have had its effect; saving again is harmless.
#[async_trait]
pub trait CheckpointStore: fmt::Debug + Send + Sync + 'static {
    /// Records a job, unless there is one of that name.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Rejected`: nothing was recorded; `Unknown`: open again.
    async fn open(&self, job: &JobName, partitions: &[Partition]) -> Result<(), StoreError>;

    /// The partitions of a job.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored cannot be read; else `Unavailable`.
    async fn load(&self, job: &JobName) -> Result<Vec<PartitionState>, StoreError>;

    /// Claims a partition for `worker`, for `term`.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Unknown`: a partition may be held until the term is over.
    async fn claim(
        &self,
        job: &JobName,
        worker: &WorkerName,
        term: Duration,
    ) -> Result<Option<Claim>, StoreError>;

    /// Replaces the checkpoint of a claimed partition and renews the claim.
    ///
    /// # Errors
    ///
    /// `Conflict` if the claim is not the newest; `Unavailable`: not saved;
    /// `Unknown`: save again.
    async fn save(
        &self,
        claim: &Claim,
        checkpoint: &Checkpoint,
        term: Duration,
    ) -> Result<(), StoreError>;

    /// Gives a claim back.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: it ends by its term.
    async fn release(&self, claim: &Claim) -> Result<(), StoreError>;

    /// Forgets a job.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`.
    async fn remove(&self, job: &JobName) -> Result<(), StoreError>;
}
