//! A state store that lost what it had acknowledged: nobody follows it there.

use std::sync::{Arc, Mutex};

use strangler_fig::controller::{ChangeRequest, ControllerError, MigrationController};
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{
    Fleet, MigrationState, MigrationStateService, Move, MoveId, MoveNote, Phase, Refused, Standing,
    TrackerConfig, TrackerError,
};

use crate::name;
use crate::node::{Rows, SECOND, World, restored_under};

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Event>>);

impl Observer for Heard {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

fn request() -> ChangeRequest {
    ChangeRequest::new("ann".parse().unwrap(), "OPS-12".parse().unwrap())
}

fn controller(world: &World) -> MigrationController {
    MigrationController::new(world.service.clone(), name())
}

#[tokio::test(start_paused = true)]
async fn a_node_keeps_its_phase_under_a_store_that_went_back_and_serves() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    restored_under(&world, &node).await;
    let error = node.tracker().poll().await.unwrap_err();
    assert!(matches!(error, TrackerError::WentBack { shown: 1, .. }), "{error:?}");
    assert_eq!(node.tracker().word().base(), Phase::Live);
    node.save((1, "fig")).await.unwrap();
    let health = node.tracker().health();
    assert_eq!((health.standing, health.failures), (Standing::WentBack, 1));
    assert!(health.error.unwrap().contains("went back"));
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_renewing_so_that_a_controller_sees_it_and_moves_nothing() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    world.go(&[&node], Phase::DualWrite).await;
    let (text, leases) = (world.service.text(), world.leases().await);
    world.go_to(&[&node], Phase::Live).await;
    world.service.overwrite(Some(text));
    for lease in &leases {
        world.service.renew_lease(&name(), lease).await.unwrap();
    }
    // The leases went back with the state: only a round of the node tells.
    assert!(node.tracker().poll().await.is_err());
    let renewed = world.lease_of(&node).await;
    assert_eq!(renewed.adopted, Some(node.tracker().state().adopted()));
    for to in [Phase::LegacyOnly, Phase::Shadow, Phase::Cutover] {
        let refused = controller(&world).advance_to(to, &request()).await.unwrap_err();
        let ControllerError::Refused { source, .. } = refused else { panic!("{refused:?}") };
        let named = renewed.node.clone();
        assert_eq!(source, Refused::StateWentBack { node: named, epoch: 1 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_node_tells_its_observer_and_is_well_again_with_the_store() {
    let world = World::new().await;
    let heard = Arc::new(Heard::default());
    let config = TrackerConfig::default().with_observer(heard.clone());
    let node = world.node_with("node-1", config).await;
    restored_under(&world, &node).await;
    let newest = node.tracker().state().to_document();
    let follower = crate::node::following(&node);
    tokio::time::sleep(SECOND * 3).await;
    assert!(heard.0.lock().unwrap().contains(&Event::StateWentBack));
    assert_eq!(node.tracker().health().standing, Standing::WentBack);
    world.service.overwrite(Some(newest));
    tokio::time::sleep(SECOND * 3).await;
    assert_eq!(node.tracker().health().standing, Standing::Following);
    follower.abort();
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_migration_was_deleted_keeps_its_phase_and_renews() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    world.go_to(&[&node], Phase::Live).await;
    world.service.overwrite(None);
    let before = world.lease_of(&node).await.renewal;
    let error = node.tracker().poll().await.unwrap_err();
    assert!(matches!(error, TrackerError::NoState { .. }), "{error:?}");
    assert_eq!(node.tracker().health().standing, Standing::WentBack);
    node.save((1, "fig")).await.unwrap();
    assert_eq!(world.lease_of(&node).await.renewal, before + 1);

    world.service.create(&MigrationState::new(name())).await.unwrap();
    let refused = controller(&world).advance(&request()).await.unwrap_err();
    let ControllerError::Refused { source, .. } = refused else { panic!("{refused:?}") };
    assert!(matches!(source, Refused::StateWentBack { epoch: 0, .. }), "{source:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_went_back_and_cannot_renew_leases_either_is_still_said_to_have() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    restored_under(&world, &node).await;
    world.service.go(Some(crate::texts::Outage::RefusesRenewals));
    assert!(node.tracker().poll().await.is_err());
    assert_eq!(node.tracker().health().standing, Standing::WentBack);
}

/// The states after `moves` moves from `state` that nobody saw, the first of them to
/// `first`.
fn moved_on(state: &MigrationState, first: Phase, moves: u32) -> MigrationState {
    let fleet = Fleet::default();
    let mut state = state.clone();
    for number in 0..moves {
        let step = match number {
            0 => Move::to(first),
            _ => Move::ExpectNodes((number % 2 + 1).try_into().unwrap()),
        };
        let id = MoveId::random().unwrap();
        state =
            state.transition(&step, id, &fleet).unwrap().with_record(&step, MoveNote::default());
    }
    state
}

/// What a node of epoch 1 says of a store that went back to epoch 0 and was moved on
/// by so many other moves.
async fn forked(moves: u32) -> (World, Rows, Result<(), TrackerError>) {
    let world = World::new().await;
    let node = world.node("node-1").await;
    world.go(&[&node], Phase::DualWrite).await;
    let fork = moved_on(&MigrationState::new(name()), Phase::Shadow, moves);
    world.service.overwrite(Some(fork.to_document()));
    let polled = node.tracker().poll().await.map(drop);
    (world, node, polled)
}

#[tokio::test(start_paused = true)]
async fn a_later_state_with_another_past_is_not_adopted_as_far_as_the_history_goes() {
    for moves in [2, 3, 31, 32] {
        let (_world, node, polled) = forked(moves).await;
        assert!(
            matches!(polled, Err(TrackerError::Forked { epoch: 1, .. })),
            "{moves}: {polled:?}"
        );
        assert_eq!(node.tracker().word().base(), Phase::DualWrite);
        assert_eq!(node.tracker().health().standing, Standing::WentBack);
        node.save((1, "fig")).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn beyond_the_thirty_two_moves_of_the_history_a_fork_cannot_be_told() {
    let (_world, node, polled) = forked(33).await;
    polled.unwrap();
    assert_eq!(node.tracker().state().epoch(), 33, "as a node that slept through them would");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_slept_through_moves_of_its_own_past_follows() {
    for moves in [1, 32, 33, 60] {
        let world = World::new().await;
        let node = world.node("node-1").await;
        world.go(&[&node], Phase::DualWrite).await;
        let later = moved_on(&world.state().await, Phase::Shadow, moves);
        world.service.overwrite(Some(later.to_document()));
        node.tracker().poll().await.unwrap();
        assert_eq!(node.tracker().state().epoch(), u64::from(moves) + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_controller_moves_nothing_while_a_node_works_by_another_past() {
    let (world, node, polled) = forked(3).await;
    assert!(polled.is_err());
    for to in [Phase::LegacyOnly, Phase::DualWrite, Phase::Cutover] {
        let refused = controller(&world).advance_to(to, &request()).await.unwrap_err();
        let ControllerError::Refused { source, .. } = refused else { panic!("{refused:?}") };
        let named = node.tracker().node().unwrap().clone();
        assert_eq!(source, Refused::StateWentBack { node: named, epoch: 3 });
    }
}
