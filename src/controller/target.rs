use std::fmt;

use serde::{Deserialize, Serialize};

use crate::phase::Phase;

/// Where a migration is to go.
///
/// ```
/// use strangler_fig::controller::Target;
/// use strangler_fig::phase::Phase;
///
/// assert_eq!(Target::from(Phase::Live), Target::Whole(Phase::Live));
/// assert_eq!(Target::Cohort(Phase::Cutover).to_string(), "cohort in cutover");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Target {
    /// Every key in this phase; a cohort is let grow to the whole, or taken back.
    Whole(Phase),
    /// The keys of the base in this phase; the cohort stays where it is.
    Base(Phase),
    /// The keys of the cohort in this phase.
    Cohort(Phase),
}

impl From<Phase> for Target {
    fn from(phase: Phase) -> Self {
        Self::Whole(phase)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(phase) => write!(f, "all in {phase}"),
            Self::Base(phase) => write!(f, "base in {phase}"),
            Self::Cohort(phase) => write!(f, "cohort in {phase}"),
        }
    }
}
