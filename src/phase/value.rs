use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Side, UnknownName};

/// Where a migration stands. What each phase means for writes, reads and
/// queries is one table: [`WritePlan`](super::WritePlan),
/// [`ReadPlan`](super::ReadPlan).
///
/// ```
/// use strangler_fig::phase::{Family, Phase};
///
/// assert_eq!(Phase::DualWrite.family(), Some(Family::Legacy));
/// assert_eq!(Phase::Cutover.family(), None);
/// assert_eq!(Phase::RampDown.name(), "ramp_down");
///
/// let leaving: Vec<_> = Phase::ALL.into_iter().filter(|phase| phase.leaves_legacy()).collect();
/// assert_eq!(leaving, [Phase::RampDown, Phase::ModernOnly]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The modern store is not used.
    LegacyOnly,
    /// Legacy counts; modern follows leniently.
    DualWrite,
    /// As `DualWrite`, and reads are compared aside.
    Shadow,
    /// The bridge: both stores count, strictly.
    Cutover,
    /// Modern is read; both are written strictly, legacy first.
    Live,
    /// Modern counts; legacy follows leniently.
    RampDown,
    /// The legacy store is not used.
    ModernOnly,
    /// Modern is gone: nothing is answered until the fleet has settled here.
    Halted,
}

/// Which store a phase relies on. Any mix of nodes inside one family is safe.
///
/// ```
/// use strangler_fig::phase::{Family, Phase, Side};
///
/// assert_eq!(Family::Legacy.side(), Side::Legacy);
/// assert_eq!(Phase::Live.family().map(Family::side), Some(Side::Modern));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Every acknowledged write is in legacy, every read reads legacy.
    Legacy,
    /// The same of modern.
    Modern,
}

impl Family {
    /// The store that counts in this family.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::Legacy => Side::Legacy,
            Self::Modern => Side::Modern,
        }
    }
}

impl Phase {
    /// Every phase, in the order of a migration, `Halted` last.
    pub const ALL: [Self; 8] = [
        Self::LegacyOnly,
        Self::DualWrite,
        Self::Shadow,
        Self::Cutover,
        Self::Live,
        Self::RampDown,
        Self::ModernOnly,
        Self::Halted,
    ];

    /// The family, or `None` for `Cutover` (both) and `Halted` (neither).
    #[must_use]
    pub const fn family(self) -> Option<Family> {
        match self {
            Self::LegacyOnly | Self::DualWrite | Self::Shadow => Some(Family::Legacy),
            Self::Live | Self::RampDown | Self::ModernOnly => Some(Family::Modern),
            Self::Cutover | Self::Halted => None,
        }
    }

    /// Whether legacy is no longer written strictly: `RampDown`, `ModernOnly`.
    #[must_use]
    pub const fn leaves_legacy(self) -> bool {
        matches!(self, Self::RampDown | Self::ModernOnly)
    }

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LegacyOnly => "legacy_only",
            Self::DualWrite => "dual_write",
            Self::Shadow => "shadow",
            Self::Cutover => "cutover",
            Self::Live => "live",
            Self::RampDown => "ramp_down",
            Self::ModernOnly => "modern_only",
            Self::Halted => "halted",
        }
    }
}

impl FromStr for Phase {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|phase| phase.name() == text);
        found.ok_or_else(|| UnknownName::of("phase", text))
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
