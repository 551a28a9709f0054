use std::fmt;

use serde::{Deserialize, Serialize};

use crate::phase::SweepEvidence;

/// A key that could not be joined.
///
/// ```
/// use strangler_fig::reconcile::FailedKey;
///
/// fn may_pass(failed: &FailedKey<u32>) -> bool {
///     failed.is_retryable
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedKey<K> {
    /// Which key.
    pub key: K,
    /// What the adapter reported last, with its causes.
    pub error: String,
    /// Whether another sweep may join it.
    pub is_retryable: bool,
}

impl<K: fmt::Debug> fmt::Display for FailedKey<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {:?}: {}", self.key, self.error)
    }
}

/// What a sweep has seen and done.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{Fleet, MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::reconcile::Sweep;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// # let users = MigrationRepository::new(legacy, modern, tracker)?;
/// # let ticket = users.tracker().state().begin_sweep(&Fleet::default());
/// users.legacy().plant((1, "Ada".to_owned()));
/// let report = Sweep::new(&users).run(ticket, std::future::pending()).await?;
/// assert!(report.is_clean());
/// let text = "1 keys swept: 1 copied to modern, 0 to legacy, 0 conflicts settled, 0 remain, 0 failed";
/// assert_eq!(report.to_string(), text);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SweepReport<K> {
    /// Keys that either side holds, tombstones included.
    pub keys: u64,
    /// Records copied to legacy.
    pub to_legacy: u64,
    /// Records copied to modern.
    pub to_modern: u64,
    /// Conflicts that were settled.
    pub settled: u64,
    /// Conflicts that remain.
    pub conflicts: u64,
    /// Keys that could not be joined, however often they were tried.
    pub failed: u64,
    /// The first of these keys.
    pub failed_keys: Vec<FailedKey<K>>,
    /// What the state asks for; it counts only if the sweep was clean.
    pub evidence: SweepEvidence,
}

impl<K> SweepReport<K> {
    /// Whether nothing was left behind.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.failed == 0 && self.conflicts == 0
    }
}

impl<K> fmt::Display for SweepReport<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} keys swept: {} copied to modern, {} to legacy, {} conflicts settled, \
             {} remain, {} failed",
            self.keys, self.to_modern, self.to_legacy, self.settled, self.conflicts, self.failed
        )
    }
}
