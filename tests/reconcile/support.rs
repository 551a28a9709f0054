//! Two faulty stores in memory under a phase of the test's choosing, and a queue.

use std::future::pending;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::key::KeyExt;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{
    Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, NodeLease, Phase, PhaseTracker,
};
use strangler_fig::reconcile::{
    ReconcileReport, Reconciler, ReconcilerConfig, RepairEntry, RepairNote, RepairPump, RepairQueue,
};
use strangler_fig::repository::{MigrationRepository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::faults::FaultyRepository;
use tokio::time::Instant;

use crate::queue::FlakyQueue;

pub(crate) type Row = (u32, &'static str);
pub(crate) type Store = FaultyRepository<InMemoryRepository<u32, Row>>;
pub(crate) type Rows = MigrationRepository<Store, Store>;

pub(crate) const KEY: u32 = 1;
pub(crate) const MANY: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) struct World {
    pub(crate) legacy: Store,
    pub(crate) modern: Store,
    pub(crate) rows: Rows,
    pub(crate) queue: Arc<FlakyQueue>,
    pub(crate) told: Arc<Told>,
}

/// A stamp of so many Unix milliseconds.
pub(crate) const fn stamp(millis: u64) -> Stamp {
    Stamp::from_bytes(((millis as u128) << 80 | 9).to_be_bytes())
}

/// A fleet of one node that works by this state.
pub(crate) fn settled(state: &MigrationState) -> Fleet {
    let node = NodeId { name: "node".parse().unwrap(), incarnation: Incarnation::fixed(1) };
    Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())])
}

fn state_in(phase: Phase) -> MigrationState {
    let way: &[Phase] = match phase {
        Phase::LegacyOnly => &[],
        Phase::Live => &[Phase::Cutover, Phase::Live],
        Phase::RampDown => &[Phase::Cutover, Phase::Live, Phase::RampDown],
        _ => &[phase],
    };
    let mut state = MigrationState::new("rows".parse().unwrap());
    for to in way {
        if state.base().phase == Phase::Cutover {
            let fleet = settled(&state);
            let swept = state.begin_sweep(&fleet).finish(0, 0);
            let id = MoveId::random().unwrap();
            state = state.transition(&Move::Complete(swept), id, &fleet).unwrap();
        }
        let fleet = settled(&state);
        state = state.transition(&Move::to(*to), MoveId::random().unwrap(), &fleet).unwrap();
    }
    state
}

impl World {
    pub(crate) fn new(phase: Phase) -> Self {
        Self::with_tracker(PhaseTracker::detached(state_in(phase)))
    }

    pub(crate) fn with_tracker(tracker: Arc<PhaseTracker>) -> Self {
        let [legacy, modern] =
            [(); 2].map(|()| Store::new(InMemoryRepository::new(|row: &Row| row.0)));
        let rows = Rows::new(legacy.clone(), modern.clone(), tracker).unwrap();
        Self { legacy, modern, rows, queue: Arc::default(), told: Arc::default() }
    }

    pub(crate) fn shared_queue(&self) -> Arc<dyn RepairQueue> {
        Arc::clone(&self.queue) as _
    }

    pub(crate) fn config(&self) -> ReconcilerConfig {
        ReconcilerConfig::default()
            .with_attempts_max(NonZeroU32::new(4).unwrap())
            .with_observer(self.told.clone())
    }

    pub(crate) fn reconciler(&self) -> Reconciler<Store, Store> {
        Reconciler::new(&self.rows, self.shared_queue()).with_config(self.config())
    }

    pub(crate) fn pump(&self) -> RepairPump<u32> {
        RepairPump::new(self.rows.sink(), self.shared_queue())
    }

    pub(crate) async fn drain(&self) -> ReconcileReport {
        self.reconciler().drain(pending()).await.unwrap()
    }

    /// Runs a reconciler for so long.
    pub(crate) async fn run_for(&self, time: Duration) -> ReconcileReport {
        self.reconciler().run(tokio::time::sleep(time)).await.unwrap()
    }

    /// Notes keys in the queue.
    pub(crate) async fn note(&self, keys: impl IntoIterator<Item = u32>) {
        let note = |key: u32| RepairNote { key: key.to_bytes(), reason: "mismatch".to_owned() };
        let notes: Vec<_> = keys.into_iter().map(note).collect();
        self.queue.note(&notes).await.unwrap();
    }

    pub(crate) async fn put(&self, side: &Store, stamp: Stamp, value: Option<Row>) {
        side.inner().apply(&KEY, &Record { stamp, value }).await.unwrap();
    }

    /// The values both stores hold under [`KEY`].
    pub(crate) async fn values(&self) -> [Option<&'static str>; 2] {
        let legacy = self.legacy.inner().read(&KEY).await.unwrap();
        let modern = self.modern.inner().read(&KEY).await.unwrap();
        [legacy, modern].map(|record| record.value.map(|row| row.1))
    }

    pub(crate) fn is_level(&self) -> bool {
        self.legacy.inner().records() == self.modern.inner().records()
    }

    pub(crate) async fn waiting(&self) -> Vec<RepairEntry> {
        self.queue.waiting(None, MANY).await.unwrap()
    }

    pub(crate) async fn parked(&self) -> Vec<RepairEntry> {
        self.queue.parked(None, MANY).await.unwrap()
    }

    /// The errors of the parked keys.
    pub(crate) async fn why_parked(&self) -> Vec<String> {
        self.parked().await.into_iter().filter_map(|entry| entry.error).collect()
    }
}

/// What an observer was told, and when.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Vec<(Instant, Event)>>);

impl Observer for Told {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push((Instant::now(), *event));
    }
}

impl Told {
    pub(crate) fn events(&self) -> Vec<(Instant, Event)> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn heard(&self, event: Event) -> bool {
        self.events().iter().any(|(_, told)| *told == event)
    }
}
