//! Each way out of `legacy_only` has a backfill of its own: what an earlier one copied, nobody has kept up since.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use strangler_fig::async_trait;
use strangler_fig::backfill::{CheckpointStore, JobName};
use strangler_fig::controller::{BackfillComplete, Gate, GateContext, GateReading};
use strangler_fig::phase::{MigrationState, Move, Phase};

/// Counts the ways, by the epoch of the last return.
#[derive(Debug)]
pub struct Ways {
    checkpoints: Arc<dyn CheckpointStore>,
    /// The last one that was seen: histories forget.
    returned: AtomicU64,
}

impl Ways {
    #[must_use]
    pub fn new(checkpoints: Arc<dyn CheckpointStore>) -> Self {
        Self { checkpoints, returned: AtomicU64::new(0) }
    }

    /// The backfill of the way that the migration is on.
    pub(crate) fn job(&self, state: &MigrationState) -> JobName {
        let returns = |step: &Move| matches!(step, Move::Phase { to: Phase::LegacyOnly, .. });
        let last = state.history().iter().rfind(|record| returns(&record.step));
        let last = last.map_or(0, |record| record.epoch);
        let returned = self.returned.fetch_max(last, Ordering::Relaxed).max(last);
        let name = format!("airports since epoch {returned}");
        name.parse().expect("it is short, and has no control characters")
    }
}

#[async_trait]
impl Gate for Ways {
    fn name(&self) -> &'static str {
        "backfill_complete"
    }

    async fn read(&self, context: &GateContext<'_>) -> GateReading {
        let job = self.job(context.state);
        BackfillComplete::new(self.checkpoints.clone(), job).read(context).await
    }
}
