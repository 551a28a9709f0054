use std::num::NonZeroUsize;
use std::time::Duration;

/// No pause between retries is longer.
const DELAY_MAX: Duration = Duration::from_secs(30);

/// The limits of a [`Sweep`](super::Sweep).
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use strangler_fig::reconcile::SweepConfig;
///
/// let config = SweepConfig::default()
///     .with_page_size(NonZeroUsize::new(2_000).expect("it is not zero"))
///     .with_retries(5)
///     .with_retry_delay(Duration::from_millis(200))
///     .with_failures_kept(10_000);
/// ```
#[derive(Debug, Clone)]
pub struct SweepConfig {
    pub(super) page_size: NonZeroUsize,
    pub(super) retries: u32,
    pub(super) retry_delay: Duration,
    pub(super) failures_kept: usize,
}

impl Default for SweepConfig {
    /// Pages of 500 records; what fails is tried four times in all, the first
    /// retry after 50 ms and each later one after twice the pause; 1,000 failed
    /// keys are kept for those retries and the report.
    fn default() -> Self {
        Self {
            page_size: NonZeroUsize::new(500).expect("500 is not zero"),
            retries: 3,
            retry_delay: Duration::from_millis(50),
            failures_kept: 1_000,
        }
    }
}

impl SweepConfig {
    /// How many records of each side are read, and held, at once.
    #[must_use]
    pub fn with_page_size(mut self, size: NonZeroUsize) -> Self {
        self.page_size = size;
        self
    }

    /// How often a failed page is read, and a failed key joined, again.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The pause before the first retry; each later one doubles it, up to 30 s.
    #[must_use]
    pub fn with_retry_delay(mut self, delay: Duration) -> Self {
        self.retry_delay = delay;
        self
    }

    /// How many failed keys are kept to be joined again at the end; those beyond
    /// are only counted.
    #[must_use]
    pub fn with_failures_kept(mut self, keys: usize) -> Self {
        self.failures_kept = keys;
        self
    }

    pub(super) fn delay(&self, retry: u32) -> Duration {
        self.retry_delay.saturating_mul(2_u32.saturating_pow(retry)).min(DELAY_MAX)
    }
}
