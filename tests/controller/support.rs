//! A migration in memory, nodes that follow it, and controllers that move it.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::clock::ManualClock;
use strangler_fig::controller::{
    Advanced, ChangeRequest, ControllerConfig, ControllerError, MigrationController, Sweeper,
};
use strangler_fig::memory::{InMemoryRepository, InMemoryStateService};
use strangler_fig::phase::{
    Fleet, Incarnation, MigrationName, MigrationState, MigrationStateService, Move, MoveId,
    MoveNote, NodeId, NodeLease, NodeName, Phase, PhaseTracker, Share, SweepEvidence, SweepTicket,
    TrackerConfig,
};
use strangler_fig::reconcile::{Sweep, SweepError};
use strangler_fig::repository::MigrationRepository;
use tokio::task::JoinHandle;

use crate::service::Service;

pub(crate) const NOON: u64 = 1_700_000_000_000;
pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn name() -> MigrationName {
    "rows".parse().unwrap()
}

pub(crate) fn node_name(number: usize) -> NodeName {
    format!("node-{number}").parse().unwrap()
}

/// What an operator of this name asks for.
pub(crate) fn by(actor: &str) -> ChangeRequest {
    ChangeRequest::new(actor.parse().unwrap(), "OPS-12".parse().unwrap())
}

pub(crate) fn ann() -> ChangeRequest {
    by("ann")
}

/// A fleet that works by this state, and has the nodes that `step` speaks of.
pub(crate) fn obliging(state: &MigrationState, step: Option<&Move>) -> Fleet {
    let expected = usize::try_from(state.nodes_expected().get()).unwrap();
    let mut nodes: Vec<_> = (1..=expected)
        .map(|number| NodeId { name: node_name(number), incarnation: Incarnation::fixed(7) })
        .collect();
    if let Some(Move::Evict { node, .. }) = step {
        nodes.push(node.clone());
    }
    Fleet::new(nodes.into_iter().map(|it| NodeLease::new(it).adopting(state.adopted())).collect())
}

/// The state after a lawful move on an obliging fleet, recorded as a stranger's.
pub(crate) fn after(state: &MigrationState, step: &Move) -> MigrationState {
    let fleet = obliging(state, Some(step));
    let next = state.transition(step, MoveId::random().unwrap(), &fleet).unwrap();
    next.with_record(step, MoveNote::default())
}

/// The evidence of a clean sweep under this state.
pub(crate) fn swept(state: &MigrationState) -> Move {
    Move::Complete(state.begin_sweep(&obliging(state, None)).finish(0, 0))
}

/// The state of a migration that has gone straight to `phase`.
pub(crate) fn state_in(phase: Phase) -> MigrationState {
    let mut state = MigrationState::new(name());
    let way: &[Phase] = match phase {
        Phase::LegacyOnly => &[],
        Phase::DualWrite => &[Phase::DualWrite],
        Phase::Shadow => &[Phase::DualWrite, Phase::Shadow],
        Phase::Cutover => &[Phase::Cutover],
        Phase::Live => &[Phase::Cutover, Phase::Live],
        Phase::RampDown => &[Phase::Cutover, Phase::Live, Phase::RampDown],
        Phase::ModernOnly => &[Phase::Cutover, Phase::Live, Phase::RampDown, Phase::ModernOnly],
        Phase::Halted => &[Phase::Cutover, Phase::Live, Phase::Halted],
    };
    for to in way {
        if *to == Phase::Live {
            state = after(&state, &swept(&state));
        }
        state = after(&state, &Move::to(*to));
    }
    state
}

/// The base in one phase and a cohort of a quarter in another.
pub(crate) fn state_with_cohort(base: Phase, cohort: Phase) -> MigrationState {
    let mut state = after(&state_in(base), &Move::StartCohort { share: Share::percent(25) });
    let way: &[Phase] = match (base, cohort) {
        (base, cohort) if base == cohort => &[],
        (Phase::Live, _) => std::slice::from_ref(&cohort),
        (Phase::Cutover, Phase::Live) => &[Phase::Live],
        (Phase::Cutover, Phase::Halted) => &[Phase::Live, Phase::Halted],
        (_, Phase::Live) => &[Phase::Cutover, Phase::Live],
        (_, Phase::Halted) => &[Phase::Cutover, Phase::Live, Phase::Halted],
        _ => std::slice::from_ref(&cohort),
    };
    for to in way {
        if *to == Phase::Live && !state.cohort().unwrap().part.modern_complete {
            state = after(&state, &swept(&state));
        }
        state = after(&state, &Move::cohort_to(*to));
    }
    state
}

/// A state where the way back of base and cohort needs a sweep that sees both.
pub(crate) fn left_behind_with_a_cohort() -> MigrationState {
    let back = [Move::to(Phase::Live), Move::StartCohort { share: Share::percent(25) }];
    back.iter().fold(state_in(Phase::RampDown), |it, step| after(&it, step))
}

pub(crate) struct Node {
    pub(crate) tracker: Arc<PhaseTracker>,
    task: JoinHandle<()>,
}

impl Node {
    /// It never polls again.
    pub(crate) fn falls_silent(&self) {
        self.task.abort();
    }
}

/// Nodes look every second, and are told of nothing in between.
pub(crate) struct World {
    pub(crate) service: Arc<Service>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) clock: Arc<ManualClock>,
    sweeper: Arc<dyn Sweeper>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.nodes.iter().for_each(Node::falls_silent);
    }
}

impl World {
    pub(crate) async fn at(state: MigrationState, nodes: usize) -> Self {
        let inner = Arc::new(InMemoryStateService::default());
        inner.create(&state).await.unwrap();
        let service = Service::of(inner);
        let mut world = Self {
            service,
            nodes: Vec::new(),
            clock: Arc::new(ManualClock::at(NOON)),
            sweeper: Arc::new(Sweep::new(&rows(PhaseTracker::detached(state)))),
        };
        for number in 1..=nodes {
            world.join(node_name(number), TrackerConfig::default()).await;
        }
        world.sweeper = Arc::new(Sweep::new(&rows(world.nodes[0].tracker.clone())));
        world
    }

    pub(crate) async fn new(phase: Phase) -> Self {
        Self::at(state_in(phase), 2).await
    }

    /// Another node.
    pub(crate) async fn join(&mut self, node: NodeName, config: TrackerConfig) {
        let service = Service::of(self.service.inner.clone());
        let tracker = PhaseTracker::start(service, name(), node, config).await.unwrap();
        let following = tracker.clone();
        let task = tokio::spawn(async move {
            let _ = following.run(std::future::pending()).await;
        });
        self.nodes.push(Node { tracker, task });
    }

    pub(crate) fn config(&self) -> ControllerConfig {
        ControllerConfig::default().with_clock(self.clock.clone())
    }

    pub(crate) fn controller(&self) -> MigrationController {
        self.controller_with(self.config())
    }

    pub(crate) fn controller_with(&self, config: ControllerConfig) -> MigrationController {
        self.bare().with_config(config).with_sweeper(self.sweeper.clone())
    }

    /// One that nobody sweeps for.
    pub(crate) fn bare(&self) -> MigrationController {
        MigrationController::new(self.service.clone(), name())
    }

    /// Sweeps take so long from now on.
    pub(crate) fn sweeps_take(&mut self, time: Duration) {
        self.sweeper = Arc::new(Slow { sweeper: self.sweeper.clone(), time });
    }

    pub(crate) fn sweeper(&self) -> Arc<dyn Sweeper> {
        self.sweeper.clone()
    }

    pub(crate) async fn state(&self) -> MigrationState {
        self.service.inner.current(&name()).await.unwrap().unwrap().state
    }

    /// Every node works by the state.
    pub(crate) async fn settles(&self) {
        tokio::time::sleep(SECOND * 3).await;
    }
}

#[derive(Debug)]
struct Slow {
    sweeper: Arc<dyn Sweeper>,
    time: Duration,
}

#[async_trait]
impl Sweeper for Slow {
    async fn sweep(&self, ticket: SweepTicket) -> Result<SweepEvidence, SweepError> {
        tokio::time::sleep(self.time).await;
        self.sweeper.sweep(ticket).await
    }
}

fn rows(tracker: Arc<PhaseTracker>) -> MigrationRepository<Store, Store> {
    let [legacy, modern] = [(); 2].map(|()| Store::new(|row: &(u32, &'static str)| row.0));
    MigrationRepository::new(legacy, modern, tracker).unwrap()
}

type Store = InMemoryRepository<u32, (u32, &'static str)>;

/// The steps that were taken, in words.
pub(crate) fn words(advanced: &Advanced) -> Vec<String> {
    advanced.steps.iter().map(|taken| taken.step.to_string()).collect()
}

/// The steps recorded since `first`, in words.
pub(crate) fn words_since(first: &MigrationState, state: &MigrationState) -> Vec<String> {
    let since = state.history().iter().filter(|record| record.epoch > first.epoch());
    since.map(|record| record.step.to_string()).collect()
}

/// An error with all its causes, in one line.
pub(crate) fn told(error: &ControllerError) -> String {
    let mut line = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        line = format!("{line}: {cause}");
        next = cause.source();
    }
    line
}
