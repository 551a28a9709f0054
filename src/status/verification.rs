use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::PastMove;
use super::plain::spoken;
use crate::clock::seconds;
use crate::consistency::Verdict;
use crate::controller::Verification;

/// What the last verification is still worth.
///
/// ```
/// use strangler_fig::status::Freshness;
/// assert_eq!(Freshness::Stale.name(), "stale");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Freshness {
    /// No check is known that says something.
    Never,
    /// Every key was level, not long ago, and nothing has moved since.
    Verified,
    /// Every key was level, but that was long ago, or before the last move.
    Stale,
    /// The last check found differences.
    Differs,
}

impl Freshness {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Verified => "verified",
            Self::Stale => "stale",
            Self::Differs => "differs",
        }
    }
}

/// A check that this process has seen come to its end, whatever it says.
///
/// ```
/// use strangler_fig::status::CheckSeen;
///
/// fn line(check: &CheckSeen) -> String {
///     format!("{}: {} of {} keys differ", check.result, check.differences, check.keys)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CheckSeen {
    /// What it looked at: `full`, `sampled`, `keys`, `earlier` or `digest`.
    pub mode: &'static str,
    /// `consistent`, `inconsistent` or `inconclusive`.
    pub result: &'static str,
    /// Keys that were looked at.
    pub keys: u64,
    /// Differences that were confirmed.
    pub differences: u64,
    /// Keys that kept changing, or could not be read.
    pub open: u64,
    /// How long ago it ended.
    #[serde(rename = "ago_seconds", with = "seconds")]
    pub ago: Duration,
}

/// Whether the stores were found to be the same, and what that is still worth.
///
/// ```
/// use strangler_fig::status::{Freshness, VerificationStatus};
///
/// fn may_be_believed(verification: &VerificationStatus) -> bool {
///     verification.freshness == Freshness::Verified
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VerificationStatus {
    /// What the last verification is worth.
    pub freshness: Freshness,
    /// How old it is; `None`: there is none, or it is from the future.
    #[serde(rename = "age_seconds", with = "seconds::or_null")]
    pub age: Option<Duration>,
    /// After how long it is stale.
    #[serde(rename = "stale_after_seconds", with = "seconds")]
    pub stale_after: Duration,
    /// Why it is stale, if it is.
    pub because: Option<&'static str>,
    /// The verification itself.
    pub last: Option<Verification>,
    /// The last check that ended in this process.
    pub last_check: Option<CheckSeen>,
}

impl VerificationStatus {
    pub(super) const fn never(stale_after: Duration, last_check: Option<CheckSeen>) -> Self {
        let freshness = Freshness::Never;
        Self { freshness, age: None, stale_after, because: None, last: None, last_check }
    }

    /// What `last` is worth at `now`, after these moves.
    pub(super) fn judged(&self, last: Verification, now_unix_ms: u64, moves: &[PastMove]) -> Self {
        let age = now_unix_ms.checked_sub(last.at_unix_ms).map(Duration::from_millis);
        let has_moved = moves.iter().any(|past| past.steers && past.at_unix_ms > last.at_unix_ms);
        let (freshness, because) = match (last.verdict, age) {
            (Verdict::Inconsistent, _) => (Freshness::Differs, None),
            (_, None) => (Freshness::Stale, Some("it is from the future")),
            _ if has_moved => (Freshness::Stale, Some("the migration has moved since")),
            (_, Some(age)) if age > self.stale_after => (Freshness::Stale, Some("it is too old")),
            _ => (Freshness::Verified, None),
        };
        Self { freshness, age, because, last: Some(last), ..self.clone() }
    }
}

impl fmt::Display for VerificationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.freshness {
            Freshness::Never => return f.write_str("never verified"),
            Freshness::Verified => f.write_str("verified")?,
            Freshness::Stale => f.write_str("stale")?,
            Freshness::Differs => f.write_str("differs")?,
        }
        if let Some(age) = self.age {
            write!(f, ", {} ago", spoken(age))?;
        }
        self.because.iter().try_for_each(|because| write!(f, ": {because}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consistency::CheckMode;

    fn verified(at_unix_ms: u64, verdict: Verdict) -> Verification {
        let (mode, keys, differences) = (CheckMode::Full, 5, 0);
        Verification { verdict, mode, keys, differences, at_unix_ms }
    }

    fn moved(at_unix_ms: u64, steers: bool) -> PastMove {
        PastMove {
            epoch: 1,
            step: "to shadow".to_owned(),
            moved: None,
            from: None,
            steers,
            actor: None,
            reason: None,
            at_unix_ms,
            evidence: Vec::new(),
        }
    }

    #[test]
    fn a_verification_is_believed_until_it_is_old_or_something_moves() {
        let never = VerificationStatus::never(Duration::from_secs(60), None);
        let told = |last, now, moves: &[PastMove]| never.judged(last, now, moves).to_string();
        let good = verified(100_000, Verdict::Consistent);
        assert_eq!(never.to_string(), "never verified");
        assert_eq!(
            told(good, 130_000, &[moved(90_000, true), moved(110_000, false)]),
            "verified, 30 s ago"
        );
        assert_eq!(told(good, 160_001, &[]), "stale, 1 min 00 s ago: it is too old");
        let told_after_a_move = told(good, 130_000, &[moved(100_001, true)]);
        assert_eq!(told_after_a_move, "stale, 30 s ago: the migration has moved since");
        assert_eq!(told(good, 99_000, &[]), "stale: it is from the future");
        assert_eq!(
            told(verified(100_000, Verdict::Inconsistent), 101_000, &[]),
            "differs, 1.0 s ago"
        );
    }
}
