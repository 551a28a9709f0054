use strangler_fig::phase::{
    Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, NodeLease, Phase,
};

/// The moves that lead from the beginning to a phase.
const fn way_to(phase: Phase) -> &'static [Phase] {
    use Phase::{Cutover, DualWrite, Halted, LegacyOnly, Live, ModernOnly, RampDown, Shadow};
    match phase {
        LegacyOnly => &[],
        DualWrite => &[DualWrite],
        Shadow => &[Shadow],
        Cutover => &[Cutover],
        Live => &[Cutover, Live],
        RampDown => &[Cutover, Live, RampDown],
        ModernOnly => &[Cutover, Live, ModernOnly],
        Halted => &[Cutover, Live, Halted],
    }
}

/// A migration that was brought to `phase` by lawful moves.
///
/// # Panics
///
/// If a move is refused.
#[must_use]
pub fn state_in(phase: Phase) -> MigrationState {
    let name = "rows".parse().expect("it is a name");
    way_to(phase).iter().fold(MigrationState::new(name), |state, to| moved(&state, *to))
}

fn moved(state: &MigrationState, to: Phase) -> MigrationState {
    let (fleet, id) = (settled(state), MoveId::random().expect("there is entropy"));
    let step = |state: &MigrationState, step: Move| {
        state.transition(&step, id, &settled(state)).expect("the move is lawful")
    };
    match state.base().phase {
        Phase::Cutover => {
            let swept = step(state, Move::Complete(state.begin_sweep(&fleet).finish(0, 0)));
            step(&swept, Move::to(to))
        }
        _ => step(state, Move::to(to)),
    }
}

/// A fleet of one node that works by this state.
fn settled(state: &MigrationState) -> Fleet {
    let name = "node".parse().expect("it is a name");
    let node = NodeId { name, incarnation: Incarnation::fixed(1) };
    Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())])
}
