//! States that lawful moves lead to, found by walking at random.

use std::collections::BTreeSet;

use strangler_fig::phase::{MigrationState, Move, MoveId, MoveNote, PartName, Phase, Share};

use crate::support::{name, obliging, swept};

/// What tells two states apart, but for their epochs.
pub(crate) fn shape(state: &MigrationState) -> String {
    let part = |name| state.part(name).map(|it| (it.phase, it.entered_from, it.modern_complete));
    let parts = [PartName::Base, PartName::Cohort].map(part);
    let share = state.cohort().map(|it| it.share);
    let facts = (state.legacy_complete(), state.has_left_legacy(), state.is_decommissioned());
    format!("{parts:?} {share:?} {facts:?}")
}

fn candidates(state: &MigrationState) -> Vec<Move> {
    let mut moves: Vec<Move> = Phase::ALL.map(Move::to).into();
    moves.extend(Phase::ALL.map(Move::cohort_to));
    moves.extend([25, 50].map(|it| Move::StartCohort { share: Share::percent(it) }));
    moves.extend([50, 75, 100].map(|it| Move::GrowCohort { share: Share::percent(it) }));
    moves.extend([Move::EndCohort, swept(state)]);
    moves
}

/// The lawful moves from here, on an obliging fleet, and where each leads.
pub(crate) fn moves(state: &MigrationState) -> Vec<MigrationState> {
    let next = |step: Move| {
        let moved = state.transition(&step, MoveId::random().unwrap(), &obliging(state, None));
        Some(moved.ok()?.with_record(&step, MoveNote::default()))
    };
    candidates(state).into_iter().filter_map(next).collect()
}

/// So many different states, the same for the same seed.
pub(crate) fn states(seed: u64, wanted: usize) -> Vec<MigrationState> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut shapes, mut found) = (BTreeSet::new(), Vec::new());
    while found.len() < wanted {
        let mut state = MigrationState::new(name());
        for _ in 0..20 {
            let next = moves(&state);
            state = next[random.usize(..next.len())].clone();
            if shapes.insert(shape(&state)) {
                found.push(state.clone());
            }
        }
    }
    found.truncate(wanted);
    found
}

#[test]
fn a_walk_comes_to_every_phase_with_and_without_a_cohort() {
    let states = states(1, 150);
    for phase in Phase::ALL {
        assert!(states.iter().any(|it| it.base().phase == phase), "{phase}");
        let cohort = states.iter().any(|it| it.cohort().is_some_and(|it| it.part.phase == phase));
        assert_eq!(cohort, !phase.leaves_legacy(), "{phase}");
    }
    let left = |it: &&MigrationState| it.has_left_legacy() && it.cohort().is_some();
    assert!(states.iter().filter(left).count() > 0);
}
