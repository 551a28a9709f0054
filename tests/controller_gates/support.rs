//! A state, a fleet and a move to read gates with, and sources that do as they are
//! told.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::backfill::{
    Checkpoint, CheckpointStore, Claim, JobName, Partition, PartitionState, WorkerName,
};
use strangler_fig::controller::{
    Gate, GateContext, GateReading, SignalSource, Signals, Verification, VerificationSource,
};
use strangler_fig::error::StoreError;
use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue};
use strangler_fig::phase::{
    Backlog, Fleet, Incarnation, MigrationState, Move, NodeId, NodeLease, Phase,
};
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// What a gate is asked about.
pub(crate) struct World {
    pub(crate) state: MigrationState,
    pub(crate) leases: Vec<NodeLease>,
}

impl World {
    /// A migration that has not begun, on nodes that work by it.
    pub(crate) fn of(nodes: u32) -> Self {
        let state = MigrationState::new("users".parse().unwrap());
        let state = state.with_nodes_expected(nodes.try_into().unwrap());
        let leases = (1..=nodes).map(|it| node(it).adopting(state.adopted())).collect();
        Self { state, leases }
    }

    pub(crate) fn with_backlog(mut self, node: usize, keys: u64, overflowed: bool) -> Self {
        self.leases[node].backlog = Backlog::new(keys, overflowed);
        self
    }

    pub(crate) async fn read(&self, gate: &dyn Gate) -> GateReading {
        let fleet = Fleet::new(self.leases.clone());
        let step = Move::to(Phase::Cutover);
        gate.read(&GateContext::new(&self.state, &fleet, &step)).await
    }
}

pub(crate) fn node(number: u32) -> NodeLease {
    let name = format!("node-{number}").parse().unwrap();
    NodeLease::new(NodeId { name, incarnation: Incarnation::fixed(number.into()) })
}

/// That it is open, and what it saw.
pub(crate) fn open(reading: &GateReading) -> &str {
    assert!(reading.is_open, "{reading}");
    &reading.saw
}

/// That it is closed, and why.
pub(crate) fn closed(reading: &GateReading) -> &str {
    assert!(!reading.is_open, "{reading}");
    &reading.saw
}

/// How a source behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    Works,
    Fails,
    Hangs,
    Panics,
}

impl Mode {
    pub(crate) async fn act(self) -> Result<(), StoreError> {
        match self {
            Self::Works => Ok(()),
            Self::Fails => Err(StoreError::unavailable("no route to host")),
            Self::Hangs => std::future::pending().await,
            Self::Panics => panic!("a source that panics on purpose"),
        }
    }
}

/// Signals that are always the same.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) Mode, pub(crate) Signals);

#[async_trait]
impl SignalSource for Fixed {
    async fn signals(&self, _window: Duration) -> Result<Signals, StoreError> {
        self.0.act().await.map(|()| self.1)
    }
}

#[derive(Debug)]
pub(crate) struct Checked(pub(crate) Mode, pub(crate) Option<Verification>);

#[async_trait]
impl VerificationSource for Checked {
    async fn last(&self) -> Result<Option<Verification>, StoreError> {
        self.0.act().await.map(|()| self.1)
    }
}

#[derive(Debug)]
pub(crate) struct Checkpoints(pub(crate) Mode, pub(crate) InMemoryCheckpointStore);

#[async_trait]
impl CheckpointStore for Checkpoints {
    async fn open(&self, job: &JobName, partitions: &[Partition]) -> Result<(), StoreError> {
        self.1.open(job, partitions).await
    }

    async fn load(&self, job: &JobName) -> Result<Vec<PartitionState>, StoreError> {
        self.0.act().await?;
        self.1.load(job).await
    }

    async fn claim(
        &self,
        job: &JobName,
        worker: &WorkerName,
        term: Duration,
    ) -> Result<Option<Claim>, StoreError> {
        self.1.claim(job, worker, term).await
    }

    async fn save(
        &self,
        claim: &Claim,
        checkpoint: &Checkpoint,
        term: Duration,
    ) -> Result<(), StoreError> {
        self.1.save(claim, checkpoint, term).await
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        self.1.release(claim).await
    }

    async fn remove(&self, job: &JobName) -> Result<(), StoreError> {
        self.1.remove(job).await
    }
}

type OnList = Box<dyn Fn(&'static str, Vec<RepairEntry>) -> Vec<RepairEntry> + Send + Sync>;

/// A queue whose lists and depth a test may spoil.
pub(crate) struct Queue {
    pub(crate) mode: Mode,
    pub(crate) inner: Arc<InMemoryRepairQueue>,
    pub(crate) on_list: OnList,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queue")
    }
}

impl Queue {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, inner: Arc::default(), on_list: Box::new(|_, list| list) }
    }
}

#[async_trait]
impl RepairQueue for Queue {
    async fn note(&self, notes: &[RepairNote]) -> Result<(), StoreError> {
        self.inner.note(notes).await
    }

    async fn take(
        &self,
        limit: NonZeroUsize,
        hidden_for: Duration,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        self.inner.take(limit, hidden_for).await
    }

    async fn finish(&self, entry: &RepairEntry) -> Result<(), StoreError> {
        self.inner.finish(entry).await
    }

    async fn postpone(
        &self,
        entry: &RepairEntry,
        delay: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        self.inner.postpone(entry, delay, error).await
    }

    async fn park(&self, entry: &RepairEntry, error: &str) -> Result<(), StoreError> {
        self.inner.park(entry, error).await
    }

    async fn retry(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.inner.retry(key).await
    }

    async fn waiting(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        self.mode.act().await?;
        Ok((self.on_list)("waiting", self.inner.waiting(after, limit).await?))
    }

    async fn parked(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        self.mode.act().await?;
        Ok((self.on_list)("parked", self.inner.parked(after, limit).await?))
    }

    async fn depth(&self) -> Result<RepairDepth, StoreError> {
        self.mode.act().await?;
        self.inner.depth().await
    }
}

pub(crate) async fn note(queue: &dyn RepairQueue, key: &[u8], reason: &str) {
    queue.note(&[RepairNote { key: key.to_vec(), reason: reason.to_owned() }]).await.unwrap();
}

/// Parks the one key that is due.
pub(crate) async fn park(queue: &dyn RepairQueue, error: &str) {
    let taken = queue.take(NonZeroUsize::MIN, MINUTE).await.unwrap();
    queue.park(&taken[0], error).await.unwrap();
}
