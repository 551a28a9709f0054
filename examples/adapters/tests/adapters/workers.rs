//! What the workers write down, on PostgreSQL.

use std::sync::Arc;

use adapters::postgres::{
    CHECKPOINT_SCHEMA, PostgresCheckpointStore, PostgresRepairQueue, REPAIR_QUEUE_SCHEMA,
};
use strangler_fig::backfill::CheckpointStore;
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::testkit::conformance::{CheckpointFixture, RepairQueueFixture, async_trait};

use crate::postgres_schema::Schema;

struct Checkpoints(Schema);

impl Checkpoints {
    async fn fresh() -> Self {
        Self(Schema::with(CHECKPOINT_SCHEMA).await)
    }
}

#[async_trait]
impl CheckpointFixture for Checkpoints {
    fn store(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(PostgresCheckpointStore::new(self.0.shared()))
    }

    async fn reopened(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(PostgresCheckpointStore::new(self.0.database()))
    }
}

struct Queue(Schema);

impl Queue {
    async fn fresh() -> Self {
        Self(Schema::with(REPAIR_QUEUE_SCHEMA).await)
    }
}

#[async_trait]
impl RepairQueueFixture for Queue {
    fn queue(&self) -> Arc<dyn RepairQueue> {
        Arc::new(PostgresRepairQueue::new(self.0.shared()))
    }

    async fn reopened(&self) -> Option<Arc<dyn RepairQueue>> {
        Some(Arc::new(PostgresRepairQueue::new(self.0.database())))
    }
}

mod checkpoints {
    use super::*;

    strangler_fig::checkpoint_conformance!(Checkpoints::fresh());
}

mod repair_queue {
    use super::*;

    strangler_fig::repair_queue_conformance!(Queue::fresh());
}
