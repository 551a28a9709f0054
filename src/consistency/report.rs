use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CheckMode, Difference, DifferenceKind, Verdict};
use crate::clock::seconds;

/// How many ranges that were not seen a terminal is shown.
const UNCOVERED_SHOWN: usize = 5;

/// How many differences there are of each kind.
///
/// ```
/// use strangler_fig::consistency::{DifferenceCounts, DifferenceKind};
///
/// let none = DifferenceCounts::default();
/// assert_eq!((none.total(), none.of(DifferenceKind::Conflict)), (0, 0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is named for its kind")]
pub struct DifferenceCounts {
    pub missing_in_modern: u64,
    pub missing_in_legacy: u64,
    pub stale_in_modern: u64,
    pub stale_in_legacy: u64,
    pub conflict: u64,
    pub rejected_by_modern: u64,
    pub rejected_by_legacy: u64,
}

impl DifferenceCounts {
    /// Those of one kind.
    #[must_use]
    pub const fn of(&self, kind: DifferenceKind) -> u64 {
        match kind {
            DifferenceKind::MissingInModern => self.missing_in_modern,
            DifferenceKind::MissingInLegacy => self.missing_in_legacy,
            DifferenceKind::StaleInModern => self.stale_in_modern,
            DifferenceKind::StaleInLegacy => self.stale_in_legacy,
            DifferenceKind::Conflict => self.conflict,
            DifferenceKind::RejectedByModern => self.rejected_by_modern,
            DifferenceKind::RejectedByLegacy => self.rejected_by_legacy,
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        DifferenceKind::ALL.iter().map(|kind| self.of(*kind)).sum()
    }

    pub(super) const fn add(&mut self, kind: DifferenceKind) {
        let count = match kind {
            DifferenceKind::MissingInModern => &mut self.missing_in_modern,
            DifferenceKind::MissingInLegacy => &mut self.missing_in_legacy,
            DifferenceKind::StaleInModern => &mut self.stale_in_modern,
            DifferenceKind::StaleInLegacy => &mut self.stale_in_legacy,
            DifferenceKind::Conflict => &mut self.conflict,
            DifferenceKind::RejectedByModern => &mut self.rejected_by_modern,
            DifferenceKind::RejectedByLegacy => &mut self.rejected_by_legacy,
        };
        *count += 1;
    }
}

/// A key that could not be looked at.
///
/// ```
/// use strangler_fig::consistency::UncheckedKey;
///
/// fn line(unchecked: &UncheckedKey<u32>) -> String {
///     format!("{}: {}", unchecked.key, unchecked.error)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UncheckedKey<K> {
    /// Which key.
    pub key: K,
    /// What the adapter reported last, with its causes.
    pub error: String,
}

/// Keys that were not seen.
///
/// ```
/// use strangler_fig::consistency::Uncovered;
///
/// fn from_where(uncovered: &Uncovered<u32>) -> String {
///     match uncovered.after {
///         Some(key) => format!("after {key}: {}", uncovered.reason),
///         None => format!("from the beginning: {}", uncovered.reason),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Uncovered<K> {
    /// The last key that was seen; `None`: none was.
    pub after: Option<K>,
    /// The last key of those not seen; `None`: up to the end.
    pub until: Option<K>,
    /// Why.
    pub reason: String,
}

/// What the digests of a check were good for.
///
/// ```
/// use strangler_fig::consistency::DigestWork;
/// assert_eq!(DigestWork::default().fell_back, None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DigestWork {
    /// Ranges that both sides digested.
    pub ranges_digested: u64,
    /// Ranges whose rows were merged after all: most of them differed, or a side
    /// could not digest them.
    pub ranges_merged: u64,
    /// Rows compared by their hashes.
    pub rows_hashed: u64,
    /// Why no digest was believed, and every row was merged.
    pub fell_back: Option<String>,
}

/// What a check has seen.
///
/// Every key counted in `keys` is counted once more, in `level`, `differences`,
/// `unsettled` or `failed`.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::consistency::{ConsistencyChecker, Verdict};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// # let users = MigrationRepository::new(legacy, modern, tracker)?;
/// users.legacy().plant((1, "Ada"));
/// let report = ConsistencyChecker::new(&users).full(std::future::pending()).await;
/// assert_eq!(report.verdict, Verdict::Inconsistent);
/// assert_eq!((report.keys, report.differences.missing_in_modern), (1, 1));
/// assert_eq!(report.kept[0].key, 1);
/// let first = "inconsistent: full check of 1 keys in 2.0 s";
/// assert_eq!(report.to_string().lines().next(), Some(first));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckReport<K> {
    /// What it comes to.
    pub verdict: Verdict,
    /// What was looked at.
    pub mode: CheckMode,
    /// Keys that either side holds, tombstones included, as far as they were to be
    /// looked at.
    pub keys: u64,
    /// Keys in which the sides are one.
    pub level: u64,
    /// Of these, keys whose contents only the comparator calls the same.
    pub tolerated: u64,
    /// Confirmed differences.
    pub differences: DifferenceCounts,
    /// Keys that kept changing, or whose check was not finished.
    pub unsettled: u64,
    /// Keys that could not be read again.
    pub failed: u64,
    /// Mismatches that were looked at again.
    pub candidates: u64,
    /// Differences that the repair queue did not take.
    pub not_queued: u64,
    /// Ranges that were not seen.
    pub uncovered: u64,
    /// The first differences.
    pub kept: Vec<Difference<K>>,
    /// The first unsettled keys.
    pub unsettled_keys: Vec<K>,
    /// The first failed keys.
    pub failed_keys: Vec<UncheckedKey<K>>,
    /// The first ranges that were not seen.
    pub uncovered_ranges: Vec<Uncovered<K>>,
    /// What digests did, in a check by digests.
    pub digest: Option<DigestWork>,
    /// From the beginning to the end.
    #[serde(rename = "took_seconds", with = "seconds")]
    pub duration: Duration,
}

impl<K> CheckReport<K> {
    pub(super) fn judged(mut self) -> Self {
        self.verdict = if self.differences.total() > 0 {
            Verdict::Inconsistent
        } else if self.unsettled > 0 || self.failed > 0 || self.uncovered > 0 {
            Verdict::Inconclusive
        } else {
            Verdict::Consistent
        };
        self
    }

    /// Whether everything was seen and is level.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.verdict == Verdict::Consistent
    }
}

impl<K> fmt::Display for CheckReport<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.duration.as_secs_f64();
        write!(f, "{}: {} check of {} keys in {seconds:.1} s", self.verdict, self.mode, self.keys)?;
        write!(f, "\n  level        {}", self.level)?;
        if self.tolerated > 0 {
            write!(f, " ({} within what is tolerated)", self.tolerated)?;
        }
        write!(f, "\n  differences  {}", self.differences.total())?;
        for &kind in DifferenceKind::ALL.iter().filter(|kind| self.differences.of(**kind) > 0) {
            write!(f, "\n    {kind:<18} {}", self.differences.of(kind))?;
        }
        for (name, count) in [("unsettled", self.unsettled), ("failed", self.failed)] {
            if count > 0 {
                write!(f, "\n  {name:<12} {count}")?;
            }
        }
        for uncovered in self.uncovered_ranges.iter().take(UNCOVERED_SHOWN) {
            write!(f, "\n  not seen     {}", uncovered.reason)?;
        }
        if let Some(digest) = &self.digest {
            digest.fmt(f)?;
        }
        if self.not_queued > 0 {
            write!(f, "\n  not queued   {}", self.not_queued)?;
        }
        Ok(())
    }
}

impl DigestWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(reason) = &self.fell_back {
            return write!(f, "\n  no digests   {reason}");
        }
        write!(
            f,
            "\n  digests      {} ranges, {} of them merged, {} rows by hash",
            self.ranges_digested, self.ranges_merged, self.rows_hashed
        )
    }
}
