use std::num::NonZeroUsize;
use std::time::Duration;

use crate::resilience::Exponential;
use crate::worker::{Persistence, RateLimit};

/// The limits of a [`Sweep`](super::Sweep).
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use strangler_fig::reconcile::SweepConfig;
/// use strangler_fig::resilience::Exponential;
/// use strangler_fig::worker::RateLimit;
///
/// let config = SweepConfig::default()
///     .with_page_size(NonZeroUsize::new(2_000).expect("it is not zero"))
///     .with_backoff(Exponential::default().with_count(5))
///     .with_rate_limit(RateLimit::per_second(5_000.try_into()?))
///     .with_failures_kept(10_000);
/// # Ok::<(), std::num::TryFromIntError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SweepConfig {
    pub(super) page_size: NonZeroUsize,
    pub(super) tries: Persistence,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) failures_kept: usize,
}

impl Default for SweepConfig {
    /// Pages of 500 records; what fails is tried four times in all, the first
    /// retry after 50 ms and each later one after twice the pause; no rate limit; 1,000
    /// failed keys are kept for those retries and the report.
    fn default() -> Self {
        Self {
            page_size: NonZeroUsize::new(500).expect("500 is not zero"),
            tries: Persistence::within(Duration::from_secs(60)),
            rate_limit: None,
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
    pub fn with_backoff(mut self, retries: Exponential) -> Self {
        self.tries.retries = retries;
        self
    }

    /// How long a store may take for a page, or for the join of one key; a minute by default.
    /// What takes longer has failed, and is tried again.
    #[must_use]
    pub const fn with_call_deadline(mut self, deadline: Duration) -> Self {
        self.tries.deadline = deadline;
        self
    }

    /// How many records may be read a second, those of both sides counted.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// How many failed keys are kept to be joined again at the end; those beyond
    /// are only counted.
    #[must_use]
    pub fn with_failures_kept(mut self, keys: usize) -> Self {
        self.failures_kept = keys;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[test]
    fn an_option_leaves_the_others_as_they_are() {
        let retries = Exponential::default().with_count(7);
        let config = SweepConfig::default()
            .with_page_size(NonZeroUsize::MIN)
            .with_backoff(retries.clone())
            .with_call_deadline(Duration::from_secs(5))
            .with_rate_limit(RateLimit::per_second(NonZeroU64::MIN))
            .with_failures_kept(2);
        let expected = SweepConfig {
            page_size: NonZeroUsize::MIN,
            tries: Persistence { retries, deadline: Duration::from_secs(5) },
            rate_limit: Some(RateLimit::per_second(NonZeroU64::MIN)),
            failures_kept: 2,
        };
        assert_eq!(format!("{config:?}"), format!("{expected:?}"));
    }
}
