//! The way of the migration: there, back once, and there again.

use strangler_fig::phase::{Phase, Share};

use crate::operator::Goal;

/// A part of the way.
#[derive(Debug, Clone, Copy)]
pub struct Leg {
    /// What it is called in the report.
    pub name: &'static str,
    /// Where to.
    pub goal: Goal,
    /// How many per cent of the time are over when it ends.
    pub until: u32,
}

const fn leg(name: &'static str, goal: Goal, until: u32) -> Leg {
    Leg { name, goal, until }
}

const SHARE: Share = Share::percent(10);

/// Every leg, in order.
pub const LEGS: [Leg; 14] = [
    leg("LegacyOnly", Goal::Whole(Phase::LegacyOnly), 4),
    leg("DualWrite", Goal::Whole(Phase::DualWrite), 10),
    leg("Shadow", Goal::Whole(Phase::Shadow), 16),
    // A cohort crosses first, the rest follows by the same steps.
    leg("Cutover of 10 %", Goal::Cohort { share: SHARE, to: Phase::Cutover }, 22),
    leg("Live for 10 %", Goal::Cohort { share: SHARE, to: Phase::Live }, 29),
    leg("Live", Goal::Whole(Phase::Live), 44),
    // Legacy has every write: the way back waits for the fleet, and for no sweep.
    leg("back in Cutover", Goal::Whole(Phase::Cutover), 50),
    leg("back in Shadow", Goal::Whole(Phase::Shadow), 55),
    leg("back in DualWrite", Goal::Whole(Phase::DualWrite), 60),
    leg("again Cutover", Goal::Whole(Phase::Cutover), 67),
    leg("again Live", Goal::Whole(Phase::Live), 76),
    // Legacy is left behind.
    leg("RampDown", Goal::Whole(Phase::RampDown), 84),
    leg("ModernOnly", Goal::Whole(Phase::ModernOnly), 92),
    leg("RampDown again", Goal::Whole(Phase::RampDown), 100),
];
