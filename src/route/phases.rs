use super::is_safe;
use crate::phase::{Family, Phase, ReadPlan, Side, WritePlan, primary};

/// What a phase asks of a request, built on what it asks of a read and of a write.
///
/// | phase | safe | its net | compared | unsafe |
/// |---|---|---|---|---|
/// | `LegacyOnly` | legacy | | | legacy |
/// | `DualWrite` | legacy | | | both, legacy first |
/// | `Shadow` | legacy | | modern | both, legacy first |
/// | `Cutover` | where it came from | | | both, legacy first, strictly |
/// | `Live` | modern | legacy | legacy | both, legacy first, strictly; modern's response |
/// | `RampDown` | modern | legacy, perhaps stale | | both, modern first |
/// | `ModernOnly` | modern | | | modern |
/// | `Halted` | nobody | | | nobody |
///
/// ```
/// use strangler_fig::phase::{Family, Phase, Side};
/// use strangler_fig::route::RequestPlan;
///
/// let read = RequestPlan::of(Phase::Live, Family::Legacy, true);
/// assert_eq!((read.primary, read.fallback), (Some(Side::Modern), Some(Side::Legacy)));
/// let write = RequestPlan::of(Phase::Live, Family::Legacy, false).dual_write.unwrap();
/// assert_eq!((write.first, write.answers, write.is_strict), (Side::Legacy, Side::Modern, true));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestPlan {
    /// The side that is asked; none: nothing is answered.
    pub primary: Option<Side>,
    /// The side that answers if the first does not.
    pub fallback: Option<Side>,
    /// Whether what the fallback answers may be older than what was acknowledged.
    pub is_stale: bool,
    /// The side that is compared.
    pub mirror: Option<Side>,
    /// How both sides are written to.
    pub dual_write: Option<WriteOrder>,
}

/// How an unsafe request goes to both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteOrder {
    /// The side that is sent it first.
    pub first: Side,
    /// The side whose response the caller gets.
    pub answers: Side,
    /// Whether both must have answered before the caller is.
    pub is_strict: bool,
}

impl RequestPlan {
    const NOTHING: Self =
        Self { primary: None, fallback: None, is_stale: false, mirror: None, dual_write: None };

    /// The plan of a phase, which was entered from a family.
    #[must_use]
    pub const fn of(phase: Phase, entered_from: Family, is_safe: bool) -> Self {
        if is_safe { Self::read(phase, entered_from) } else { Self::write(phase, entered_from) }
    }

    /// The same for a request of this method.
    #[must_use]
    pub fn of_method(phase: Phase, entered_from: Family, method: &str) -> Self {
        Self::of(phase, entered_from, is_safe(method))
    }

    const fn read(phase: Phase, entered_from: Family) -> Self {
        let own = Self { primary: Some(primary(phase, entered_from)), ..Self::NOTHING };
        match (ReadPlan::of(phase), WritePlan::of(phase)) {
            (ReadPlan::Wait, _) => Self::NOTHING,
            // Both hold every record that was acknowledged; legacy is a net for modern, not modern for legacy. Of a
            // strict write that is under way a reader may see more on one side than on the other.
            (ReadPlan::Shadowed(Side::Modern), _) => {
                let legacy = Some(Side::Legacy);
                Self { fallback: legacy, mirror: legacy, ..own }
            }
            (ReadPlan::Shadowed(Side::Legacy), _) => Self { mirror: Some(Side::Modern), ..own },
            // Legacy is still written to, but nobody waits for it.
            (ReadPlan::Single(Side::Modern), WritePlan::Lenient(_)) => {
                Self { fallback: Some(Side::Legacy), is_stale: true, ..own }
            }
            // Responses cannot be joined as records are: one side is asked.
            (ReadPlan::Single(_) | ReadPlan::Both, _) => own,
        }
    }

    const fn write(phase: Phase, entered_from: Family) -> Self {
        let counts = primary(phase, entered_from);
        let own = Self { primary: Some(counts), ..Self::NOTHING };
        let (first, is_strict) = match WritePlan::of(phase) {
            WritePlan::Wait => return Self::NOTHING,
            WritePlan::Single(_) => return own,
            WritePlan::Lenient(first) => (first, false),
            WritePlan::Strict => (Side::Legacy, true),
        };
        Self { dual_write: Some(WriteOrder { first, answers: counts, is_strict }), ..own }
    }
}
