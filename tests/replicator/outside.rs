//! Writers outside, from their registration to the crossing: through the controller, in memory.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::controller::{
    Before, ChangeRequest, ControllerConfig, ControllerError, MigrationController,
    OutsideWritersOff, ProcessHasEnded, ReplicationLagBelow,
};
use strangler_fig::event::{OutsideWriters, RetireError, WritersAreOff};
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::observe::Event;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, Phase, PhaseTracker, TrackerConfig,
};
use strangler_fig::reconcile::Sweep;
use tokio::task::JoinHandle;

use crate::support::World;

fn name() -> MigrationName {
    "rows".parse().unwrap()
}

fn ann() -> ChangeRequest {
    ChangeRequest::new("ann".parse().unwrap(), "OPS-12".parse().unwrap())
}

fn off() -> WritersAreOff {
    WritersAreOff::of("monolith".parse().unwrap())
}

/// A node that follows the state, the monolith's writers beside it, and an operator.
struct Fleet {
    world: World,
    service: Arc<InMemoryStateService>,
    writers: OutsideWriters,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Fleet {
    async fn new() -> Self {
        let service = Arc::new(InMemoryStateService::default());
        service.create(&MigrationState::new(name())).await.unwrap();
        let node = "node-1".parse().unwrap();
        let config = TrackerConfig::default();
        let tracker = PhaseTracker::start(service.clone(), name(), node, config).await.unwrap();
        let following = tracker.clone();
        let task = tokio::spawn(async move {
            let _ = following.run(std::future::pending()).await;
        });
        let writers = "monolith".parse().unwrap();
        let writers = OutsideWriters::register(service.clone(), name(), writers).await.unwrap();
        let world = World::with_tracker(tracker);
        let mut fleet = Self { world, service, writers, tasks: vec![task] };
        fleet.replicate();
        fleet
    }

    /// A replicator that runs from now on.
    fn replicate(&mut self) {
        let replicator = self.world.replicator().with_outside(self.writers.clone());
        self.tasks.push(tokio::spawn(async move {
            let _ = replicator.run(std::future::pending()).await;
        }));
    }

    async fn retire(&self, off: WritersAreOff) -> Result<(), RetireError> {
        let (ann, why) = ("ann".parse().unwrap(), "OPS-12".parse().unwrap());
        self.writers.retire(&*self.world.feed, off, &ann, &why).await
    }

    fn controller(&self) -> MigrationController {
        MigrationController::new(self.service.clone(), name())
            .with_config(ControllerConfig::default())
            .with_sweeper(Arc::new(Sweep::new(&self.world.rows)))
    }

    async fn phase(&self) -> Phase {
        self.service.current(&name()).await.unwrap().unwrap().state.base().phase
    }

    async fn settles(&self) {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// An error with all its causes, in one line.
fn told(error: &ControllerError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |it| it.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn refused(error: &ControllerError) -> bool {
    told(error).contains("writers outside the crate (monolith") && !error.is_retryable()
}

#[tokio::test(start_paused = true)]
async fn left_on_the_controller_refuses_to_cross_and_says_why() {
    let fleet = Fleet::new().await;
    fleet.world.outside((1, "new"));
    let error = fleet.controller().advance_to(Phase::Live, &ann()).await.unwrap_err();
    assert!(refused(&error), "{}", told(&error));
    assert_eq!(fleet.phase().await, Phase::Cutover, "it came so far, and no further");

    let status = fleet.controller().status().await.unwrap();
    let words = status.to_string();
    assert!(words.contains("monolith/") && words.contains(" outside\n"), "{words}");
    assert!(words.contains("have not been switched off: nothing crosses"), "{words}");
    assert!(!words.contains("silent"), "they are not expected to renew anything: {words}");
    fleet.controller().roll_back(&ann()).await.unwrap();
    assert_ne!(fleet.phase().await, Phase::Cutover, "the way back is open");
}

#[tokio::test(start_paused = true)]
async fn switched_off_the_migration_completes() {
    let fleet = Fleet::new().await;
    let controller = fleet.controller();
    controller.advance_to(Phase::DualWrite, &ann()).await.unwrap();
    for key in 0..100 {
        fleet.world.outside((key, "old"));
        fleet.world.outside((key, "new"));
    }
    fleet.world.outside_deletes(50);
    fleet.settles().await;
    fleet.retire(off()).await.unwrap();
    controller.advance_to(Phase::Live, &ann()).await.unwrap();
    for key in [0, 99] {
        assert_eq!(fleet.world.values(key).await, [Some("new"); 2]);
    }
    assert_eq!(fleet.world.rows.find(&50).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn the_gates_are_closed_until_they_are_off_and_all_is_carried_over() {
    let fleet = Fleet::new().await;
    let lag = ReplicationLagBelow::new(fleet.world.feed.clone(), Duration::ZERO);
    let controller = fleet
        .controller()
        .with_gate(Before::Entering(Phase::Cutover), Arc::new(OutsideWritersOff))
        .with_gate(Before::Entering(Phase::Cutover), Arc::new(lag));
    let error = controller.advance_to(Phase::Live, &ann()).await.unwrap_err();
    assert!(told(&error).contains("monolith has not been switched off"), "{error}");
    assert_eq!(fleet.phase().await, Phase::Shadow, "not even into cutover");
    fleet.settles().await;
    fleet.retire(off()).await.unwrap();
    controller.advance_to(Phase::Live, &ann()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_carried_over_keeps_their_place() {
    let mut fleet = Fleet::new().await;
    fleet.tasks.drain(1..).for_each(|replicator| replicator.abort());
    fleet.world.outside((1, "new"));
    let error = fleet.retire(off()).await.unwrap_err();
    assert!(matches!(error, RetireError::Behind { lag } if lag.pending == Some(1)), "{error}");
    let others = WritersAreOff::of("cronjobs".parse().unwrap());
    let error = fleet.retire(others).await.unwrap_err();
    assert!(matches!(error, RetireError::Others { .. }) && !error.is_retryable(), "{error}");
    assert!(fleet.writers.are_registered().await.unwrap());
    fleet.replicate();
    fleet.settles().await;
    fleet.retire(off()).await.unwrap();
    fleet.retire(off()).await.unwrap();
    assert!(!fleet.writers.are_registered().await.unwrap());
}

/// It has nothing to tell, and that says nothing.
#[tokio::test(start_paused = true)]
async fn what_a_lost_feed_does_not_tell_keeps_their_place() {
    let fleet = Fleet::new().await;
    fleet.world.feed.log.lose();
    fleet.world.legacy.inner().plant((1, "missed"));
    let error = fleet.retire(off()).await.unwrap_err();
    assert!(matches!(error, RetireError::Feed(_)) && !error.is_retryable(), "{error}");
    assert!(fleet.writers.are_registered().await.unwrap());
    let lag = ReplicationLagBelow::new(fleet.world.feed.clone(), Duration::MAX);
    let controller = fleet.controller().with_gate(Before::Entering(Phase::Cutover), Arc::new(lag));
    controller.advance_to(Phase::Cutover, &ann()).await.unwrap_err();
    assert_eq!(fleet.phase().await, Phase::Shadow);
}

#[tokio::test(start_paused = true)]
async fn who_writes_on_in_cutover_gets_its_place_again_before_the_change_is_settled() {
    let fleet = Fleet::new().await;
    let controller = fleet.controller();
    fleet.retire(off()).await.unwrap();
    controller.advance_to(Phase::Cutover, &ann()).await.unwrap();
    fleet.settles().await;
    fleet.world.outside((1, "not off at all"));
    fleet.settles().await;
    assert!(fleet.world.told.events().contains(&Event::OutsideWrite));
    assert!(fleet.writers.are_registered().await.unwrap());
    let error = controller.advance_to(Phase::Live, &ann()).await.unwrap_err();
    assert!(refused(&error), "{}", told(&error));
    fleet.retire(off()).await.unwrap();
    controller.advance_to(Phase::Live, &ann()).await.unwrap();
    assert_eq!(fleet.world.rows.find(&1).await.unwrap(), Some((1, "not off at all")));
}

#[tokio::test(start_paused = true)]
async fn registering_again_is_one_place_and_who_was_evicted_may_come_back() {
    let fleet = Fleet::new().await;
    let again = || async {
        let writers = "monolith".parse().unwrap();
        OutsideWriters::register(fleet.service.clone(), name(), writers).await.unwrap()
    };
    again().await;
    assert_eq!(fleet.service.leases(&name()).await.unwrap().len(), 2, "a node, and they");
    let ended = ProcessHasEnded::of("monolith".parse().unwrap());
    fleet.controller().evict(ended, &ann()).await.unwrap();
    assert!(!fleet.writers.are_registered().await.unwrap());
    again().await;
    assert!(fleet.writers.are_registered().await.unwrap());
    let error = fleet.controller().advance_to(Phase::Live, &ann()).await.unwrap_err();
    assert!(refused(&error), "{}", told(&error));
}
