use std::sync::Arc;

use strangler_fig::phase::{
    Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, NodeLease, Phase, PhaseTracker,
};

/// The migration of the users at its end, by lawful moves: modern alone is asked.
pub(crate) fn over() -> Arc<PhaseTracker> {
    let start = MigrationState::new("customers".parse().unwrap());
    let cutover = step(&start, &Move::to(Phase::Cutover));
    let sweep = cutover.begin_sweep(&settled(&cutover)).finish(0, 0);
    let swept = step(&cutover, &Move::Complete(sweep));
    let live = step(&swept, &Move::to(Phase::Live));
    PhaseTracker::detached(step(&live, &Move::to(Phase::ModernOnly)))
}

fn step(state: &MigrationState, step: &Move) -> MigrationState {
    let id = MoveId::random().unwrap();
    state.transition(step, id, &settled(state)).expect("the move is lawful")
}

/// A fleet of one node that works by this state.
fn settled(state: &MigrationState) -> Fleet {
    let node = NodeId { name: "node".parse().unwrap(), incarnation: Incarnation::fixed(1) };
    Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())])
}
