//! A legacy store full of rows, a modern one to fill, and a backfiller.

use std::num::NonZeroUsize;
use std::sync::Arc;

use strangler_fig::backfill::{BackfillConfig, Backfiller, CheckpointStore, JobName};
use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryRepository};
use strangler_fig::phase::{MigrationState, PhaseTracker};
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::repository::MigrationRepository;
use strangler_fig::stamp::Stamp;
use strangler_fig::testkit::faults::FaultyRepository;
use strangler_fig::worker::PageSize;

pub(crate) type Row = (u32, u32);
pub(crate) type Store = InMemoryRepository<u32, Row>;
pub(crate) type Side = FaultyRepository<Store>;
pub(crate) type Rows = MigrationRepository<Side, Side>;

pub(crate) fn n(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// A stamp that grows with `time`, long before any clock's.
pub(crate) fn stamp(time: u32) -> Stamp {
    format!("{:012x}{:020x}", 1_000 + time, 1).parse().unwrap()
}

pub(crate) struct World {
    pub(crate) legacy: Store,
    pub(crate) modern: Store,
    pub(crate) sides: [Side; 2],
    pub(crate) rows: Rows,
    pub(crate) checkpoints: InMemoryCheckpointStore,
    pub(crate) repairs: Arc<InMemoryRepairQueue>,
}

impl World {
    /// Legacy holds the keys 0 to `rows`, unstamped; modern nothing.
    pub(crate) fn with_rows(rows: u32) -> Self {
        Self::of(PhaseTracker::detached(MigrationState::new("rows".parse().unwrap())), rows)
    }

    pub(crate) fn of(tracker: Arc<PhaseTracker>, rows: u32) -> Self {
        let [legacy, modern] = [(); 2].map(|()| Store::new(|row| row.0));
        (0..rows).for_each(|key| legacy.plant((key, key * 10)));
        let sides = [&legacy, &modern].map(|store| Side::new(store.clone()));
        let [old, new] = sides.clone();
        Self {
            rows: Rows::new(old, new, tracker).unwrap(),
            legacy,
            modern,
            sides,
            checkpoints: InMemoryCheckpointStore::default(),
            repairs: Arc::default(),
        }
    }

    pub(crate) fn backfiller(&self, config: BackfillConfig) -> Backfiller<Side, Side> {
        let checkpoints: Arc<dyn CheckpointStore> = Arc::new(self.checkpoints.clone());
        self.backfiller_with(checkpoints, config)
    }

    pub(crate) fn backfiller_with(
        &self,
        checkpoints: Arc<dyn CheckpointStore>,
        config: BackfillConfig,
    ) -> Backfiller<Side, Side> {
        let repairs: Arc<dyn RepairQueue> = Arc::clone(&self.repairs) as _;
        Backfiller::new(&self.rows, checkpoints, repairs, job()).with_config(config)
    }

    /// How far the first partition has come, by its checkpoint.
    pub(crate) async fn done_until(&self) -> Option<u32> {
        let states = self.checkpoints.load(&job()).await.unwrap();
        let after = states.first()?.checkpoint.after.clone()?;
        Some(u32::from_be_bytes(after.try_into().unwrap()))
    }

    pub(crate) fn is_level(&self) -> bool {
        self.legacy.records() == self.modern.records()
    }
}

pub(crate) fn job() -> JobName {
    "rows".parse().unwrap()
}

/// Pages of one size, so many in flight.
pub(crate) fn pages(records: usize, in_flight: usize) -> BackfillConfig {
    BackfillConfig::default()
        .with_page_size(PageSize::fixed(n(records)))
        .with_pages_in_flight(n(in_flight))
}
