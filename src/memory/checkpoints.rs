use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::backfill::{
    Checkpoint, CheckpointStore, Claim, JobName, Partition, PartitionState, WorkerName,
};
use crate::error::StoreError;

/// Checkpoints in memory: for tests, and for backfills so short that they may
/// begin anew. Clones share them.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::backfill::{Checkpoint, CheckpointStore, JobName, Partition};
/// use strangler_fig::memory::InMemoryCheckpointStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (store, job) = (InMemoryCheckpointStore::default(), "users".parse::<JobName>()?);
/// let (slow, quick) = ("slow".parse()?, "quick".parse()?);
/// let term = Duration::from_secs(30);
/// store.open(&job, &[Partition { after: None, until: vec![9] }]).await?;
///
/// let claim = store.claim(&job, &slow, term).await?.expect("nobody holds it");
/// assert_eq!(store.claim(&job, &quick, term).await?, None);
/// store.release(&claim).await?;
///
/// let newer = store.claim(&job, &quick, term).await?.expect("it was released");
/// let mut half = Checkpoint::default();
/// half.after = Some(vec![4]);
/// store.save(&newer, &half, term).await?;
/// assert!(store.save(&claim, &Checkpoint::default(), term).await.is_err());
/// assert_eq!(store.load(&job).await?[0].checkpoint, half);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct InMemoryCheckpointStore(Arc<Mutex<Jobs>>);

#[derive(Default)]
struct Jobs {
    jobs: BTreeMap<JobName, Vec<Slot>>,
    /// Of all jobs, so that a claim of a forgotten one stays old.
    newest_epoch: u64,
}

/// How many partitions each job has.
impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.jobs.iter().map(|(job, slots)| (job.as_str(), slots.len())))
            .finish()
    }
}

struct Slot {
    partition: Partition,
    checkpoint: Checkpoint,
    epoch: u64,
    held: Option<(WorkerName, Instant)>,
}

impl Slot {
    fn holder(&self) -> Option<&WorkerName> {
        let (worker, until) = self.held.as_ref()?;
        (*until > Instant::now()).then_some(worker)
    }

    fn state(&self) -> PartitionState {
        PartitionState {
            partition: self.partition.clone(),
            checkpoint: self.checkpoint.clone(),
            epoch: self.epoch,
            holder: self.holder().cloned(),
        }
    }
}

impl Jobs {
    /// The partition of a claim, if it is the newest.
    fn claimed(&mut self, claim: &Claim) -> Option<&mut Slot> {
        let slots = self.jobs.get_mut(&claim.job)?;
        let slot = slots.get_mut(usize::try_from(claim.number).ok()?)?;
        (slot.epoch == claim.epoch).then_some(slot)
    }
}

impl InMemoryCheckpointStore {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A moment so far away that it does not matter which.
fn until(term: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(term).unwrap_or(now + Duration::from_secs(1 << 32))
}

#[async_trait]
impl CheckpointStore for InMemoryCheckpointStore {
    async fn open(&self, job: &JobName, partitions: &[Partition]) -> Result<(), StoreError> {
        let slot = |partition: &Partition| Slot {
            partition: partition.clone(),
            checkpoint: Checkpoint::default(),
            epoch: 0,
            held: None,
        };
        let mut jobs = self.lock();
        jobs.jobs.entry(job.clone()).or_insert_with(|| partitions.iter().map(slot).collect());
        Ok(())
    }

    async fn load(&self, job: &JobName) -> Result<Vec<PartitionState>, StoreError> {
        let jobs = self.lock();
        Ok(jobs.jobs.get(job).into_iter().flatten().map(Slot::state).collect())
    }

    async fn claim(
        &self,
        job: &JobName,
        worker: &WorkerName,
        term: Duration,
    ) -> Result<Option<Claim>, StoreError> {
        let mut jobs = self.lock();
        let epoch = jobs.newest_epoch + 1;
        let slots = jobs.jobs.get_mut(job).into_iter().flatten().enumerate();
        let free = |(_, slot): &(usize, &mut Slot)| {
            !slot.checkpoint.is_done && slot.holder().is_none_or(|holder| holder == worker)
        };
        let Some((number, slot)) = slots.into_iter().find(free) else { return Ok(None) };
        (slot.epoch, slot.held) = (epoch, Some((worker.clone(), until(term))));
        let claim = Claim {
            job: job.clone(),
            number: u32::try_from(number).map_err(StoreError::rejected)?,
            epoch,
            partition: slot.partition.clone(),
            checkpoint: slot.checkpoint.clone(),
        };
        jobs.newest_epoch = epoch;
        Ok(Some(claim))
    }

    async fn save(
        &self,
        claim: &Claim,
        checkpoint: &Checkpoint,
        term: Duration,
    ) -> Result<(), StoreError> {
        let mut jobs = self.lock();
        let Some(slot) = jobs.claimed(claim) else {
            return Err(StoreError::conflict("the partition was claimed by another worker"));
        };
        slot.checkpoint = checkpoint.clone();
        if let Some((_, held_until)) = &mut slot.held {
            *held_until = until(term);
        }
        Ok(())
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        if let Some(slot) = self.lock().claimed(claim) {
            slot.held = None;
        }
        Ok(())
    }

    async fn remove(&self, job: &JobName) -> Result<(), StoreError> {
        self.lock().jobs.remove(job);
        Ok(())
    }
}
