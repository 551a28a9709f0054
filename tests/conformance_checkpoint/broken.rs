use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::backfill::{
    Checkpoint, CheckpointStore, Claim, JobName, Partition, PartitionState, WorkerName,
};
use strangler_fig::error::StoreError;
use strangler_fig::testkit::conformance::CheckpointFixture;
use tokio::time::Instant;

/// One way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Sound,
    /// `open` replaces what is there.
    OpenOverwrites,
    /// Partitions come back in the order of their last keys.
    PartitionsAreSorted,
    /// Keys are stored as text.
    KeysAreText,
    /// Names are compared as a careless collation does it.
    CaseIsIgnored,
    /// `save` does not look at the epoch.
    EpochIsIgnored,
    /// `save` is refused once the term is over, though nobody took the partition.
    ExpiredMaySaveNoMore,
    /// A claim never expires.
    NeverExpires,
    /// `save` does not renew.
    SaveDoesNotRenew,
    /// A claim takes the epoch of the last one.
    EpochStays,
    /// Epochs begin anew with each job.
    EpochsOfAJob,
    /// What is done may be claimed.
    DoneIsClaimed,
    /// `release` of any claim frees the partition.
    ReleaseIsBlind,
    /// `claim` looks, and writes somewhat later.
    LooksThenClaims,
    /// A claim begins from the start of its partition.
    BeginsAnew,
    /// Counts are not stored.
    CountsAreLost,
    /// An empty key is stored as none.
    EmptyIsNone,
    /// `remove` leaves what was copied.
    RemoveLeavesCheckpoints,
    /// Removing or releasing what is not there is an error.
    NothingIsAnError,
    /// The holder stays named after its end.
    HolderStays,
    /// A handle of another process shows what was saved, but no claim.
    ClaimsInTheProcess,
    /// A worker that died and came back finds its own claim in its way.
    OwnClaimIsInTheWay,
    /// A second save of the same checkpoint is a conflict.
    SavesOnce,
}

#[derive(Debug, Clone)]
struct Slot {
    partition: Partition,
    checkpoint: Checkpoint,
    epoch: u64,
    held: Option<(WorkerName, Instant)>,
}

#[derive(Debug, Default)]
struct Shared {
    jobs: BTreeMap<String, Vec<Slot>>,
    newest_epoch: u64,
}

/// A store in memory that breaks the contract in one way.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    fault: Fault,
    shared: Arc<Mutex<Shared>>,
    /// Only one handle knows the claims, if that is the fault.
    is_first: bool,
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, shared: Arc::default(), is_first: true }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    fn name(&self, job: &JobName) -> String {
        match self.fault {
            Fault::CaseIsIgnored => job.as_str().trim().to_lowercase(),
            _ => job.as_str().to_owned(),
        }
    }

    fn text(&self, key: Vec<u8>) -> Vec<u8> {
        match self.fault {
            Fault::KeysAreText => String::from_utf8_lossy(&key).into_owned().into_bytes(),
            _ => key,
        }
    }

    fn is_held(&self, slot: &Slot) -> bool {
        let lasts = |until: &Instant| self.is(Fault::NeverExpires) || *until > Instant::now();
        let forgets = self.is(Fault::ClaimsInTheProcess) && !self.is_first;
        !forgets && slot.held.as_ref().is_some_and(|(_, until)| lasts(until))
    }

    fn find(&self, job: &JobName, worker: &WorkerName) -> Option<usize> {
        let shared = self.lock();
        let slots = shared.jobs.get(&self.name(job))?;
        slots.iter().position(|slot| {
            let is_done = slot.checkpoint.is_done && !self.is(Fault::DoneIsClaimed);
            let is_own = slot.held.as_ref().is_some_and(|(holder, _)| holder == worker)
                && !self.is(Fault::OwnClaimIsInTheWay);
            !is_done && (!self.is_held(slot) || is_own)
        })
    }

    fn conflict() -> Result<(), StoreError> {
        Err(StoreError::conflict("another worker has it"))
    }
}

#[async_trait]
impl CheckpointStore for Broken {
    async fn open(&self, job: &JobName, partitions: &[Partition]) -> Result<(), StoreError> {
        let name = self.name(job);
        let mut shared = self.lock();
        if shared.jobs.contains_key(&name) && !self.is(Fault::OpenOverwrites) {
            return Ok(());
        }
        let mut slots: Vec<Slot> = Vec::new();
        for Partition { after, until } in partitions.iter().cloned() {
            let (after, until) = (after.map(|after| self.text(after)), self.text(until));
            slots.push(Slot {
                partition: Partition { after, until },
                checkpoint: Checkpoint::default(),
                epoch: 0,
                held: None,
            });
        }
        if self.is(Fault::PartitionsAreSorted) {
            slots.sort_by(|a, b| b.partition.until.cmp(&a.partition.until));
        }
        shared.jobs.insert(name, slots);
        Ok(())
    }

    async fn load(&self, job: &JobName) -> Result<Vec<PartitionState>, StoreError> {
        let shared = self.lock();
        let slots = shared.jobs.get(&self.name(job)).cloned().unwrap_or_default();
        let state = |slot: Slot| {
            let is_shown = self.is(Fault::HolderStays) || self.is_held(&slot);
            let mut state = PartitionState::new(slot.partition, slot.checkpoint, slot.epoch);
            state.holder = slot.held.filter(|_| is_shown).map(|(worker, _)| worker);
            state
        };
        Ok(slots.into_iter().map(state).collect())
    }

    async fn claim(
        &self,
        job: &JobName,
        worker: &WorkerName,
        term: Duration,
    ) -> Result<Option<Claim>, StoreError> {
        let Some(number) = self.find(job, worker) else { return Ok(None) };
        if self.is(Fault::LooksThenClaims) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut shared = self.lock();
        shared.newest_epoch += 1;
        let newest = shared.newest_epoch;
        let Some(slots) = shared.jobs.get_mut(&self.name(job)) else { return Ok(None) };
        let slot = &mut slots[number];
        // Somebody else may have been here since it was found.
        let is_own = slot.held.as_ref().is_some_and(|(holder, _)| holder == worker);
        if self.is_held(slot) && !is_own && !self.is(Fault::LooksThenClaims) {
            return Ok(None);
        }
        slot.epoch = match self.fault {
            Fault::EpochStays => 1,
            Fault::EpochsOfAJob => slot.epoch + 1,
            _ => newest,
        };
        slot.held = Some((worker.clone(), Instant::now() + term));
        let checkpoint = match self.fault {
            Fault::BeginsAnew => Checkpoint::default(),
            _ => slot.checkpoint.clone(),
        };
        let (number, partition) = (u32::try_from(number).unwrap(), slot.partition.clone());
        Ok(Some(Claim::new(job.clone(), number, slot.epoch, partition, checkpoint)))
    }

    async fn save(
        &self,
        claim: &Claim,
        checkpoint: &Checkpoint,
        term: Duration,
    ) -> Result<(), StoreError> {
        let mut shared = self.lock();
        let slots = shared.jobs.get_mut(&self.name(&claim.job));
        let number = usize::try_from(claim.number).unwrap();
        let Some(slot) = slots.and_then(|slots| slots.get_mut(number)) else {
            return Self::conflict();
        };
        let is_newest = slot.epoch == claim.epoch || self.is(Fault::EpochIsIgnored);
        let is_late = self.is(Fault::ExpiredMaySaveNoMore) && !self.is_held(slot);
        let is_twice = self.is(Fault::SavesOnce) && slot.checkpoint == *checkpoint;
        if !is_newest || is_late || is_twice {
            return Self::conflict();
        }
        let mut checkpoint = checkpoint.clone();
        if self.is(Fault::CountsAreLost) {
            (checkpoint.scanned, checkpoint.copied, checkpoint.level, checkpoint.failed) =
                (0, 0, 0, 0);
        }
        if self.is(Fault::EmptyIsNone) {
            checkpoint.after = checkpoint.after.filter(|after| !after.is_empty());
        }
        slot.checkpoint = checkpoint;
        if let Some((_, until)) = &mut slot.held
            && !self.is(Fault::SaveDoesNotRenew)
        {
            *until = Instant::now() + term;
        }
        Ok(())
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let mut shared = self.lock();
        let slots = shared.jobs.get_mut(&self.name(&claim.job));
        let number = usize::try_from(claim.number).unwrap();
        let slot = slots.and_then(|slots| slots.get_mut(number));
        let slot = slot.filter(|slot| slot.epoch == claim.epoch || self.is(Fault::ReleaseIsBlind));
        match slot {
            Some(slot) => slot.held = None,
            None if self.is(Fault::NothingIsAnError) => return Self::conflict(),
            None => {}
        }
        Ok(())
    }

    async fn remove(&self, job: &JobName) -> Result<(), StoreError> {
        let mut shared = self.lock();
        let name = self.name(job);
        if self.is(Fault::RemoveLeavesCheckpoints) {
            for slot in shared.jobs.get_mut(&name).into_iter().flatten() {
                slot.held = None;
            }
            return Ok(());
        }
        if shared.jobs.remove(&name).is_none() && self.is(Fault::NothingIsAnError) {
            return Self::conflict();
        }
        Ok(())
    }
}

#[async_trait]
impl CheckpointFixture for Broken {
    fn store(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(self.clone())
    }

    async fn reopened(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(Self { is_first: false, ..self.clone() })
    }
}
