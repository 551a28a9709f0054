//! The rules of `docs/PROTOCOL.md`, each of which can be left out: what happens
//! then shows why it is there.

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
    /// R7: the failure of a touched write is `Unknown`.
    UnknownOnceTouched,
    /// A row without a stamp reads as `BASE`, and so differs from no row by its
    /// stamp; left out, the two are taken for one.
    Base,
    /// A settled conflict has the stamp after the larger one, and no later one.
    SuccessorStamp,
    /// A read in `Cutover` brings the lagging side up before it answers.
    BringUp,
    /// A deletion leaves a tombstone.
    Tombstones,
}

impl Ablation {
    pub(crate) const ALL: [Self; 23] = [
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
        Self::UnknownOnceTouched,
        Self::Base,
        Self::SuccessorStamp,
        Self::BringUp,
        Self::Tombstones,
    ];
}
