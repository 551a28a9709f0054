//! A controller that waits evicts the nodes that have stopped by themselves, and no
//! others.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::controller::{
    Before, ControllerError, GateFn, GateReading, MigrationController, RejectionsZero,
};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::{InMemoryRepairQueue, InMemoryRepository};
use strangler_fig::phase::{
    EvictionGround, MigrationStateService, Move, Phase, PhaseTracker, Refused, TrackerConfig,
    TrackerError, take_step,
};
use strangler_fig::reconcile::Sweep;
use strangler_fig::repository::MigrationRepository;
use tokio::time::Instant;

use crate::support::{
    MARGIN, SECOND, Service, Spoilt, TERM, controller, fenced, following, id, last_record, leases,
    lives, name, request, service, start, state,
};

type Store = InMemoryRepository<u32, (u32, u32)>;

fn sweeper(tracker: &Arc<PhaseTracker>) -> Arc<Sweep<Store, Store>> {
    let [legacy, modern] = [(); 2].map(|()| Store::new(|row| row.0));
    let rows = MigrationRepository::new(legacy, modern, tracker.clone()).unwrap();
    Arc::new(Sweep::new(&rows))
}

/// A node that follows, and a fenced one that has stopped; time since it renewed.
async fn one_stopped(since: Duration) -> (Arc<Service>, Arc<PhaseTracker>) {
    let service = service().await;
    let node = start(&service, "node-1", 1, TrackerConfig::default()).await;
    start(&service, "stopped", 2, fenced()).await;
    following(&node);
    tokio::time::sleep(since).await;
    (service, node)
}

#[tokio::test(start_paused = true)]
async fn it_crosses_once_it_has_itself_watched_the_lease_for_the_term_and_the_margin() {
    // However long ago the node stopped: only what the controller saw counts.
    for since in [Duration::ZERO, SECOND * 3_600] {
        let (service, node) = one_stopped(since).await;
        let began = Instant::now();
        let controller = controller(&service).with_sweeper(sweeper(&node));
        controller.advance_to(Phase::Live, &request()).await.unwrap();
        let waited = began.elapsed();
        assert!(waited > TERM + MARGIN, "{waited:?}");
        assert!(waited < TERM + MARGIN + SECOND * 6, "{waited:?}");
        assert_eq!(lives(&service).await, [id("node-1", 1)]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_history_says_that_its_lease_had_run_out() {
    let (service, node) = one_stopped(Duration::ZERO).await;
    let controller = controller(&service).with_sweeper(sweeper(&node));
    controller.advance_to(Phase::Live, &request()).await.unwrap();
    let step = Move::Evict { node: id("stopped", 2), ground: EvictionGround::LeaseRanOut };
    let state = state(&service).await;
    let record = state.history().iter().find(|record| record.step == step).unwrap();
    assert_eq!(record.actor.as_ref().unwrap().as_str(), "migration-controller");
}

#[tokio::test(start_paused = true)]
async fn a_node_without_a_fence_is_never_evicted_by_itself() {
    let service = service().await;
    let node = start(&service, "node-1", 1, TrackerConfig::default()).await;
    start(&service, "away", 2, TrackerConfig::default()).await;
    let follower = following(&node);
    let controller = controller(&service).with_sweeper(sweeper(&node));
    let refused = controller.advance_to(Phase::Live, &request()).await.unwrap_err();
    let ControllerError::Waiting { source, .. } = refused else { panic!("{refused:?}") };
    assert!(matches!(source, Refused::Unsettled { node, .. } if node == id("away", 2)));
    assert_eq!(leases(&service).await.len(), 2);
    follower.abort();
}

/// A node that follows, and a fenced one that knew of a key when it was killed.
async fn one_that_knew(other: TrackerConfig) -> Arc<Service> {
    let service = service().await;
    following(&start(&service, "node-1", 1, other).await);
    start(&service, "killed", 2, fenced()).await;
    let mut killed = leases(&service).await;
    killed.retain(|lease| lease.node == id("killed", 2));
    let mut killed = killed.pop().unwrap();
    (killed.renewal, killed.backlog.keys) = (killed.renewal + 1, 1);
    service.renew_lease(&name(), &killed).await.unwrap();
    service
}

fn gated(service: &Arc<Service>) -> MigrationController {
    let queue = Arc::new(InMemoryRepairQueue::default());
    let gate = Arc::new(RejectionsZero::new(queue));
    controller(service).with_gate(Before::Entering(Phase::Cutover), gate)
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_a_dead_node_holds_closed_is_waited_for_until_that_node_is_evicted() {
    for other in [fenced(), TrackerConfig::default()] {
        let service = one_that_knew(other).await;
        let began = Instant::now();
        gated(&service).advance_to(Phase::Cutover, &request()).await.unwrap();
        let waited = began.elapsed();
        assert!(waited > TERM + MARGIN && waited < TERM + MARGIN + SECOND * 6, "{waited:?}");
        assert_eq!(lives(&service).await, [id("node-1", 1)]);
    }
}

/// Also by gates that take longer than nodes to renew.
#[tokio::test(start_paused = true)]
async fn a_gate_that_is_closed_while_all_nodes_live_is_told_once_that_was_seen() {
    for takes in [Duration::ZERO, SECOND * 8] {
        let service = service().await;
        following(&start(&service, "node-1", 1, fenced()).await);
        let gate = GateFn::new("closed", move |_| {
            Box::pin(async move {
                tokio::time::sleep(takes).await;
                GateReading::of(false, "it is so")
            })
        });
        let gate = Arc::new(gate);
        let controller = controller(&service).with_gate(Before::Entering(Phase::Cutover), gate);
        let began = Instant::now();
        let refused = controller.advance_to(Phase::Cutover, &request()).await;
        assert!(matches!(refused, Err(ControllerError::Blocked { .. })), "{refused:?}");
        let waited = began.elapsed();
        assert!(waited < takes * 2 + SECOND * 3, "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_evicts_nobody_waits_for_no_closed_gate() {
    let service = one_that_knew(TrackerConfig::default()).await;
    let config = strangler_fig::controller::ControllerConfig::default();
    let controller = gated(&service).with_config(config.without_eviction_of_fenced());
    let began = Instant::now();
    let refused = controller.advance_to(Phase::Cutover, &request()).await;
    assert!(matches!(refused, Err(ControllerError::Blocked { .. })), "{refused:?}");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_is_told_not_to_evicts_nobody() {
    let (service, node) = one_stopped(Duration::ZERO).await;
    let config = strangler_fig::controller::ControllerConfig::default()
        .with_settle_wait(TERM * 10)
        .without_eviction_of_fenced();
    let controller = controller(&service).with_config(config).with_sweeper(sweeper(&node));
    let refused = controller.advance_to(Phase::Live, &request()).await;
    assert!(matches!(refused, Err(ControllerError::Waiting { .. })), "{refused:?}");
    assert_eq!(leases(&service).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_renews_once_in_a_term_is_waited_for() {
    let (service, node) = one_stopped(Duration::ZERO).await;
    let slow = start(&service, "slow", 3, fenced()).await;
    let renewing = {
        let slow = slow.clone();
        let service = service.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SECOND * 29).await;
                // It renews, and never adopts: its reads fail.
                let mut lease = leases(&service).await;
                lease.retain(|lease| Some(&lease.node) == slow.node());
                let Some(mut lease) = lease.pop() else { return };
                lease.renewal += 1;
                service.renew_lease(&name(), &lease).await.unwrap();
            }
        })
    };
    let controller = controller(&service).with_sweeper(sweeper(&node));
    let refused = controller.advance_to(Phase::Live, &request()).await;
    assert!(matches!(refused, Err(ControllerError::Waiting { .. })), "{refused:?}");
    assert!(lives(&service).await.contains(&id("slow", 3)));
    renewing.abort();
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_back_in_the_last_moment_stays_and_settles() {
    let (service, node) = one_stopped(Duration::ZERO).await;
    let adopted = node.state().adopted();
    *service.spoilt.lock().unwrap() = Some(Spoilt::Renewal(adopted));
    let controller = Arc::new(controller(&service).with_sweeper(sweeper(&node)));
    let crossing = {
        let controller = controller.clone();
        tokio::spawn(async move { controller.advance_to(Phase::Live, &request()).await })
    };
    tokio::time::sleep(TERM + MARGIN + SECOND * 4).await;
    assert!(lives(&service).await.contains(&id("stopped", 2)), "that eviction was refused");
    let evictions = |state: &strangler_fig::phase::MigrationState| {
        let steps = state.history().iter().map(|record| &record.step);
        steps.filter(|step| matches!(step, Move::Evict { .. })).count()
    };
    assert_eq!(evictions(&state(&service).await), 1, "what was tried is recorded, once");
    crossing.abort();
}

#[tokio::test(start_paused = true)]
async fn an_evicted_node_that_comes_back_refuses_and_says_why() {
    let service = service().await;
    let node = start(&service, "node-1", 1, TrackerConfig::default()).await;
    let stopped = start(&service, "stopped", 2, fenced()).await;
    let follower = following(&node);
    let controller = controller(&service).with_sweeper(sweeper(&node));
    controller.advance_to(Phase::Live, &request()).await.unwrap();
    let [legacy, modern] = [(); 2].map(|()| Store::new(|row| row.0));
    let rows = MigrationRepository::new(legacy, modern, stopped.clone()).unwrap();
    assert_eq!(rows.find(&1).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert!(matches!(stopped.poll().await, Err(TrackerError::Evicted { .. })));
    assert_eq!(rows.find(&1).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    follower.abort();
}

#[tokio::test(start_paused = true)]
async fn by_r1_nobody_waits_and_so_nobody_is_evicted() {
    let (service, _node) = one_stopped(SECOND * 3_600).await;
    controller(&service).advance_to(Phase::Cutover, &request()).await.unwrap();
    assert_eq!(leases(&service).await.len(), 2);
    let back = take_step(&*service, &name(), &Move::to(Phase::DualWrite), None).await;
    assert_eq!(back.unwrap().base().phase, Phase::DualWrite);
    assert!(!matches!(last_record(&service).await.step, Move::Evict { .. }));
}
