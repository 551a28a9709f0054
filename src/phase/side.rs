use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::UnknownName;

/// One of the two stores.
///
/// ```
/// use strangler_fig::phase::Side;
///
/// assert_eq!(Side::Legacy.other(), Side::Modern);
/// assert_eq!(Side::Legacy.name(), "legacy");
/// assert_eq!(Side::Modern.to_string(), "modern");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The store the team comes from.
    Legacy,
    /// The store it goes to.
    Modern,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Legacy => Self::Modern,
            Self::Modern => Self::Legacy,
        }
    }

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }
}

impl FromStr for Side {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let found = [Self::Legacy, Self::Modern].into_iter().find(|side| side.name() == text);
        found.ok_or_else(|| UnknownName::of("side", text))
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
