//! The point of no return.

use strangler_fig::controller::{ControllerError, GiveUpTheWayBack, NoWay};
use strangler_fig::phase::{
    Fleet, MigrationStateService, NodeRole, Phase, Refused, Share, TrackerConfig,
};

use crate::support::{World, ann, name, node_name, state_in, told, words};

fn yes() -> GiveUpTheWayBack {
    GiveUpTheWayBack::of(name())
}

#[tokio::test(start_paused = true)]
async fn the_confirmation_must_name_this_migration() {
    let world = World::new(Phase::ModernOnly).await;
    let other = GiveUpTheWayBack::of("users".parse().unwrap());
    let error = world.controller().decommission(other, &ann()).await.unwrap_err();
    assert_eq!(told(&error), "the confirmation is for users, this is rows");
    assert_eq!(world.state().await, state_before(&world).await);
}

async fn state_before(world: &World) -> strangler_fig::phase::MigrationState {
    let state = world.state().await;
    assert!(!state.is_decommissioned());
    state
}

#[tokio::test(start_paused = true)]
async fn legacy_is_decommissioned_from_modern_only_alone() {
    for phase in Phase::ALL.into_iter().filter(|phase| *phase != Phase::ModernOnly) {
        let world = World::new(phase).await;
        let error = world.controller().decommission(yes(), &ann()).await.unwrap_err();
        let ControllerError::Refused { source, .. } = error else { panic!("{error:?}") };
        assert_eq!(source, Refused::NotModernOnly { phase });
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_not_settled_holds_it_up() {
    let world = World::new(Phase::RampDown).await;
    let controller = world.controller();
    world.settles().await;
    world.nodes[1].falls_silent();
    controller.advance_to(Phase::ModernOnly, &ann()).await.unwrap();
    let error = controller.decommission(yes(), &ann()).await.unwrap_err();
    let ControllerError::Waiting { source: Refused::Unsettled { node, .. }, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(Some(&node), world.nodes[1].tracker.node());
    world.nodes[1].tracker.poll().await.unwrap();
    controller.decommission(yes(), &ann()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_worker_holds_it_up_until_it_has_stopped() {
    let mut world = World::new(Phase::ModernOnly).await;
    let worker = TrackerConfig::default().with_role(NodeRole::Worker);
    world.join(node_name(3), worker).await;
    let controller = world.controller();
    let error = controller.decommission(yes(), &ann()).await.unwrap_err();
    let ControllerError::Waiting { source: Refused::WorkerRunning { node }, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(node.name, node_name(3));
    world.nodes[2].tracker.release().await.unwrap();
    controller.decommission(yes(), &ann()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn tombstones_may_go_once_every_node_knows() {
    let world = World::new(Phase::ModernOnly).await;
    let done = world.controller().decommission(yes(), &ann()).await.unwrap();
    assert_eq!(words(&done), ["decommission legacy"]);
    let leases = || async { Fleet::new(world.service.inner.leases(&name()).await.unwrap()) };
    let early = done.state.tombstones_may_go(&leases().await);
    assert!(matches!(early, Err(Refused::Unsettled { .. })), "{early:?}");
    world.settles().await;
    assert_eq!(done.state.tombstones_may_go(&leases().await), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn asked_again_it_takes_no_step() {
    let world = World::new(Phase::ModernOnly).await;
    let controller = world.controller();
    let state = controller.decommission(yes(), &ann()).await.unwrap().state;
    let again = controller.decommission(yes(), &ann()).await.unwrap();
    assert_eq!((again.steps, again.state), (vec![], state));
}

#[tokio::test(start_paused = true)]
async fn from_then_on_nothing_moves_and_every_call_says_why() {
    let world = World::new(Phase::ModernOnly).await;
    let controller = world.controller();
    let state = controller.decommission(yes(), &ann()).await.unwrap().state;
    let mut errors = vec![
        controller.advance(&ann()).await.unwrap_err(),
        controller.roll_back(&ann()).await.unwrap_err(),
        controller.halt(&ann()).await.unwrap_err(),
        controller.set_share(Share::percent(10), &ann()).await.unwrap_err(),
    ];
    for to in Phase::ALL.into_iter().filter(|to| *to != Phase::ModernOnly) {
        errors.push(controller.advance_to(to, &ann()).await.unwrap_err());
    }
    for error in errors {
        let told = told(&error);
        assert!(told.ends_with("legacy was decommissioned: nothing moves any more"), "{told}");
    }
    assert_eq!(world.state().await, state);
}

#[tokio::test(start_paused = true)]
async fn the_status_says_so() {
    let world = World::new(Phase::ModernOnly).await;
    let controller = world.controller();
    controller.decommission(yes(), &ann()).await.unwrap();
    let status = controller.status().await.unwrap();
    assert!(status.is_decommissioned);
    assert!(status.to_string().contains("decommissioned"), "{status}");
    for plan in [status.next, status.back] {
        assert_eq!(plan.steps, []);
        assert_eq!(plan.dead_end, Some(NoWay::Decommissioned.to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn before_it_the_way_back_is_open() {
    let world = World::at(state_in(Phase::ModernOnly), 2).await;
    let status = world.controller().status().await.unwrap();
    assert!(!status.is_decommissioned);
    assert!(!status.to_string().contains("decommissioned:"), "{status}");
    assert_eq!(status.back.dead_end, None);
}
