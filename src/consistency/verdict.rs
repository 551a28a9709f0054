use std::fmt;

use serde::{Deserialize, Serialize};

/// What a check comes to.
///
/// ```
/// use strangler_fig::consistency::Verdict;
/// assert_eq!(Verdict::Inconclusive.to_string(), "inconclusive");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Every key the check was to look at was seen, and is level.
    Consistent,
    /// A key differs, also when looked at again.
    Inconsistent,
    /// No difference was confirmed, and yet something failed, kept changing or
    /// was not seen.
    Inconclusive,
}

impl Verdict {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consistent => "consistent",
            Self::Inconsistent => "inconsistent",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
