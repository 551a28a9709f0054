use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, SystemClock};
use crate::consistency::{CheckMode, CheckReport, Verdict};
use crate::error::StoreError;

/// What a consistency check says of the whole migration, and when it said so.
///
/// ```
/// use strangler_fig::controller::Verification;
///
/// fn line(last: &Verification) -> String {
///     format!("{} {}: {} keys, {} differences", last.mode, last.verdict, last.keys, last.differences)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verification {
    /// `Consistent` of every key, or `Inconsistent` of any.
    pub verdict: Verdict,
    /// What was looked at.
    pub mode: CheckMode,
    /// How many keys.
    pub keys: u64,
    /// How many differences were confirmed.
    pub differences: u64,
    /// When the check ended, by the wall clock of whoever made it, in Unix
    /// milliseconds.
    pub at_unix_ms: u64,
}

impl Verification {
    /// What a check that ended at `at_unix_ms` says; `None`: nothing. A difference says
    /// something wherever it was found; that there is none, only a check of every key.
    /// An inconclusive check says nothing.
    ///
    /// ```
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::MigrationRepository;
    /// use strangler_fig::consistency::ConsistencyChecker;
    /// use strangler_fig::controller::Verification;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// let checker = ConsistencyChecker::new(&users);
    /// let whole = checker.full(std::future::pending()).await;
    /// assert!(Verification::of(&whole, 1_000).is_some());
    /// let one_key = checker.keys([1], std::future::pending()).await;
    /// assert_eq!(Verification::of(&one_key, 1_000), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of<K>(report: &CheckReport<K>, at_unix_ms: u64) -> Option<Self> {
        let is_whole = matches!(report.mode, CheckMode::Full | CheckMode::Digest);
        let says_something = match report.verdict {
            Verdict::Consistent => is_whole,
            Verdict::Inconsistent => true,
            Verdict::Inconclusive => false,
        };
        says_something.then(|| Self {
            verdict: report.verdict,
            mode: report.mode,
            keys: report.keys,
            differences: report.differences.total(),
            at_unix_ms,
        })
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verdict, mode, keys, differences, .. } = self;
        write!(f, "{mode} check of {keys} keys: {verdict}, {differences} differences")
    }
}

/// Where the last verification of a migration is found. [`LastVerification`] keeps it
/// in this process; one that outlives it is yours, beside the reports.
///
/// # Contract
///
/// 1. `last` answers the verification that was recorded last; `None`: there was none.
/// 2. What [`Verification::of`] makes nothing of changes nothing.
///
/// ```
/// use strangler_fig::async_trait;
/// use strangler_fig::controller::{Verification, VerificationSource};
/// use strangler_fig::error::StoreError;
///
/// /// A file that the nightly check leaves.
/// #[derive(Debug)]
/// struct Nightly(std::path::PathBuf);
///
/// #[async_trait]
/// impl VerificationSource for Nightly {
///     async fn last(&self) -> Result<Option<Verification>, StoreError> {
///         let text = std::fs::read(&self.0).map_err(StoreError::unavailable)?;
///         serde_json::from_slice(&text).map_err(StoreError::rejected)
///     }
/// }
/// ```
#[async_trait]
pub trait VerificationSource: fmt::Debug + Send + Sync + 'static {
    /// What the last check came to.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored is no verification; else `Unavailable`.
    async fn last(&self) -> Result<Option<Verification>, StoreError>;
}

/// The last verification, in memory: gone when the process is.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::consistency::ConsistencyChecker;
/// use strangler_fig::controller::{LastVerification, VerificationSource};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// # let users = MigrationRepository::new(legacy, modern, tracker)?;
/// let last = LastVerification::default();
/// let report = ConsistencyChecker::new(&users).full(std::future::pending()).await;
/// last.record(&report);
/// let found = last.last().await?.expect("it was recorded");
/// assert_eq!(found.to_string(), "full check of 0 keys: consistent, 0 differences");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LastVerification {
    last: Mutex<Option<Verification>>,
    clock: Arc<dyn Clock>,
}

impl Default for LastVerification {
    fn default() -> Self {
        Self { last: Mutex::new(None), clock: Arc::new(SystemClock) }
    }
}

impl LastVerification {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same; checks will have ended when `clock` says.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Remembers a check that has just ended, if it [says](Verification::of) something;
    /// answers whether it does.
    pub fn record<K>(&self, report: &CheckReport<K>) -> bool {
        let Some(next) = Verification::of(report, self.clock.unix_millis()) else { return false };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        true
    }
}

#[async_trait]
impl VerificationSource for LastVerification {
    async fn last(&self) -> Result<Option<Verification>, StoreError> {
        Ok(*self.last.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
