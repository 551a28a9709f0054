//! Two faulty stores in memory under a phase of the test's choosing.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::clock::ManualClock;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{
    self, Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, NodeLease, Phase, PhaseTracker,
    Share, SweepTicket,
};
use strangler_fig::reconcile::Sweep;
use strangler_fig::repository::{Joined, MigrationConfig, MigrationRepository, StampedRepository};
use strangler_fig::resilience::Policy;
use strangler_fig::stamp::{Record, Stamp, StampClock, WriterId};
use strangler_fig::testkit::faults::FaultyRepository;
use tokio::task::JoinHandle;

pub(crate) type Row = (u32, &'static str);
pub(crate) type Store = InMemoryRepository<u32, Row>;
pub(crate) type Side = FaultyRepository<Store>;
pub(crate) type Rows = MigrationRepository<Side, Side>;

pub(crate) const KEY: u32 = 1;
pub(crate) const OLD: Row = (KEY, "old");
pub(crate) const NEW: Row = (KEY, "new");
pub(crate) const OTHER: Row = (KEY, "other");

/// A minute ahead of the clocks of these tests, which is within their drift.
pub(crate) const AHEAD: Stamp = stamp(1_700_000_060_000);

/// The moves that lead from the beginning to a phase.
fn way_to(phase: Phase) -> &'static [Phase] {
    use Phase::{Cutover, DualWrite, Halted, LegacyOnly, Live, ModernOnly, RampDown, Shadow};
    match phase {
        LegacyOnly => &[],
        DualWrite => &[DualWrite],
        Shadow => &[Shadow],
        Cutover => &[Cutover],
        Live => &[Cutover, Live],
        RampDown => &[Cutover, Live, RampDown],
        ModernOnly => &[Cutover, Live, ModernOnly],
        Halted => &[Cutover, Live, Halted],
    }
}

/// The state after a lawful move; a sweep is claimed where one is needed.
pub(crate) fn moved(state: &MigrationState, to: Phase) -> MigrationState {
    let (fleet, id) = (settled(state), MoveId::random().unwrap());
    let swept = match state.base().phase {
        Phase::Cutover => {
            let evidence = state.begin_sweep(&fleet).finish(0, 0);
            state.transition(&Move::Complete(evidence), id, &fleet).unwrap()
        }
        _ => state.clone(),
    };
    swept.transition(&Move::to(to), id, &settled(&swept)).unwrap()
}

/// A fleet of one node that works by this state.
pub(crate) fn settled(state: &MigrationState) -> Fleet {
    Fleet::new(vec![lease("node", Some(state))])
}

/// The lease of a node that has adopted this state, or none yet.
pub(crate) fn lease(name: &str, adopted: Option<&MigrationState>) -> NodeLease {
    let node = NodeId { name: name.parse().unwrap(), incarnation: Incarnation::fixed(1) };
    let lease = NodeLease::new(node);
    adopted.map_or(lease.clone(), |state| lease.adopting(state.adopted()))
}

pub(crate) struct World {
    pub(crate) tracker: Arc<PhaseTracker>,
    pub(crate) legacy: Side,
    pub(crate) modern: Side,
    pub(crate) rows: Rows,
}

impl World {
    pub(crate) fn new(phase: Phase) -> Self {
        Self::with(phase, MigrationConfig::default().with_shadow_share(Share::WHOLE))
    }

    pub(crate) fn with(phase: Phase, config: MigrationConfig) -> Self {
        let state = MigrationState::new("rows".parse().unwrap());
        let state = way_to(phase).iter().fold(state, |state, to| moved(&state, *to));
        let tracker = PhaseTracker::detached(state);
        let [legacy, modern] = [(); 2].map(|()| Side::new(Store::new(|row| row.0)));
        let stamps = Arc::new(clock(1));
        let (left, right) = (legacy.clone(), modern.clone());
        let rows = Rows::with_parts(left, right, tracker.clone(), stamps, config).unwrap();
        Self { tracker, legacy, modern, rows }
    }

    /// Another node on the same stores, with a tracker of its own.
    pub(crate) fn other_node(&self) -> (Arc<PhaseTracker>, Rows) {
        let tracker = PhaseTracker::detached((*self.tracker.state()).clone());
        let (left, right) = (self.legacy.clone(), self.modern.clone());
        let config = MigrationConfig::default();
        let rows = Rows::with_parts(left, right, tracker.clone(), Arc::new(clock(2)), config);
        (tracker, rows.unwrap())
    }

    pub(crate) fn go(&self, to: Phase) {
        assert!(self.tracker.adopt(moved(&self.tracker.state(), to)), "a newer state is adopted");
    }

    /// A world in `Cutover` on the way back, where the larger stamp decides: on
    /// the way forward legacy does.
    pub(crate) fn on_the_way_back() -> Self {
        let world = Self::new(Phase::Live);
        world.go(Phase::Cutover);
        world
    }

    /// A sweep that begins now, on a settled fleet.
    pub(crate) fn ticket(&self) -> SweepTicket {
        let state = self.tracker.state();
        state.begin_sweep(&settled(&state))
    }

    /// A lawful step of the rollout, on a settled fleet.
    #[expect(clippy::needless_pass_by_value, reason = "it reads better at its many callers")]
    pub(crate) fn take(&self, step: Move) {
        let state = self.tracker.state();
        let next = state.transition(&step, MoveId::random().unwrap(), &settled(&state)).unwrap();
        assert!(self.tracker.adopt(next), "a newer state is adopted");
    }

    /// A save that is on its way.
    pub(crate) fn saving(&self, row: Row) -> JoinHandle<Result<(), StoreError>> {
        let rows = self.rows.clone();
        tokio::spawn(async move { rows.save(row).await })
    }

    /// A repair that is on its way.
    pub(crate) fn joining(&self) -> JoinHandle<Result<Joined, StoreError>> {
        let rows = self.rows.clone();
        tokio::spawn(async move { rows.join(&KEY).await })
    }

    /// Modern is ahead of a row that legacy got behind the crate's back.
    pub(crate) async fn reverse(&self) {
        self.put(&self.modern, AHEAD, Some(OTHER)).await;
        self.legacy.inner().plant(OLD);
    }

    pub(crate) async fn in_legacy(&self) -> Record<Row> {
        self.legacy.inner().read(&KEY).await.unwrap()
    }

    pub(crate) async fn in_modern(&self) -> Record<Row> {
        self.modern.inner().read(&KEY).await.unwrap()
    }

    /// The values both stores hold.
    pub(crate) async fn values(&self) -> (Option<Row>, Option<Row>) {
        (self.in_legacy().await.value, self.in_modern().await.value)
    }

    pub(crate) async fn put(&self, side: &Side, stamp: Stamp, value: Option<Row>) {
        side.inner().apply(&KEY, &Record { stamp, value }).await.unwrap();
    }

    /// What is noted: the reasons, the oldest key first.
    pub(crate) fn noted(&self) -> Vec<&'static str> {
        self.rows.sink().take(usize::MAX).iter().map(|it| it.reason.name()).collect()
    }

    pub(crate) fn sweep(&self) -> Sweep<Side, Side> {
        Sweep::new(&self.rows)
    }
}

fn clock(writer: u64) -> StampClock {
    let writer = WriterId::fixed(NonZeroU64::new(writer).unwrap());
    StampClock::with_writer(writer).with_clock(Arc::new(ManualClock::at(1_700_000_000_000)))
}

/// A stamp of so many Unix milliseconds.
pub(crate) const fn stamp(millis: u64) -> Stamp {
    Stamp::from_bytes(((millis as u128) << 80 | 9).to_be_bytes())
}

pub(crate) fn kind<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> StoreErrorKind {
    answer.unwrap_err().kind()
}

/// How long a future takes on the paused clock.
pub(crate) async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let start = tokio::time::Instant::now();
    let answer = future.await;
    (answer, start.elapsed())
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn n(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// Sides behind policies, and no comparisons.
pub(crate) fn behind(sides: &[(phase::Side, Policy)]) -> MigrationConfig {
    let config = MigrationConfig::default().with_shadow_share(Share::NONE);
    sides.iter().fold(config, |config, (side, policy)| config.with_policy(*side, policy.clone()))
}

/// Keeps what an observer is told.
#[derive(Debug, Default)]
pub(crate) struct Ears(Mutex<Vec<Event>>);

impl Observer for Ears {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

impl Ears {
    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, is_it: impl Fn(&Event) -> bool) -> usize {
        self.0.lock().unwrap().iter().filter(|event| is_it(event)).count()
    }
}
