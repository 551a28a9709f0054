//! What each phase asks of an operation: one table for writes, one for reads,
//! one rule for the end check.

use super::{Family, Phase, Side};

/// How a write is carried out.
///
/// ```
/// use strangler_fig::phase::{Phase, Side, WritePlan};
///
/// assert_eq!(WritePlan::of(Phase::DualWrite), WritePlan::Lenient(Side::Legacy));
/// assert_eq!(WritePlan::of(Phase::Live), WritePlan::Strict);
/// assert_eq!(WritePlan::of(Phase::Halted), WritePlan::Wait);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WritePlan {
    /// One store only.
    Single(Side),
    /// The primary; then the other side, whose failure does not count.
    Lenient(Side),
    /// Modern's stamp is read, then legacy and then modern must take it.
    Strict,
    /// Nothing is answered.
    Wait,
}

impl WritePlan {
    /// The plan of a phase.
    #[must_use]
    pub const fn of(phase: Phase) -> Self {
        match phase {
            Phase::LegacyOnly => Self::Single(Side::Legacy),
            Phase::DualWrite | Phase::Shadow => Self::Lenient(Side::Legacy),
            Phase::Cutover | Phase::Live => Self::Strict,
            Phase::RampDown => Self::Lenient(Side::Modern),
            Phase::ModernOnly => Self::Single(Side::Modern),
            Phase::Halted => Self::Wait,
        }
    }
}

/// How a read of one key is carried out.
///
/// ```
/// use strangler_fig::phase::{Phase, ReadPlan, Side};
///
/// assert_eq!(ReadPlan::of(Phase::Shadow), ReadPlan::Shadowed(Side::Legacy));
/// assert_eq!(ReadPlan::of(Phase::Cutover), ReadPlan::Both);
/// assert_eq!(ReadPlan::of(Phase::ModernOnly), ReadPlan::Single(Side::Modern));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadPlan {
    /// One store answers.
    Single(Side),
    /// One store answers; the other is compared aside.
    Shadowed(Side),
    /// What both are joined to answers, once the lagging side holds it too.
    Both,
    /// Nothing is answered.
    Wait,
}

impl ReadPlan {
    /// The plan of a phase.
    #[must_use]
    pub const fn of(phase: Phase) -> Self {
        match phase {
            Phase::LegacyOnly | Phase::DualWrite => Self::Single(Side::Legacy),
            Phase::Shadow => Self::Shadowed(Side::Legacy),
            Phase::Cutover => Self::Both,
            Phase::Live => Self::Shadowed(Side::Modern),
            Phase::RampDown | Phase::ModernOnly => Self::Single(Side::Modern),
            Phase::Halted => Self::Wait,
        }
    }
}

/// The end check for a read or a query (rule R6): whether an operation planned
/// in `planned` must run again because its key is now in `now`.
///
/// ```
/// use strangler_fig::phase::{Phase, read_must_rerun};
///
/// assert!(!read_must_rerun(Phase::LegacyOnly, Phase::Shadow), "one family");
/// assert!(read_must_rerun(Phase::Shadow, Phase::Cutover));
/// assert!(!read_must_rerun(Phase::Cutover, Phase::Live), "it has asked both");
/// ```
#[must_use]
pub fn read_must_rerun(planned: Phase, now: Phase) -> bool {
    match (planned, now.family()) {
        (Phase::Cutover, _) => false,
        (_, None) => true,
        (planned, now) => planned.family() != now,
    }
}

/// The end check for a write (rule R6). One planned where legacy is left behind
/// also runs again when that has ended.
///
/// ```
/// use strangler_fig::phase::{Phase, read_must_rerun, write_must_rerun};
///
/// // Modern has taken the write; `Live` asks for it in legacy too.
/// assert!(write_must_rerun(Phase::RampDown, Phase::Live));
/// assert!(!read_must_rerun(Phase::RampDown, Phase::Live));
/// ```
#[must_use]
pub fn write_must_rerun(planned: Phase, now: Phase) -> bool {
    read_must_rerun(planned, now) || planned.leaves_legacy() && !now.leaves_legacy()
}

/// The side whose content counts where stamps cannot tell: in `Cutover` the
/// side it was entered from.
///
/// ```
/// use strangler_fig::phase::{Family, Phase, Side, primary};
///
/// assert_eq!(primary(Phase::Live, Family::Modern), Side::Modern);
/// assert_eq!(primary(Phase::Cutover, Family::Legacy), Side::Legacy);
/// assert_eq!(primary(Phase::Cutover, Family::Modern), Side::Modern);
/// ```
#[must_use]
pub const fn primary(phase: Phase, entered_from: Family) -> Side {
    match phase.family() {
        Some(family) => family.side(),
        None => entered_from.side(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_a_family_nothing_runs_again_but_writes_that_left_legacy() {
        for planned in Phase::ALL {
            for now in Phase::ALL {
                let same = planned.family().is_some() && planned.family() == now.family();
                let read = read_must_rerun(planned, now);
                assert_eq!(read, planned != Phase::Cutover && !same, "{planned} {now}");
                let left = planned.leaves_legacy() && !now.leaves_legacy();
                assert_eq!(write_must_rerun(planned, now), read || left, "{planned} {now}");
            }
        }
    }

    #[test]
    fn cutover_is_its_own_end_check() {
        assert!(Phase::ALL.into_iter().all(|now| !write_must_rerun(Phase::Cutover, now)));
    }

    #[test]
    fn whoever_meets_cutover_or_halted_runs_again() {
        for planned in Phase::ALL.into_iter().filter(|phase| *phase != Phase::Cutover) {
            assert!(read_must_rerun(planned, Phase::Cutover), "{planned}");
            assert!(read_must_rerun(planned, Phase::Halted), "{planned}");
        }
    }
}
