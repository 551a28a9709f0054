use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::backfill::CheckpointStore;
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::testkit::conformance::{CheckpointFixture, RepairQueueFixture, StampedFixture};

use super::backfill_resume::checkpoints::SqliteCheckpoints;
use super::backfill_resume::parcels::{Parcel, Parcels};
use super::backfill_resume::repairs::SqliteRepairs;
use super::scratch::Scratch;

struct Checkpoints(SqliteCheckpoints, Scratch);

#[async_trait]
impl CheckpointFixture for Checkpoints {
    fn store(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(self.0.clone())
    }
    async fn reopened(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(SqliteCheckpoints::open(&self.1.file("checkpoints.db")).unwrap())
    }
}

mod sqlite_checkpoints {
    use super::{Checkpoints, Scratch, SqliteCheckpoints};

    strangler_fig::checkpoint_conformance!(async {
        let scratch = Scratch::new();
        Checkpoints(SqliteCheckpoints::open(&scratch.file("checkpoints.db")).unwrap(), scratch)
    });
}

struct Repairs(SqliteRepairs, Scratch);

#[async_trait]
impl RepairQueueFixture for Repairs {
    fn queue(&self) -> Arc<dyn RepairQueue> {
        Arc::new(self.0.clone())
    }
    async fn reopened(&self) -> Option<Arc<dyn RepairQueue>> {
        Some(Arc::new(SqliteRepairs::open(&self.1.file("repairs.db")).unwrap()))
    }
}

mod sqlite_repairs {
    use super::{Repairs, Scratch, SqliteRepairs};

    strangler_fig::repair_queue_conformance!(async {
        let scratch = Scratch::new();
        Repairs(SqliteRepairs::open(&scratch.file("repairs.db")).unwrap(), scratch)
    });
}

struct Table(Parcels, Scratch);

#[async_trait]
impl StampedFixture for Table {
    type Repository = Parcels;

    fn repository(&self) -> Arc<Parcels> {
        Arc::new(self.0.clone())
    }
    async fn reopened(&self) -> Arc<Parcels> {
        Arc::new(Parcels::open(&self.1.file("parcels.db")).unwrap())
    }
    fn entity(&self, n: u32, variant: u32) -> Parcel {
        let recipient =
            ["", "NULL", "Ж 'ö' 🎁", " x "][variant as usize % 4].repeat(n as usize + 1);
        let id = [i64::MIN, -1, 0, 1, i64::MAX].get(n as usize).copied();
        Parcel { id: id.unwrap_or(i64::from(n) * 3), recipient, grams: i64::from(variant) - 2 }
    }
}

mod parcels_table {
    use super::{Parcels, Scratch, Table};

    fn table() -> Table {
        let scratch = Scratch::new();
        Table(Parcels::open(&scratch.file("parcels.db")).unwrap(), scratch)
    }

    strangler_fig::stamped_conformance!(async { table() });
    strangler_fig::scan_conformance!(async { table() });
}
