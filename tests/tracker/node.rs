//! A node on two stores in memory, and the steps that bring its fleet to a phase.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::phase::{
    Fleet, MigrationState, MigrationStateService, Move, NodeLease, OutagePolicy, Phase,
    PhaseTracker, TrackerConfig, take_step,
};
use strangler_fig::repository::{MigrationConfig, MigrationRepository, StampedRepository};
use strangler_fig::testkit::faults::FaultyRepository;

use crate::name;
use crate::texts::Texts;

pub(crate) type Row = (u32, &'static str);
pub(crate) type Side = FaultyRepository<InMemoryRepository<u32, Row>>;
pub(crate) type Rows = MigrationRepository<Side, Side>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const TERM: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) service: Arc<Texts>,
    pub(crate) legacy: Side,
    pub(crate) modern: Side,
}

impl World {
    pub(crate) async fn new() -> Self {
        let service = Arc::new(Texts::default());
        service.create(&MigrationState::new(name())).await.unwrap();
        let [legacy, modern] = [(); 2].map(|()| Side::new(InMemoryRepository::new(|row| row.0)));
        Self { service, legacy, modern }
    }

    pub(crate) async fn node_with(&self, node: &str, config: TrackerConfig) -> Rows {
        let tracker =
            PhaseTracker::start(self.service.clone(), name(), node.parse().unwrap(), config);
        let tracker = tracker.await.unwrap();
        MigrationRepository::new(self.legacy.clone(), self.modern.clone(), tracker).unwrap()
    }

    pub(crate) async fn node(&self, node: &str) -> Rows {
        self.node_with(node, TrackerConfig::default()).await
    }

    pub(crate) async fn small(&self, node: &str, sink: usize) -> Rows {
        let tracker = TrackerConfig::default();
        let tracker =
            PhaseTracker::start(self.service.clone(), name(), node.parse().unwrap(), tracker);
        let config = MigrationConfig::default().with_sink_capacity(sink.try_into().unwrap());
        let stamps = Arc::new(strangler_fig::stamp::StampClock::new().unwrap());
        let (legacy, modern) = (self.legacy.clone(), self.modern.clone());
        Rows::with_parts(legacy, modern, tracker.await.unwrap(), stamps, config).unwrap()
    }

    pub(crate) async fn state(&self) -> MigrationState {
        self.service.current(&name()).await.unwrap().unwrap().state
    }

    pub(crate) async fn leases(&self) -> Vec<NodeLease> {
        self.service.leases(&name()).await.unwrap()
    }

    pub(crate) async fn lease_of(&self, rows: &Rows) -> NodeLease {
        let node = rows.tracker().node().unwrap().clone();
        self.leases().await.into_iter().find(|lease| lease.node == node).unwrap()
    }

    pub(crate) async fn step(&self, step: Move) -> MigrationState {
        take_step(&*self.service, &name(), &step, None).await.unwrap()
    }

    /// One lawful move of the base, a sweep claimed where one is needed; the nodes
    /// follow.
    pub(crate) async fn go(&self, nodes: &[&Rows], to: Phase) {
        let state = self.state().await;
        let completes = match state.base().phase {
            Phase::Cutover if to.family() != Some(state.base().entered_from) => {
                !state.base().modern_complete
            }
            _ => false,
        };
        if completes {
            let ticket = state.begin_sweep_in_cutover(&Fleet::new(self.leases().await)).unwrap();
            self.step(Move::Complete(ticket.finish(0, 0))).await;
            poll(nodes).await;
        }
        self.step(Move::to(to)).await;
        poll(nodes).await;
    }

    pub(crate) async fn go_to(&self, nodes: &[&Rows], phase: Phase) {
        for to in way_to(phase) {
            self.go(nodes, *to).await;
        }
    }
}

pub(crate) async fn poll(nodes: &[&Rows]) {
    for node in nodes {
        node.tracker().poll().await.unwrap();
    }
}

/// The moves that lead from the beginning to a phase.
pub(crate) const fn way_to(phase: Phase) -> &'static [Phase] {
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

pub(crate) fn fenced() -> TrackerConfig {
    TrackerConfig::default().with_outage_policy(OutagePolicy::Fenced { term: TERM })
}

/// All rows that a query answers.
pub(crate) async fn all(rows: &Rows) -> Result<Option<Row>, StoreError> {
    rows.query(
        |side| async move { Ok(side.read(&1).await?.value) },
        |side| async move { Ok(side.read(&1).await?.value) },
    )
    .await
}

/// Follows the service until it is dropped.
pub(crate) fn following(rows: &Rows) -> tokio::task::JoinHandle<()> {
    let tracker = Arc::clone(rows.tracker());
    tokio::spawn(async move { tracker.run(std::future::pending()).await.unwrap() })
}

/// A node in `Live`, after the store was restored to what it held before.
pub(crate) async fn restored_under(world: &World, node: &Rows) {
    world.go(&[node], Phase::DualWrite).await;
    let old = world.service.text();
    world.go_to(&[node], Phase::Live).await;
    world.service.overwrite(Some(old));
}
