use crate::observe::Event;
use crate::phase::{MigrationState, Move, PartName, Phase};

/// How a move is told to the observer.
pub(super) fn moved(before: &MigrationState, step: &Move, after: &MigrationState) -> Event {
    let (part, from, to) = match part_of(before, step, after) {
        Some((part, from, to)) => (Some(part), Some(from.name()), Some(to.name())),
        None => (None, None, None),
    };
    Event::Moved { epoch: after.epoch(), step: step.name(), part, from, to }
}

/// The part that a move changed, and the phases it had and has. Keys of a cohort that ends, or
/// becomes the base, are told as the cohort's.
fn part_of(
    before: &MigrationState,
    step: &Move,
    after: &MigrationState,
) -> Option<(&'static str, Phase, Phase)> {
    let cohort =
        |state: &MigrationState| state.part(PartName::Cohort).unwrap_or_else(|| state.base()).phase;
    match step {
        Move::Phase { part: PartName::Base, .. } | Move::Decommission => {
            Some(("base", before.base().phase, after.base().phase))
        }
        Move::Phase { part: PartName::Cohort, .. }
        | Move::StartCohort { .. }
        | Move::GrowCohort { .. }
        | Move::EndCohort => Some(("cohort", cohort(before), cohort(after))),
        Move::Complete(_) | Move::ExpectNodes(_) | Move::Evict { .. } => None,
    }
}
