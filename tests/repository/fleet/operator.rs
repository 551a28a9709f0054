//! Who moves a fleet back and forth.

use std::time::Duration;

use fastrand::Rng;
use strangler_fig::phase::{
    Fleet, Incarnation, MigrationState, MigrationStateService, Move, MoveId, NodeId, NodeLease,
    Phase, Share,
};
use strangler_fig::reconcile::Sweep;

use super::{NODES, Node, World};

/// How the operator moves.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Operator {
    /// As the rules allow.
    Lawful,
    /// Tells the rules that everybody has settled, whatever the leases say.
    Hasty,
    /// Tells the rules that a sweep was made.
    Blind,
}

/// Random moves for two virtual minutes.
pub(super) async fn operate(world: &World, node: &Node, operator: Operator, mut rng: Rng) {
    for _ in 0..160 {
        tokio::time::sleep(Duration::from_millis(rng.u64(0..1_500))).await;
        let found = world.service.current(&world.name).await.unwrap().unwrap();
        let state = found.state;
        let fleet = fleet(world, &state, operator).await;
        let mut step = any_step(&mut rng);
        if state.base().phase == Phase::Cutover && rng.bool() {
            let ticket = state.begin_sweep(&fleet);
            let evidence = if operator == Operator::Blind {
                Some(ticket.finish(0, 0))
            } else {
                let swept = Sweep::new(node).run(ticket, std::future::pending()).await;
                swept.ok().map(|report| report.evidence)
            };
            step = evidence.map_or(step, Move::Complete);
        }
        let id = MoveId::fixed(rng.u128(..));
        if let Ok(next) = state.transition(&step, id, &fleet) {
            let moved = world.service.compare_and_set(found.revision, &next).await;
            if moved.is_ok() && state.base().phase != next.base().phase {
                let step = (state.base().phase.name(), next.base().phase.name());
                *world.moves.lock().unwrap().entry(step).or_default() += 1;
            }
        }
    }
}

fn any_step(rng: &mut Rng) -> Move {
    let phase = Phase::ALL[rng.usize(0..Phase::ALL.len())];
    let share = Share::new(rng.u16(1..=10_000)).unwrap();
    match rng.u8(0..12) {
        0..7 => Move::to(phase),
        7..9 => Move::cohort_to(phase),
        9 => Move::StartCohort { share },
        10 => Move::GrowCohort { share: if rng.bool() { Share::WHOLE } else { share } },
        _ => Move::EndCohort,
    }
}

async fn fleet(world: &World, state: &MigrationState, operator: Operator) -> Fleet {
    let leases = world.service.leases(&world.name).await.unwrap();
    if operator != Operator::Hasty {
        return Fleet::new(leases);
    }
    let claimed = |number: u32| {
        let name = format!("node-{number}").parse().unwrap();
        let node = NodeId { name, incarnation: Incarnation::fixed(u128::from(number)) };
        NodeLease::new(node).adopting(state.adopted())
    };
    Fleet::new((1..=NODES).map(claimed).collect())
}
