//! The way from a state to a target, one step at a time. Whether a step is allowed
//! now, the state's own transition decides; here is only what comes next.

use super::Target;
use crate::phase::{Family, MigrationState, Move, Part, PartName, Phase, Share};

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// It is where it should be.
    Arrived,
    /// This move.
    Take(Move),
    /// A sweep must show that the store to cross to is complete.
    Sweep,
    /// Nothing leads there.
    NoWay(NoWay),
}

/// Why no sequence of moves leads to a target.
///
/// ```
/// use strangler_fig::controller::NoWay;
///
/// assert_eq!(NoWay::NoCohort.to_string(), "there is no cohort");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoWay {
    /// A part that is not there cannot move.
    #[error("there is no cohort")]
    NoCohort,
    /// These phases are for the whole.
    #[error("a cohort does not go to {to}")]
    NotForCohorts {
        /// Where it should go.
        to: Phase,
    },
    /// Operations stop there: it is entered by `halt` alone.
    #[error("halted is no target: see `halt`")]
    Halted,
    /// A sweep makes legacy complete only if it sees the base in `Cutover` too.
    #[error("legacy is not complete, and a cohort alone cannot make it so: move the whole")]
    LegacyIncomplete,
    /// Legacy lacks what was written since.
    #[error("legacy was left behind in {phase}: there is no quick way back")]
    LegacyLeftBehind {
        /// Where a part stands.
        phase: Phase,
    },
    /// It is at the end.
    #[error("nothing lies ahead but to decommission legacy")]
    NothingAhead,
    /// It is at the beginning.
    #[error("nothing lies behind: only legacy is used")]
    NothingBehind,
    /// The way back was given up, and it is at the end.
    #[error("legacy was decommissioned: nothing moves any more")]
    Decommissioned,
}

const LADDER: [Phase; 7] = [
    Phase::LegacyOnly,
    Phase::DualWrite,
    Phase::Shadow,
    Phase::Cutover,
    Phase::Live,
    Phase::RampDown,
    Phase::ModernOnly,
];

/// The place of a phase on the way; `Halted` stands beside `Live`.
fn rung(phase: Phase) -> usize {
    LADDER.iter().position(|rung| *rung == phase).unwrap_or(4)
}

fn to(part: PartName, to: Phase) -> Next {
    Next::Take(Move::Phase { part, to })
}

const fn is_behind(phase: Phase) -> bool {
    matches!(phase.family(), Some(Family::Legacy))
}

/// Whether a sweep now would see every part in `Cutover`: else legacy is not complete
/// by it.
fn sweep_sees_all(state: &MigrationState) -> bool {
    let cohort = state.cohort().map(|cohort| cohort.part);
    [Some(state.base()), cohort].iter().flatten().all(|part| part.phase == Phase::Cutover)
}

/// Whether the way forward leads over this step: on the way back no gate is asked.
pub(super) fn leads_forward(state: &MigrationState, step: &Move) -> bool {
    match step {
        Move::Phase { part, to } => state.part(*part).is_none_or(|part| {
            rung(*to) > rung(part.phase) || (part.phase, *to) == (Phase::Halted, Phase::Live)
        }),
        _ => true,
    }
}

/// The next step of one part to `goal`.
fn part_toward(state: &MigrationState, name: PartName, part: Part, goal: Phase) -> Next {
    let is_complete = match part.entered_from {
        Family::Legacy => part.modern_complete,
        Family::Modern => state.legacy_complete(),
    };
    match (part.phase, part.entered_from) {
        (from, _) if from == goal => Next::Arrived,
        (Phase::Halted, _) if goal == Phase::LegacyOnly => to(name, goal),
        (Phase::Halted, _) if is_behind(goal) => to(name, Phase::DualWrite),
        (Phase::Cutover, Family::Legacy) if is_behind(goal) => to(name, goal),
        (Phase::Cutover, Family::Modern) if !is_behind(goal) => to(name, Phase::Live),
        (Phase::Cutover, Family::Modern) if !is_complete && !sweep_sees_all(state) => {
            Next::NoWay(NoWay::LegacyIncomplete)
        }
        (Phase::Cutover, _) if !is_complete => Next::Sweep,
        (Phase::Halted, _) | (Phase::Cutover, Family::Legacy) => to(name, Phase::Live),
        (Phase::Cutover, Family::Modern) => to(name, goal),
        (from, _) if is_behind(from) && is_behind(goal) && rung(goal) < rung(from) => {
            to(name, goal)
        }
        // Nothing is waited for on this way; `RampDown` would be (R1).
        (Phase::ModernOnly, _) if goal != Phase::RampDown => to(name, Phase::Live),
        (from, _) if rung(goal) > rung(from) => to(name, LADDER[rung(from) + 1]),
        (from, _) => to(name, LADDER[rung(from) - 1]),
    }
}

fn whole_toward(state: &MigrationState, target: Phase) -> Next {
    let Some(cohort) = state.cohort() else {
        return part_toward(state, PartName::Base, state.base(), target);
    };
    let goal = if target.leaves_legacy() { Phase::Live } else { target };
    let (base, ahead) = ((PartName::Base, state.base()), (PartName::Cohort, cohort.part));
    // Forward the cohort leads, back it follows.
    let order = if is_behind(goal) { [base, ahead] } else { [ahead, base] };
    // A sweep makes legacy complete only if it sees every part in `Cutover`.
    let sweeps = is_behind(goal) && !state.legacy_complete();
    // Once legacy was left, whoever goes to `Live` takes its completeness away: then modern
    // must be able to answer queries for every part.
    let waits = goal == Phase::Live
        && state.has_left_legacy()
        && [base.1, ahead.1].iter().any(|part| !part.modern_answers());
    for (name, part) in order {
        if sweeps && is_behind(part.phase) {
            continue;
        }
        let goal = if sweeps || waits { Phase::Cutover } else { goal };
        match part_toward(state, name, part, goal) {
            Next::Arrived => {}
            next => return next,
        }
    }
    match () {
        () if sweeps || waits => Next::Sweep,
        () if is_behind(goal) => Next::Take(Move::EndCohort),
        // Two parts in `Cutover` that came from different families stay two.
        () if base.1.entered_from != ahead.1.entered_from => Next::Arrived,
        () => Next::Take(Move::GrowCohort { share: Share::WHOLE }),
    }
}

/// The next step to `target`.
pub(super) fn toward(state: &MigrationState, target: Target) -> Next {
    let (Target::Whole(goal) | Target::Base(goal) | Target::Cohort(goal)) = target;
    match target {
        _ if state.is_decommissioned() && goal != state.base().phase => {
            Next::NoWay(NoWay::Decommissioned)
        }
        _ if goal == Phase::Halted => Next::NoWay(NoWay::Halted),
        Target::Base(to) if to.leaves_legacy() => whole_toward(state, to),
        Target::Base(to) => part_toward(state, PartName::Base, state.base(), to),
        Target::Cohort(to) if to.leaves_legacy() => Next::NoWay(NoWay::NotForCohorts { to }),
        Target::Cohort(to) => match state.cohort() {
            None => Next::NoWay(NoWay::NoCohort),
            Some(cohort) => part_toward(state, PartName::Cohort, cohort.part, to),
        },
        Target::Whole(to) => whole_toward(state, to),
    }
}

/// The next step of all.
pub(super) fn ahead(state: &MigrationState) -> Next {
    match toward(state, Target::Whole(Phase::ModernOnly)) {
        Next::Arrived if state.is_decommissioned() => Next::NoWay(NoWay::Decommissioned),
        Next::Arrived => Next::NoWay(NoWay::NothingAhead),
        next => next,
    }
}

/// Where a rollback leads: everything into the legacy family, where modern goes on
/// following; or, if it is there, one phase back.
pub(super) fn behind(state: &MigrationState) -> Result<Target, NoWay> {
    if state.is_decommissioned() {
        return Err(NoWay::Decommissioned);
    }
    let base = state.base().phase;
    let cohort = state.cohort().map(|cohort| cohort.part.phase);
    let target = match (is_behind(base), cohort) {
        (false, _) => Phase::DualWrite,
        (true, Some(_)) => base,
        (true, None) if base == Phase::Shadow => Phase::DualWrite,
        (true, None) if base == Phase::DualWrite => Phase::LegacyOnly,
        (true, None) => return Err(NoWay::NothingBehind),
    };
    Ok(Target::Whole(target))
}

/// The next step away from a modern store that is gone (R4).
pub(super) fn rescue(state: &MigrationState) -> Next {
    if state.is_decommissioned() {
        return Next::NoWay(NoWay::Decommissioned);
    }
    let cohort = state.cohort().map(|cohort| (PartName::Cohort, cohort.part));
    let parts = [Some((PartName::Base, state.base())), cohort];
    let parts = || parts.iter().flatten().copied();
    if let Some((_, part)) = parts().find(|(_, part)| part.phase.leaves_legacy()) {
        return Next::NoWay(NoWay::LegacyLeftBehind { phase: part.phase });
    }
    if let Some((name, _)) = parts().find(|(_, part)| part.phase == Phase::Live) {
        return to(name, Phase::Halted);
    }
    if let Some((name, _)) = parts().find(|(_, part)| !is_behind(part.phase)) {
        return to(name, Phase::LegacyOnly);
    }
    if cohort.is_some() { Next::Take(Move::EndCohort) } else { Next::Arrived }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(phase: Phase, entered_from: Family) -> Part {
        Part { phase, entered_from, since_epoch: 0, modern_complete: true }
    }

    /// The first step of the base, which alone there is, towards `goal`.
    fn first(from: Part, goal: Phase) -> Next {
        let state = MigrationState::new("m".parse().unwrap());
        part_toward(&state, PartName::Base, from, goal)
    }

    #[test]
    fn a_way_takes_no_step_that_it_can_spare() {
        use Phase::{Cutover, DualWrite, Halted, LegacyOnly, Live, ModernOnly, RampDown, Shadow};
        let (legacy, modern) = (Family::Legacy, Family::Modern);
        for (from, goal, step) in [
            (part(Halted, modern), LegacyOnly, LegacyOnly),
            (part(Halted, modern), DualWrite, DualWrite),
            (part(Halted, modern), Shadow, DualWrite),
            (part(Halted, modern), RampDown, Live),
            // Complete on both ways, it waits for nothing.
            (part(Cutover, legacy), LegacyOnly, LegacyOnly),
            (part(Cutover, legacy), ModernOnly, Live),
            (part(Cutover, modern), RampDown, Live),
            (part(Cutover, modern), Shadow, Shadow),
            (part(Shadow, legacy), LegacyOnly, LegacyOnly),
            (part(Shadow, legacy), Live, Cutover),
            (part(ModernOnly, modern), RampDown, RampDown),
            (part(ModernOnly, modern), Cutover, Live),
            (part(RampDown, modern), LegacyOnly, Live),
        ] {
            assert_eq!(first(from, goal), to(PartName::Base, step), "{from:?} to {goal}");
        }
    }
}
