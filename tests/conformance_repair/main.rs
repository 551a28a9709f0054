//! The contract of the repair queue on the reference, and on queues that break
//! it: each is caught, by exactly the facts that name what it breaks.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod agreement;
mod broken;
mod controls;
mod fault;

use std::sync::Arc;

use strangler_fig::memory::InMemoryRepairQueue;
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::testkit::conformance::RepairQueueFixture;

struct InMemory(Arc<InMemoryRepairQueue>);

impl RepairQueueFixture for InMemory {
    fn queue(&self) -> Arc<dyn RepairQueue> {
        Arc::clone(&self.0) as _
    }
}

mod in_memory_repair_queue {
    use super::{Arc, InMemory};

    strangler_fig::repair_queue_conformance!(volatile async { InMemory(Arc::default()) });
}
