//! Whether every node works by the state.

use strangler_fig::controller::FleetSettled;
use strangler_fig::phase::{Fleet, Move, MoveId, NodeRole, PartName, Phase, Share};

use super::support::{World, closed, node, open};

impl World {
    /// Moved on; its nodes do not know yet.
    fn after(mut self, step: &Move) -> Self {
        let fleet = Fleet::new(self.leases.clone());
        self.state = self.state.transition(step, MoveId::fixed(7), &fleet).unwrap();
        self
    }

    fn adopts(&mut self, node: usize) {
        self.leases[node] = self.leases[node].clone().adopting(self.state.adopted());
    }
}

#[tokio::test]
async fn a_fleet_that_works_by_the_state_is_settled() {
    let reading = World::of(3).read(&FleetSettled).await;
    assert_eq!(open(&reading), "3 of 3 leases work by epoch 0 or later");
}

#[tokio::test]
async fn the_first_node_that_lags_is_named_and_the_others_counted() {
    let mut world = World::of(3).after(&Move::to(Phase::DualWrite));
    world.adopts(0);
    let saw = world.read(&FleetSettled).await;
    let name = world.leases[1].node.to_string();
    let expected = format!("1 of 3 leases work by epoch 1 or later; node {name} works by 0");
    assert_eq!(closed(&saw), expected);
    world.adopts(1);
    assert!(closed(&world.read(&FleetSettled).await).starts_with("2 of 3"));
    world.adopts(2);
    assert_eq!(open(&world.read(&FleetSettled).await), "3 of 3 leases work by epoch 1 or later");
}

#[tokio::test]
async fn a_node_that_starts_is_waited_for_and_a_worker_too() {
    let mut world = World::of(2);
    world.leases.push(node(3).with_role(NodeRole::Worker));
    let reading = world.read(&FleetSettled).await;
    assert!(closed(&reading).contains("node-3") && reading.saw.ends_with("is starting"));
}

#[tokio::test]
async fn fewer_leases_than_nodes_are_expected_close_it() {
    let mut world = World::of(3);
    world.leases.pop();
    assert_eq!(closed(&world.read(&FleetSettled).await), "2 of 3 nodes hold a lease");
    world.leases.push(node(1).adopting(world.state.adopted()));
    let twice = world.read(&FleetSettled).await;
    assert_eq!(closed(&twice), "2 of 3 nodes hold a lease", "two lives are one node");
    world.leases.push(node(3).with_role(NodeRole::Worker).adopting(world.state.adopted()));
    let worker = world.read(&FleetSettled).await;
    assert_eq!(closed(&worker), "2 of 3 nodes hold a lease", "a worker is none");
}

#[tokio::test]
async fn a_cohort_has_to_be_settled_too() {
    let start = Move::StartCohort { share: Share::percent(5) };
    let mut world = World::of(1).after(&Move::to(Phase::DualWrite)).after(&start);
    world.adopts(0);
    world = world.after(&Move::cohort_to(Phase::Shadow));
    let fleet = Fleet::new(world.leases.clone());
    assert!(world.state.has_settled(PartName::Base, &fleet), "else it would show nothing");
    assert!(closed(&world.read(&FleetSettled).await).starts_with("0 of 1 leases work by epoch 3"));
    world.adopts(0);
    open(&world.read(&FleetSettled).await);
}

/// It says of every fleet what the state's own rule says.
#[tokio::test]
async fn it_agrees_with_the_state_on_every_small_fleet() {
    let (mut opened, mut shut) = (0, 0);
    for moves in 0..3_u32 {
        let mut world = World::of(2);
        let mut known = vec![None, Some(world.state.adopted())];
        for to in [Phase::DualWrite, Phase::Shadow].into_iter().take(moves as usize) {
            world = world.after(&Move::to(to));
            known.push(Some(world.state.adopted()));
        }
        for first in &known {
            for second in &known {
                for (lease, adopted) in world.leases.iter_mut().zip([first, second]) {
                    lease.adopted = *adopted;
                }
                let fleet = Fleet::new(world.leases.clone());
                let settled = world.state.has_settled(PartName::Base, &fleet);
                assert_eq!(world.read(&FleetSettled).await.is_open, settled);
                *(if settled { &mut opened } else { &mut shut }) += 1;
            }
        }
    }
    assert_eq!((opened, shut), (3, 26));
}
