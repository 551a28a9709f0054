//! A monolith in memory, whose changes a feed tells, and what follows it.

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{ChangeFeed, ChangePage, FeedLag, FeedMark, LagSource};
use strangler_fig::memory::{InMemoryChangeFeed, InMemoryRepairQueue};
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{
    Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, NodeLease, Phase, PhaseTracker,
};
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};
use strangler_fig::replicator::{Replicator, ReplicatorConfig, ReplicatorReport};
use strangler_fig::repository::{MigrationRepository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::faults::FaultyRepository;

pub(crate) type Row = (u32, &'static str);
pub(crate) type Store = FaultyRepository<crate::store::Rows>;
pub(crate) type Rows = MigrationRepository<Store, Store>;
pub(crate) type Log = InMemoryChangeFeed<u32, Row>;

pub(crate) const MANY: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// A feed that does not answer while it is told to, or settles and does not say so.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    pub(crate) log: Log,
    pub(crate) is_away: AtomicBool,
    pub(crate) is_lost: AtomicBool,
    /// It takes a second to answer.
    pub(crate) is_slow: AtomicBool,
    /// It panics when it is asked how far it is, or waited for.
    pub(crate) is_broken: AtomicBool,
    /// So many settlements have their effect, and no answer.
    pub(crate) doubts: AtomicU32,
}

#[async_trait]
impl LagSource for Feed {
    async fn lag(&self) -> Result<FeedLag, StoreError> {
        assert!(!self.is_broken.load(Ordering::Relaxed), "the feed is broken");
        if self.is_away.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("no route to host"));
        }
        self.log.lag().await
    }
}

#[async_trait]
impl ChangeFeed for Feed {
    type Key = u32;
    type Entity = Row;

    async fn changes(&self, limit: NonZeroUsize) -> Result<ChangePage<u32, Row>, StoreError> {
        if self.is_lost.load(Ordering::Relaxed) {
            return Err(StoreError::rejected("the slot was dropped"));
        }
        if self.is_slow.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if self.is_away.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("no route to host"));
        }
        self.log.changes(limit).await
    }

    async fn settle(&self, mark: &FeedMark) -> Result<(), StoreError> {
        self.log.settle(mark).await?;
        let doubts = |left: u32| left.checked_sub(1);
        match self.doubts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, doubts) {
            Ok(_) => Err(StoreError::unknown("the connection broke")),
            Err(_) => Ok(()),
        }
    }

    async fn changed(&self) {
        assert!(!self.is_broken.load(Ordering::Relaxed), "the feed is broken");
        self.log.changed().await;
    }
}

/// A repair queue that takes no note while it is full.
#[derive(Debug, Default)]
pub(crate) struct Repairs {
    inner: InMemoryRepairQueue,
    pub(crate) is_full: AtomicBool,
}

#[async_trait]
impl RepairQueue for Repairs {
    async fn note(&self, notes: &[RepairNote]) -> Result<(), StoreError> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("the disk is full"));
        }
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
        self.inner.waiting(after, limit).await
    }

    async fn parked(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        self.inner.parked(after, limit).await
    }

    async fn depth(&self) -> Result<RepairDepth, StoreError> {
        self.inner.depth().await
    }
}

pub(crate) struct World {
    pub(crate) legacy: Store,
    pub(crate) modern: Store,
    pub(crate) rows: Rows,
    pub(crate) feed: Arc<Feed>,
    pub(crate) repairs: Arc<Repairs>,
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

pub(crate) fn after(state: &MigrationState, step: &Move) -> MigrationState {
    state.transition(step, MoveId::random().unwrap(), &settled(state)).unwrap()
}

pub(crate) fn state_in(phase: Phase) -> MigrationState {
    let way: &[Phase] = match phase {
        Phase::LegacyOnly => &[],
        Phase::Live => &[Phase::Cutover, Phase::Live],
        Phase::Halted => &[Phase::Cutover, Phase::Live, Phase::Halted],
        Phase::RampDown => &[Phase::Cutover, Phase::Live, Phase::RampDown],
        _ => &[phase],
    };
    let mut state = MigrationState::new("rows".parse().unwrap());
    for to in way {
        if *to == Phase::Live {
            let swept = state.begin_sweep(&settled(&state)).finish(0, 0);
            state = after(&state, &Move::Complete(swept));
        }
        state = after(&state, &Move::to(*to));
    }
    state
}

impl World {
    pub(crate) fn new(phase: Phase) -> Self {
        Self::with_tracker(PhaseTracker::detached(state_in(phase)))
    }

    pub(crate) fn with_tracker(tracker: Arc<PhaseTracker>) -> Self {
        let [legacy, modern] = [(); 2].map(|()| Store::new(crate::store::Rows::new()));
        let rows = Rows::new(legacy.clone(), modern.clone(), tracker).unwrap();
        let (feed, repairs, told) = (Arc::default(), Arc::default(), Arc::default());
        Self { legacy, modern, rows, feed, repairs, told }
    }

    pub(crate) fn replicator(&self) -> Replicator<Feed, Store, Store> {
        let config = ReplicatorConfig::default().with_observer(self.told.clone());
        let repairs: Arc<dyn RepairQueue> = self.repairs.clone();
        Replicator::new(&self.rows, self.feed.clone(), repairs).with_config(config)
    }

    pub(crate) async fn catch_up(&self) -> ReplicatorReport {
        self.replicator().catch_up(pending()).await.unwrap()
    }

    /// Runs a replicator for so long.
    pub(crate) async fn run_for(&self, time: Duration) -> ReplicatorReport {
        self.replicator().run(tokio::time::sleep(time)).await.unwrap()
    }

    /// The monolith writes a row: no stamp, and a hint.
    pub(crate) fn outside(&self, row: Row) {
        self.legacy.inner().plant(row);
        self.feed.log.hint(row.0);
    }

    /// The monolith deletes a row.
    pub(crate) fn outside_deletes(&self, key: u32) {
        self.legacy.inner().uproot(&key);
        self.feed.log.hint(key);
    }

    /// The monolith writes a row, or deletes it, and a trigger stamps that with what is above the row's stamp.
    pub(crate) async fn outside_stamped(&self, key: u32, value: Option<Row>) -> Record<Row> {
        let before = self.legacy.inner().read(&key).await.unwrap().stamp;
        let record = Record { stamp: before.successor().unwrap(), value };
        self.legacy.inner().apply(&key, &record).await.unwrap();
        self.feed.log.record(key, record.clone());
        record
    }

    /// What both sides show of a row.
    pub(crate) async fn values(&self, key: u32) -> [Option<&'static str>; 2] {
        let legacy = self.legacy.inner().read(&key).await.unwrap();
        let modern = self.modern.inner().read(&key).await.unwrap();
        [legacy, modern].map(|record| record.value.map(|row| row.1))
    }

    pub(crate) async fn waiting(&self) -> Vec<RepairEntry> {
        self.repairs.waiting(None, MANY).await.unwrap()
    }

    pub(crate) async fn pending(&self) -> u64 {
        self.feed.lag().await.unwrap().pending.unwrap()
    }
}

/// What an observer was told.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Vec<Event>>);

impl Observer for Told {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

impl Told {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}
