//! What all of one run share.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryStateService};
use strangler_fig::phase::{MigrationName, MigrationState, MigrationStateService, Side};
use strangler_fig::testkit::history::HistoryRecorder;
use tokio::time::Instant;

use super::database::{Database, Row};
use super::flag::Flag;
use super::life::Life;
use super::network::Network;
use super::plan::Plan;
use super::trace::Trace;

/// Keys that everybody works on, and keys that are touched once in a while.
pub(crate) const HOT_KEYS: u32 = 8;
pub(crate) const KEYS: u32 = 16;
/// From here on each life has a key that nobody else writes.
pub(crate) const OWN_KEYS: u32 = 1_000;

/// What all of one run share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) began: Instant,
    pub(crate) network: Arc<Network>,
    pub(crate) service: Arc<InMemoryStateService>,
    pub(crate) name: MigrationName,
    pub(crate) legacy: Database,
    pub(crate) modern: Database,
    pub(crate) repairs: Arc<InMemoryRepairQueue>,
    pub(crate) checkpoints: Arc<InMemoryCheckpointStore>,
    pub(crate) recorder: HistoryRecorder<u32, Row>,
    /// Queries that missed a write acknowledged before them.
    pub(crate) missed: AtomicU64,
    /// By the key that only one life writes: the last value that it was told was saved.
    pub(crate) own: Mutex<BTreeMap<u32, u64>>,
    /// Lives of processes that have ended for certain.
    pub(crate) ended: Mutex<BTreeSet<u64>>,
    /// The lives that serve, by node.
    pub(crate) serving: Mutex<Vec<Option<Arc<Life>>>>,
    /// Up once nobody is to move the migration any more.
    pub(crate) settled: Flag,
    values: AtomicU64,
    lives: AtomicU64,
    rng: Mutex<Rng>,
}

impl World {
    pub(crate) async fn new(plan: Plan, in_words: bool) -> Arc<Self> {
        let name: MigrationName = "rows".parse().unwrap();
        let service = Arc::new(InMemoryStateService::default());
        let nodes = NonZeroU32::new(plan.nodes_expected).unwrap();
        let state = MigrationState::new(name.clone()).with_nodes_expected(nodes);
        service.create(&state).await.unwrap();
        let world = Self {
            began: Instant::now(),
            network: Network::new(Trace::new(in_words)),
            service,
            name,
            legacy: Database::new(Side::Legacy, plan.legacy, plan.legacy_rates),
            modern: Database::new(Side::Modern, plan.modern, plan.modern_rates),
            repairs: Arc::default(),
            checkpoints: Arc::default(),
            recorder: HistoryRecorder::new(),
            missed: AtomicU64::new(0),
            own: Mutex::default(),
            ended: Mutex::default(),
            serving: Mutex::new(vec![None; plan.nodes as usize]),
            settled: Flag::default(),
            values: AtomicU64::new(1),
            lives: AtomicU64::new(1),
            rng: Mutex::new(Rng::with_seed(plan.seed)),
            plan,
        };
        world.plant().await;
        Arc::new(world)
    }

    /// Rows older than the crate.
    async fn plant(&self) {
        for key in (HOT_KEYS / 2)..KEYS {
            let row = (key, self.next_value());
            self.legacy.plant(row).await;
            self.recorder.initial(key, Some(row));
        }
    }

    /// A chance of its own for whoever asks.
    pub(crate) fn fork(&self) -> Rng {
        self.rng.lock().unwrap().fork()
    }

    pub(crate) fn next_value(&self) -> u64 {
        self.values.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn next_life(&self) -> u64 {
        self.lives.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) async fn state(&self) -> MigrationState {
        self.service.current(&self.name).await.unwrap().unwrap().state
    }

    pub(crate) fn serving(&self) -> Vec<Arc<Life>> {
        self.serving.lock().unwrap().iter().flatten().cloned().collect()
    }

    pub(crate) fn has_ended(&self, life: u64) {
        self.ended.lock().unwrap().insert(life);
    }
}
