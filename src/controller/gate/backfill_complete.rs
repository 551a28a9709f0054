use std::sync::Arc;

use async_trait::async_trait;

use super::{Gate, GateContext, GateReading};
use crate::backfill::{CheckpointStore, JobName, PartitionState};

/// Open when every partition of a backfill is finished.
///
/// Records that modern did not take do not close it: they wait in the repair queue,
/// which [`RepairQueueEmpty`](super::RepairQueueEmpty) and
/// [`RejectionsZero`](super::RejectionsZero) watch. A backfill that found legacy empty
/// leaves no checkpoints, and looks like one that never began: closed.
///
/// What is done stays done: after a return to `LegacyOnly`, whose writes modern missed, a
/// backfill of the same name copies nothing, and this stays open. Forget the job with
/// [`CheckpointStore::remove`] before modern is written again, or give each such way a
/// name of its own.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::backfill::JobName;
/// use strangler_fig::controller::{BackfillComplete, Gate, GateContext};
/// use strangler_fig::memory::InMemoryCheckpointStore;
/// # use strangler_fig::phase::{Fleet, MigrationState, Move, Phase};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (state, fleet) = (MigrationState::new("users".parse()?), Fleet::default());
/// # let step = Move::to(Phase::Cutover);
/// # let context = GateContext::new(&state, &fleet, &step);
/// let checkpoints = Arc::new(InMemoryCheckpointStore::default());
/// let gate = BackfillComplete::new(checkpoints, "users 2026".parse()?);
/// let reading = gate.read(&context).await;
/// assert_eq!(reading.to_string(), "closed: no backfill users 2026 has begun");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct BackfillComplete {
    checkpoints: Arc<dyn CheckpointStore>,
    job: JobName,
}

impl BackfillComplete {
    /// Watches the backfill `job`.
    #[must_use]
    pub fn new(checkpoints: Arc<dyn CheckpointStore>, job: JobName) -> Self {
        Self { checkpoints, job }
    }
}

#[async_trait]
impl Gate for BackfillComplete {
    fn name(&self) -> &'static str {
        "backfill_complete"
    }

    async fn read(&self, _context: &GateContext<'_>) -> GateReading {
        match self.checkpoints.load(&self.job).await {
            Ok(partitions) => judged(&self.job, &partitions),
            Err(error) => GateReading::unknown("the checkpoint store", &error),
        }
    }
}

fn judged(job: &JobName, partitions: &[PartitionState]) -> GateReading {
    if partitions.is_empty() {
        return GateReading::closed(format!("no backfill {job} has begun"));
    }
    let all = partitions.len();
    let done = partitions.iter().filter(|it| it.checkpoint.is_done).count();
    let scanned = sum(partitions, |it| it.checkpoint.scanned);
    let failed = sum(partitions, |it| it.checkpoint.failed);
    let figures = format!("{done} of {all} partitions are done, {scanned} records read");
    GateReading::of(done == all, format!("{figures}, {failed} not taken by modern"))
}

fn sum(partitions: &[PartitionState], of: impl Fn(&PartitionState) -> u64) -> u64 {
    partitions.iter().map(of).fold(0, u64::saturating_add)
}
