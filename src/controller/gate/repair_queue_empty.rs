use std::sync::Arc;

use async_trait::async_trait;

use super::fleet_nodes::{Nodes, unqueued};
use super::{Gate, GateContext, GateReading};
use crate::reconcile::{RepairDepth, RepairQueue};

/// Open when no key is known to differ: none is in the durable queue, parked or
/// waiting, and no node of the fleet has one that is not there yet.
///
/// What a node knows is as old as its last renewal. The leases are looked at before
/// the queue, so that a key on its way from the one to the other is seen in one of
/// them. Nodes without a lease tell nothing: while fewer hold one than are expected, it
/// is closed.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::controller::{Gate, GateContext, RepairQueueEmpty};
/// use strangler_fig::memory::InMemoryRepairQueue;
/// use strangler_fig::reconcile::{RepairNote, RepairQueue};
/// # use strangler_fig::phase::{Fleet, MigrationState, Move, Phase};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (state, fleet) = (MigrationState::new("users".parse()?), Fleet::default());
/// # let step = Move::to(Phase::Cutover);
/// # let context = GateContext::new(&state, &fleet, &step);
/// let queue = Arc::new(InMemoryRepairQueue::default());
/// queue.note(&[RepairNote { key: vec![7], reason: "mismatch".to_owned() }]).await?;
/// let reading = RepairQueueEmpty::new(queue).read(&context).await;
/// assert_eq!(reading.to_string(), "closed: 1 keys wait, 0 are parked");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RepairQueueEmpty {
    queue: Arc<dyn RepairQueue>,
}

impl RepairQueueEmpty {
    /// Watches the queue of this migration.
    #[must_use]
    pub fn new(queue: Arc<dyn RepairQueue>) -> Self {
        Self { queue }
    }
}

#[async_trait]
impl Gate for RepairQueueEmpty {
    fn name(&self) -> &'static str {
        "repair_queue_empty"
    }

    async fn read(&self, context: &GateContext<'_>) -> GateReading {
        match self.queue.depth().await {
            Ok(depth) => judged(depth, context),
            Err(error) => GateReading::unknown("the repair queue", &error),
        }
    }
}

fn judged(depth: RepairDepth, context: &GateContext<'_>) -> GateReading {
    let figures = format!("{} keys wait, {} are parked", depth.waiting, depth.parked);
    if !depth.is_empty() {
        return GateReading::closed(figures);
    }
    match unqueued(context) {
        Some(why) => GateReading::closed(format!("{figures}; {why}")),
        None => GateReading::open(format!("{figures}; {}, none knows of more", Nodes::of(context))),
    }
}
