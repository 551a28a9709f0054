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
pub const LEGS: [Leg; 15] = [
    leg("LegacyOnly", Goal::Base(Phase::LegacyOnly), 4),
    leg("DualWrite", Goal::Base(Phase::DualWrite), 10),
    leg("Shadow", Goal::Base(Phase::Shadow), 16),
    // A cohort crosses first, the rest follows.
    leg("Cutover of 10 %", Goal::Cohort { share: SHARE, to: Phase::Cutover }, 22),
    leg("Live for 10 %", Goal::Cohort { share: SHARE, to: Phase::Live }, 29),
    leg("Cutover of the rest", Goal::Base(Phase::Cutover), 36),
    leg("Live", Goal::Whole(Phase::Live), 44),
    // Legacy has every write: the way back waits for the fleet, and for no sweep.
    leg("back in Cutover", Goal::Base(Phase::Cutover), 50),
    leg("back in Shadow", Goal::Base(Phase::Shadow), 55),
    leg("back in DualWrite", Goal::Base(Phase::DualWrite), 60),
    leg("again Cutover", Goal::Base(Phase::Cutover), 67),
    leg("again Live", Goal::Base(Phase::Live), 76),
    // Legacy is left behind.
    leg("RampDown", Goal::Base(Phase::RampDown), 84),
    leg("ModernOnly", Goal::Base(Phase::ModernOnly), 92),
    leg("RampDown again", Goal::Base(Phase::RampDown), 100),
];
