//! The rules of `docs/PROTOCOL.md`, each of which can be left out: what happens
//! then shows why it is there.

use strangler_fig::phase::{Family, Fleet, MigrationState, Move, PartName, Phase, Scopes, Side};

use crate::boundary;
use crate::spec::{self, Spec};

/// A rule to leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ablation {
    /// R2: modern must be complete to cross forward.
    ModernComplete,
    /// R3: the fleet must have settled to cross back.
    SettledToGoBack,
    /// R3: legacy must be complete to cross back.
    LegacyCompleteToGoBack,
    /// R4: legacy must be complete to halt.
    LegacyCompleteToHalt,
    /// R4: the fleet must have settled in `Halted`.
    SettledInHalted,
    /// R1: `RampDown` and `ModernOnly` wait until the fleet has settled.
    SettledToRampDown,
    /// A sweep counts if the fleet had settled before it.
    SettledBeforeTheSweep,
    /// A sweep that a move interrupts does not count.
    SweepNotInterrupted,
    /// Legacy, once left behind, is complete again only after a sweep.
    LegacyIncompleteOnceLeft,
    /// R6: a write planned in `RampDown` or `ModernOnly` runs again after it.
    RerunOfRampDownWrites,
    /// R6: `Cutover` is a change of plan.
    CutoverChangesThePlan,
    /// R6: the end check of a write.
    EndCheckOfWrites,
    /// R6: the end check of a read.
    EndCheckOfReads,
    /// `Live` writes strictly to both.
    StrictLive,
    /// A strict write goes to legacy first.
    LegacyFirst,
    /// R5: a strict write's stamp is above modern's.
    StampAboveModern,
    /// R5: a touched write keeps its stamp.
    NoNewStampOnceTouched,
    /// R5, the exception: a write that left the legacy family under way, and was
    /// overtaken, is in doubt.
    DoubtOfTheOvertaken,
    /// R5: a repeat that finds another's stamp, after an answer was lost and before
    /// any store has taken the write, does not count as overtaken.
    DoubtOfTheRepeated,
    /// R5: nor does the write then take a new stamp.
    NoNewStampInDoubt,
    /// R7: the failure of a touched write is `Unknown`.
    UnknownOnceTouched,
    /// R7: after an answer was lost, so is the failure of a repeat.
    UnknownOnceInDoubt,
    /// A row without a stamp reads as `BASE`, and so differs from no row by its
    /// stamp; left out, the two are taken for one.
    Base,
    /// A settled conflict has the stamp after the larger one, and no later one.
    SuccessorStamp,
    /// A read in `Cutover` brings the lagging side up before it answers.
    BringUp,
    /// A deletion leaves a tombstone.
    Tombstones,
    /// A node asks whether its lease has run out before it answers, not only as an
    /// operation begins.
    FenceAtTheEnd,
    /// Nor does a join write for a node whose lease has run out.
    FenceOfCopies,
    /// A boundary moves only between parts for which that is a legal move.
    GrowthIsAMove,
    /// A part that takes keys must settle anew.
    GrowthSettlesAnew,
    /// And is complete only if both were.
    CompleteIfBothWere,
    /// Two parts in `Cutover` that came from different families stay two.
    OneOrigin,
    /// Queries over two parts go to modern only if both are in its family, or legacy
    /// is not complete.
    QueryOfTwoParts,
    /// A move that leaves no store to answer queries is refused.
    StoreForQueries,
    /// A row and its stamp change together, or the row first.
    RowBeforeItsStamp,
    /// A key whose stamp the primary forgot has that of the process's start.
    StartOfThePrimary,
    /// On the other side it has `BASE`.
    BaseOfTheOther,
    /// Nothing is joined into a primary that forgets its stamps.
    ForgetfulPrimaryTakesNothing,
    /// One node alone crosses with a side that forgets its stamps.
    OneForgetfulNode,
    /// Writers that know no phase hold a place in the fleet.
    OutsideLease,
}

impl Ablation {
    pub(crate) const ALL: [Self; 40] = [
        Self::ModernComplete,
        Self::SettledToGoBack,
        Self::LegacyCompleteToGoBack,
        Self::LegacyCompleteToHalt,
        Self::SettledInHalted,
        Self::SettledToRampDown,
        Self::SettledBeforeTheSweep,
        Self::SweepNotInterrupted,
        Self::LegacyIncompleteOnceLeft,
        Self::RerunOfRampDownWrites,
        Self::CutoverChangesThePlan,
        Self::EndCheckOfWrites,
        Self::EndCheckOfReads,
        Self::StrictLive,
        Self::LegacyFirst,
        Self::StampAboveModern,
        Self::NoNewStampOnceTouched,
        Self::DoubtOfTheOvertaken,
        Self::DoubtOfTheRepeated,
        Self::NoNewStampInDoubt,
        Self::UnknownOnceTouched,
        Self::UnknownOnceInDoubt,
        Self::Base,
        Self::SuccessorStamp,
        Self::BringUp,
        Self::Tombstones,
        Self::FenceAtTheEnd,
        Self::FenceOfCopies,
        Self::GrowthIsAMove,
        Self::GrowthSettlesAnew,
        Self::CompleteIfBothWere,
        Self::OneOrigin,
        Self::QueryOfTwoParts,
        Self::StoreForQueries,
        Self::RowBeforeItsStamp,
        Self::StartOfThePrimary,
        Self::BaseOfTheOther,
        Self::ForgetfulPrimaryTakesNothing,
        Self::OneForgetfulNode,
        Self::OutsideLease,
    ];
}

/// The crate's transition, of a state or by a fleet that lies about the rule
/// that is left out.
pub(crate) fn moved(
    without: Option<Ablation>,
    state: &MigrationState,
    step: &Move,
    fleet: &Fleet,
) -> Option<MigrationState> {
    let trusting = || {
        let leases = fleet.leases().iter().cloned();
        Fleet::new(leases.map(|lease| lease.with_scopes(Scopes::default())).collect())
    };
    let is_trusting = without == Some(Ablation::OneForgetfulNode);
    let fleet = if is_trusting { &trusting() } else { fleet };
    let legal = spec::moved(state, step, fleet);
    if let Some(next) =
        without.and_then(|rule| boundary::moved(rule, state, step, fleet, legal.as_ref()))
    {
        return Some(next);
    }
    let (Some(rule), &Move::Phase { to, .. }, None) = (without, step, &legal) else {
        return legal;
    };
    let from = state.base().phase;
    let is_forward = from == Phase::Cutover && to == Phase::Live;
    let is_back = from == Phase::Cutover && to == Phase::DualWrite;
    let lying = |field: &str, value: serde_json::Value| {
        edited(state, |document| {
            *document.pointer_mut(field).expect("a field of the state") = value;
        })
    };
    let complete = || lying("/legacy_complete_since", 0.into());
    let lie = match rule {
        Ablation::ModernComplete if is_forward => lying("/base/modern_complete", true.into()),
        Ablation::LegacyCompleteToGoBack if is_back => complete(),
        Ablation::LegacyCompleteToHalt if to == Phase::Halted => complete(),
        _ => state.clone(),
    };
    let settles = match rule {
        Ablation::SettledToGoBack => is_back,
        Ablation::SettledInHalted => from == Phase::Halted,
        Ablation::SettledToRampDown => to.leaves_legacy(),
        _ => false,
    };
    let settled = spec::settled(state);
    spec::moved(&lie, step, if settles { &settled } else { fleet })
}

/// The state as no move makes it.
pub(crate) fn edited(
    state: &MigrationState,
    edit: impl FnOnce(&mut serde_json::Value),
) -> MigrationState {
    let mut document = serde_json::to_value(state).expect("a state is a document");
    edit(&mut document);
    serde_json::from_value(document).expect("it is a state again")
}

/// The store that answers queries.
pub(crate) fn query_side(without: Option<Ablation>, spec: Spec) -> Option<Side> {
    let parts = [PartName::Base, PartName::Cohort].map(|name| spec.state.part(name));
    let mut parts = parts.iter().flatten();
    match without {
        Some(Ablation::QueryOfTwoParts)
            if parts.any(|part| part.phase.family() == Some(Family::Modern)) =>
        {
            Some(Side::Modern)
        }
        _ => spec.state.query_side(),
    }
}

/// What the move does, if legacy were complete again too early.
pub(crate) fn after(without: Option<Ablation>, before: &MigrationState, next: Spec) -> Spec {
    if without == Some(Ablation::LegacyIncompleteOnceLeft)
        && before.base().phase.leaves_legacy()
        && !next.state.base().phase.leaves_legacy()
    {
        return Spec::of(edited(next.state, |document| {
            document["legacy_complete_since"] = next.state.epoch().into();
        }));
    }
    next
}
