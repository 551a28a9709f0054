use std::fmt;

use serde::{Deserialize, Serialize};

use super::Sample;

/// What a check looked at.
///
/// ```
/// use strangler_fig::consistency::{CheckMode, Sample};
/// use strangler_fig::phase::Share;
///
/// let mode = CheckMode::Sampled(Sample::of(Share::percent(5), 7));
/// assert_eq!(mode.to_string(), "sampled (5.00 %, seed 7)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckMode {
    /// Every key, by scans of both sides.
    Full,
    /// A part of the keys, by scans of both sides.
    Sampled(Sample),
    /// Given keys.
    Keys,
    /// What an earlier check had found.
    Earlier,
    /// Every key, by digests.
    Digest,
}

impl CheckMode {
    /// Its stable name, whatever the sample.
    ///
    /// ```
    /// use strangler_fig::consistency::CheckMode;
    /// assert_eq!(CheckMode::Digest.name(), "digest");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Sampled(_) => "sampled",
            Self::Keys => "keys",
            Self::Earlier => "earlier",
            Self::Digest => "digest",
        }
    }

    /// Whether it is for every key.
    pub(super) const fn is_whole(self) -> bool {
        matches!(self, Self::Full | Self::Digest)
    }
}

impl fmt::Display for CheckMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::Sampled(sample) => {
                write!(f, "sampled ({}, seed {})", sample.share(), sample.seed())
            }
            Self::Keys => f.write_str("keys"),
            Self::Earlier => f.write_str("earlier differences"),
            Self::Digest => f.write_str("digest"),
        }
    }
}
