//! A node's copy of the state: how it starts, follows, and stops.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, Move, MoveError, MoveId, NodeId,
    NodeLease, Phase, PhaseTracker, Revision, TrackerConfig, TrackerError, Versioned, take_step,
};

mod away;
mod back;
mod fenced;
mod hostile;
mod lease;
mod node;
mod outage;
mod races;
mod regressions;
mod rounds;
mod settle;
mod standing;
mod texts;
mod workers;

/// A service that fails as it is told, and writes down what it was asked.
#[derive(Debug, Default)]
struct Service {
    inner: InMemoryStateService,
    down: Mutex<Option<Down>>,
    calls: Mutex<Vec<&'static str>>,
    /// How many `compare_and_set` answer `Unknown`, after their effect or without.
    doubtful: AtomicU32,
    effective: AtomicU32,
    /// How many are refused for certain.
    certain: AtomicU32,
    /// Held by a test, it holds up who looks at the leases.
    look: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy)]
enum Down {
    Refuses,
    Hangs,
    /// States cannot be read.
    RefusesStates,
    /// Leases cannot be renewed, once they are there.
    RefusesRenewals,
}

impl Down {
    fn stops(self, call: &str) -> bool {
        match self {
            Self::Refuses | Self::Hangs => true,
            Self::RefusesStates => call == "current",
            Self::RefusesRenewals => call == "renew",
        }
    }
}

impl Service {
    async fn called(&self, call: &'static str) -> Result<(), StoreError> {
        let asked = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(call);
            calls.len()
        };
        assert!(asked < 10_000, "somebody asks without a pause");
        let down = *self.down.lock().unwrap();
        match down.filter(|down| down.stops(call)) {
            None => Ok(()),
            Some(Down::Hangs) => std::future::pending().await,
            Some(_) => Err(StoreError::unavailable("down")),
        }
    }

    fn calls_of(&self, call: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|made| **made == call).count()
    }

    fn go(&self, down: Option<Down>) {
        *self.down.lock().unwrap() = down;
    }

    fn takes_one(counter: &AtomicU32) -> bool {
        counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
    }
}

#[async_trait]
impl MigrationStateService for Service {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        self.inner.create(state).await
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        self.called("current").await?;
        self.inner.current(name).await
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        if Self::takes_one(&self.effective) {
            self.inner.compare_and_set(expected, next).await?;
            return Err(StoreError::unknown("answer lost"));
        }
        if Self::takes_one(&self.certain) {
            return Err(StoreError::unavailable("down"));
        }
        if Self::takes_one(&self.doubtful) {
            return Err(StoreError::unknown("never arrived"));
        }
        self.inner.compare_and_set(expected, next).await
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        let unsettled = lease.adopted.is_none();
        self.called(if unsettled { "register" } else { "renew" }).await?;
        self.inner.renew_lease(name, lease).await
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        self.called("release").await?;
        self.inner.release_lease(name, node).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        drop(self.look.lock().await);
        self.inner.leases(name).await
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        self.inner.evict(name, seen).await
    }

    async fn changed(&self, name: &MigrationName, seen: Revision) {
        self.inner.changed(name, seen).await;
    }
}

fn name() -> MigrationName {
    "rows".parse().unwrap()
}

async fn started() -> (Arc<Service>, Arc<PhaseTracker>) {
    let service = Arc::new(Service::default());
    service.create(&MigrationState::new(name())).await.unwrap();
    let tracker = start(&service).await.unwrap();
    (service, tracker)
}

async fn start(service: &Arc<Service>) -> Result<Arc<PhaseTracker>, TrackerError> {
    let node = "node-1".parse().unwrap();
    PhaseTracker::start(service.clone(), name(), node, TrackerConfig::default()).await
}

async fn step(service: &Service, to: Phase) -> MigrationState {
    take_step(service, &name(), &Move::to(to), None).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_node_registers_before_it_reads_the_state() {
    let (service, _) = started().await;
    assert_eq!(service.calls.lock().unwrap()[..2], ["register", "current"]);
    assert_eq!(service.calls.lock().unwrap().last(), Some(&"renew"));
}

#[tokio::test(start_paused = true)]
async fn without_a_state_a_node_does_not_start() {
    let service = Arc::new(Service::default());
    assert!(matches!(start(&service).await, Err(TrackerError::NoState { .. })));
    let leases = service.leases(&name()).await.unwrap();
    assert!(leases.iter().all(|lease| lease.adopted.is_none()), "and nothing says it did");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_cannot_reach_the_service_does_not_start() {
    for down in [Down::Refuses, Down::Hangs] {
        let service = Arc::new(Service::default());
        service.create(&MigrationState::new(name())).await.unwrap();
        service.go(Some(down));
        let error = start(&service).await.unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_adopts_before_it_says_so() {
    let (service, tracker) = started().await;
    step(&service, Phase::DualWrite).await;
    let lease = service.leases(&name()).await.unwrap().remove(0);
    assert_eq!(lease.adopted.map(|adopted| adopted.epoch), Some(0));
    tracker.poll().await.unwrap();
    assert_eq!(tracker.state().base().phase, Phase::DualWrite);
    let lease = service.leases(&name()).await.unwrap().remove(0);
    assert_eq!(lease.adopted, Some(tracker.state().adopted()));
}

#[tokio::test(start_paused = true)]
async fn a_running_tracker_follows_without_waiting_for_its_poll() {
    let (service, tracker) = started().await;
    let (following, stop) = (tracker.clone(), Arc::new(tokio::sync::Notify::new()));
    let stopped = stop.clone();
    let worker = tokio::spawn(async move { following.run(stopped.notified()).await });
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = tokio::time::Instant::now();
    step(&service, Phase::DualWrite).await;
    tracker.moved_from(MigrationState::new(name()).word()).await;
    assert!(before.elapsed() < Duration::from_millis(1));
    stop.notify_one();
    worker.await.unwrap().unwrap();
}

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Event>>);

impl Observer for Heard {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_service_leaves_the_phase_as_it_is() {
    for down in [Down::Refuses, Down::Hangs] {
        let service = Arc::new(Service::default());
        service.create(&MigrationState::new(name())).await.unwrap();
        let heard = Arc::new(Heard::default());
        let config = TrackerConfig::default().with_observer(heard.clone());
        let node = "node-1".parse().unwrap();
        let tracker = PhaseTracker::start(service.clone(), name(), node, config).await.unwrap();
        let following = tracker.clone();
        let worker = tokio::spawn(async move { following.run(std::future::pending()).await });
        service.go(Some(down));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(tracker.state().base().phase, Phase::LegacyOnly);
        assert!(!tracker.word().is_closed());
        assert!(heard.0.lock().unwrap().contains(&Event::StateUnreachable), "{down:?}");

        service.go(None);
        step(&service, Phase::DualWrite).await;
        tokio::time::sleep(Duration::from_secs(7)).await;
        assert_eq!(tracker.state().base().phase, Phase::DualWrite, "{down:?}");
        worker.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn an_evicted_node_refuses_everything_from_then_on() {
    let (service, tracker) = started().await;
    let lease = service.leases(&name()).await.unwrap().remove(0);
    service.evict(&name(), &lease).await.unwrap();
    let ended = tracker.run(std::future::pending()).await;
    assert!(matches!(ended, Err(TrackerError::Evicted { .. })), "{ended:?}");
    assert!(tracker.word().is_closed());
    assert!(!ended.unwrap_err().is_retryable());
}

#[tokio::test(start_paused = true)]
async fn nobody_adopts_an_older_state_or_another_of_the_same_epoch() {
    let (service, tracker) = started().await;
    step(&service, Phase::DualWrite).await;
    tracker.poll().await.unwrap();

    let restored = Arc::new(Service::default());
    restored.create(&MigrationState::new(name())).await.unwrap();
    let stale = MigrationState::new(name());
    assert!(!tracker.adopt(stale));
    assert_eq!(tracker.state().base().phase, Phase::DualWrite);

    // Another history reaches the same epoch by another move.
    let found = service.current(&name()).await.unwrap().unwrap();
    let first = MigrationState::new(name());
    let fleet = strangler_fig::phase::Fleet::default();
    let other = first.transition(&Move::to(Phase::Shadow), MoveId::fixed(9), &fleet).unwrap();
    service.inner.compare_and_set(found.revision, &other).await.unwrap();
    let error = tracker.poll().await.unwrap_err();
    assert!(matches!(error, TrackerError::WentBack { shown: 1, adopted: 1, .. }), "{error:?}");
    assert_eq!(tracker.state().base().phase, Phase::DualWrite);
}

#[tokio::test(start_paused = true)]
async fn a_released_lease_is_gone_and_the_node_closed() {
    let (service, tracker) = started().await;
    tracker.release().await.unwrap();
    assert!(service.leases(&name()).await.unwrap().is_empty());
    assert!(tracker.word().is_closed());
}

#[tokio::test(start_paused = true)]
async fn holds_stand_in_the_lease() {
    let (service, tracker) = started().await;
    let hold = tracker.hold();
    tracker.poll().await.unwrap();
    assert_eq!(service.leases(&name()).await.unwrap()[0].holds, 1);
    drop(hold);
    tracker.poll().await.unwrap();
    assert_eq!(service.leases(&name()).await.unwrap()[0].holds, 0);
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_answer_is_lost_is_taken_once() {
    let (service, tracker) = started().await;
    service.effective.store(1, Ordering::SeqCst);
    let state = step(&service, Phase::DualWrite).await;
    assert_eq!(state.epoch(), 1);
    tracker.poll().await.unwrap();
    assert_eq!(tracker.state().epoch(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_never_arrived_is_taken_again() {
    let (service, _) = started().await;
    service.doubtful.store(2, Ordering::SeqCst);
    assert_eq!(step(&service, Phase::DualWrite).await.epoch(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_stays_in_doubt_says_so() {
    let (service, _) = started().await;
    service.doubtful.store(1_000, Ordering::SeqCst);
    let error = take_step(&*service, &name(), &Move::to(Phase::DualWrite), None).await.unwrap_err();
    let MoveError::Service { source, .. } = error else { panic!("{error:?}") };
    assert!(!source.kind().is_definite());
}

#[tokio::test(start_paused = true)]
async fn of_two_operators_one_wins() {
    let (service, _) = started().await;
    let steps = [Phase::DualWrite, Phase::Shadow].map(|to| {
        let service = service.clone();
        tokio::spawn(async move { take_step(&*service, &name(), &Move::to(to), None).await })
    });
    for step in steps {
        step.await.unwrap().unwrap();
    }
    let found = service.current(&name()).await.unwrap().unwrap();
    assert_eq!(found.state.epoch(), 2, "one after the other, each from what it had read");
}

#[tokio::test(start_paused = true)]
async fn there_is_no_step_without_a_migration() {
    let service = Service::default();
    let error = take_step(&service, &name(), &Move::to(Phase::DualWrite), None).await.unwrap_err();
    assert!(matches!(error, MoveError::NoState { .. }));
}
