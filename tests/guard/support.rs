//! A migration with one node, an operator, and signals that say what they are told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::controller::{
    ChangeRequest, ControllerConfig, GuardConfig, GuardOutcome, MigrationController, RollbackGuard,
    SignalSource, Signals,
};
use strangler_fig::error::StoreError;
use strangler_fig::memory::{InMemoryRepository, InMemoryStateService};
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{
    Actor, MigrationName, MigrationState, MigrationStateService, Move, PartName, Phase,
    PhaseTracker, Share, TrackerConfig, take_step,
};
use strangler_fig::reconcile::Sweep;
use strangler_fig::repository::MigrationRepository;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
pub(crate) const REST: Duration = Duration::from_secs(600);

/// What the signals' source does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told {
    These(Signals),
    Nothing,
    Hangs,
    Panics,
}

#[derive(Debug)]
pub(crate) struct Script {
    told: Mutex<Told>,
    pub(crate) asked: Mutex<Vec<Duration>>,
}

impl Script {
    pub(crate) fn now(&self, told: Told) {
        *self.told.lock().unwrap() = told;
    }
}

#[async_trait]
impl SignalSource for Script {
    async fn signals(&self, window: Duration) -> Result<Signals, StoreError> {
        self.asked.lock().unwrap().push(window);
        let told = *self.told.lock().unwrap();
        match told {
            Told::These(signals) => Ok(signals),
            Told::Nothing => Err(StoreError::unavailable("no metrics")),
            Told::Hangs => std::future::pending().await,
            Told::Panics => panic!("a source that panics on purpose"),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Vec<Event>>);

impl Heard {
    pub(crate) fn alarms(&self) -> Vec<&'static str> {
        let heard = self.0.lock().unwrap();
        let alarm = |event: &Event| match event {
            Event::GuardAlarmed { cause } => Some(*cause),
            _ => None,
        };
        heard.iter().filter_map(alarm).collect()
    }
}

impl Observer for Heard {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

/// What may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    Mismatches,
    Errors,
    Latency,
}

impl Wrong {
    pub(crate) const ALL: [Self; 3] = [Self::Mismatches, Self::Errors, Self::Latency];

    pub(crate) fn signals(self) -> Signals {
        match self {
            Self::Mismatches => fine().with_comparisons(1_000, 500),
            Self::Errors => fine().with_operations(1_000, 500).with_side_failures(0, 500),
            Self::Latency => fine().with_latency(Some(SECOND), 1_000),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mismatches => "mismatches",
            Self::Errors => "errors",
            Self::Latency => "latency",
        }
    }
}

/// A thousand of everything, and nothing wrong.
pub(crate) fn fine() -> Signals {
    let latency = Some(Duration::from_millis(10));
    Signals::default()
        .with_operations(1_000, 0)
        .with_comparisons(1_000, 0)
        .with_latency(latency, 1_000)
        .with_latency_before(latency, 1_000)
}

pub(crate) struct World {
    pub(crate) service: Arc<InMemoryStateService>,
    pub(crate) signals: Arc<Script>,
    pub(crate) heard: Arc<Heard>,
    sweep: Arc<Sweep<Store, Store>>,
    follower: tokio::task::JoinHandle<()>,
}

type Store = InMemoryRepository<u32, (u32, u32)>;

impl Drop for World {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

pub(crate) fn name() -> MigrationName {
    "rows".parse().unwrap()
}

pub(crate) fn ann() -> ChangeRequest {
    ChangeRequest::new("ann".parse().unwrap(), "OPS-12".parse().unwrap())
}

pub(crate) fn actor() -> Actor {
    "rollback-guard".parse().unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        let service = Arc::new(InMemoryStateService::default());
        service.create(&MigrationState::new(name())).await.unwrap();
        let node = "node-1".parse().unwrap();
        let tracker = PhaseTracker::start(service.clone(), name(), node, TrackerConfig::default());
        let tracker = tracker.await.unwrap();
        let [legacy, modern] = [(); 2].map(|()| Store::new(|row| row.0));
        let rows = MigrationRepository::new(legacy, modern, tracker.clone()).unwrap();
        let following = tracker.clone();
        let follower = tokio::spawn(async move {
            following.run(std::future::pending()).await.unwrap();
        });
        let signals = Script { told: Mutex::new(Told::These(fine())), asked: Mutex::default() };
        Self {
            service,
            signals: Arc::new(signals),
            heard: Arc::default(),
            sweep: Arc::new(Sweep::new(&rows)),
            follower,
        }
    }

    pub(crate) fn controller(&self) -> MigrationController {
        let config = ControllerConfig::default()
            .with_observer(self.heard.clone())
            .with_poll_interval(SECOND / 10)
            .with_settle_wait(SECOND * 20);
        let controller = MigrationController::new(self.service.clone(), name());
        controller.with_config(config).with_sweeper(self.sweep.clone())
    }

    pub(crate) fn guard(&self, config: GuardConfig) -> RollbackGuard {
        RollbackGuard::new(Arc::new(self.controller()), self.signals.clone()).with_config(config)
    }

    pub(crate) async fn state(&self) -> MigrationState {
        self.service.current(&name()).await.unwrap().unwrap().state
    }

    pub(crate) async fn phases(&self) -> (Phase, Option<Phase>) {
        let state = self.state().await;
        (state.base().phase, state.cohort().map(|cohort| cohort.part.phase))
    }

    pub(crate) async fn step(&self, step: Move) {
        take_step(&*self.service, &name(), &step, None).await.unwrap();
        tokio::time::sleep(SECOND * 2).await;
    }

    /// Ann brings the migration to `phase`; `Halted` by way of `Live`.
    pub(crate) async fn ann_goes_to(&self, phase: Phase) {
        let goal = if phase == Phase::Halted { Phase::Live } else { phase };
        self.controller().advance_to(goal, &ann()).await.unwrap();
        if phase == Phase::Halted {
            self.step(Move::to(phase)).await;
        }
        tokio::time::sleep(SECOND * 2).await;
    }

    /// Ann brings a cohort of a tenth to `phase`.
    pub(crate) async fn ann_brings_a_cohort_to(&self, phase: Phase) {
        self.controller().set_share(Share::percent(10), &ann()).await.unwrap();
        let goal = if phase == Phase::Halted { Phase::Live } else { phase };
        let target = strangler_fig::controller::Target::Cohort(goal);
        self.controller().advance_to(target, &ann()).await.unwrap();
        if phase == Phase::Halted {
            self.step(Move::cohort_to(phase)).await;
        }
        tokio::time::sleep(SECOND * 2).await;
    }

    /// From `Live` to the `Cutover` on the way back, by ann.
    pub(crate) async fn ann_turns_round(&self, part: PartName) {
        let step = Move::Phase { part, to: Phase::Cutover };
        let target = match part {
            PartName::Base => strangler_fig::controller::Target::Whole(Phase::Cutover),
            PartName::Cohort => strangler_fig::controller::Target::Cohort(Phase::Cutover),
        };
        let turned = self.controller().advance_to(target, &ann()).await.unwrap();
        assert_eq!(turned.steps[0].step, step);
        tokio::time::sleep(SECOND * 2).await;
    }

    pub(crate) async fn last_actor(&self) -> Option<Actor> {
        self.state().await.history().last().and_then(|record| record.actor.clone())
    }
}

/// That it went back, and by how many steps.
pub(crate) fn steps(outcome: &GuardOutcome) -> Vec<String> {
    let GuardOutcome::RolledBack { advanced, .. } = outcome else { panic!("{outcome:?}") };
    advanced.steps.iter().map(|taken| taken.step.to_string()).collect()
}

pub(crate) fn is_quiet(outcome: &GuardOutcome) -> bool {
    matches!(outcome, GuardOutcome::Quiet)
}
