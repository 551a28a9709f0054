use std::num::NonZeroUsize;
use std::time::Duration;

use crate::resilience::Exponential;
use crate::worker::{PageSize, Persistence, RateLimit};

/// The limits of a [`Backfiller`](super::Backfiller).
///
/// ```
/// use std::num::{NonZeroU64, NonZeroUsize};
/// use std::time::Duration;
/// use strangler_fig::backfill::BackfillConfig;
/// use strangler_fig::resilience::Exponential;
/// use strangler_fig::worker::{PageSize, RateLimit};
///
/// let rows = NonZeroUsize::new(500).expect("it is not zero");
/// let per_second = NonZeroU64::new(2_000).expect("it is not zero");
/// let gentle = BackfillConfig::default()
///     .with_page_size(PageSize::fixed(rows))
///     .with_pages_in_flight(NonZeroUsize::MIN)
///     .with_rate_limit(RateLimit::per_second(per_second))
///     .with_backoff(Exponential::default().with_count(10))
///     .with_claim_term(Duration::from_secs(60))
///     .with_expected_records(1_000_000)
///     .with_failures_kept(1_000);
/// ```
#[derive(Debug, Clone)]
pub struct BackfillConfig {
    pub(super) page_size: PageSize,
    pub(super) in_flight: NonZeroUsize,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) tries: Persistence,
    pub(super) claim_term: Duration,
    pub(super) expected: Option<u64>,
    pub(super) failures_kept: usize,
}

impl Default for BackfillConfig {
    /// Pages of 100 to 10,000 records that take about 200 ms, four in flight, no
    /// rate limit, three retries, claims of 30 s, 100 failures in the report.
    fn default() -> Self {
        let [min, max] = [100, 10_000].map(|n| NonZeroUsize::new(n).expect("it is not zero"));
        Self {
            page_size: PageSize::between(min, max),
            in_flight: NonZeroUsize::new(4).expect("4 is not zero"),
            rate_limit: None,
            tries: Persistence::within(Duration::from_secs(60)),
            claim_term: Duration::from_secs(30),
            expected: None,
            failures_kept: 100,
        }
    }
}

impl BackfillConfig {
    /// How many records are copied at once.
    #[must_use]
    pub fn with_page_size(mut self, size: PageSize) -> Self {
        self.page_size = size;
        self
    }

    /// How many pages are being written to modern at once. So many, and the one
    /// that is read meanwhile, are in memory; so many may be copied twice if the
    /// process is killed.
    #[must_use]
    pub fn with_pages_in_flight(mut self, pages: NonZeroUsize) -> Self {
        self.in_flight = pages;
        self
    }

    /// How many records may be copied a second.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// How often what failed is tried again: a page that could not be read, a
    /// record that was not taken, a checkpoint that was not saved.
    #[must_use]
    pub fn with_backoff(mut self, retries: Exponential) -> Self {
        self.tries.retries = retries;
        self
    }

    /// How long a call may take: a page of either store, or of the checkpoints; a minute by
    /// default. What takes longer has failed, and is tried again.
    #[must_use]
    pub const fn with_call_deadline(mut self, deadline: Duration) -> Self {
        self.tries.deadline = deadline;
        self
    }

    /// How long others leave a partition alone whose worker is not heard of; at
    /// least a second. It is renewed three times in that time.
    #[must_use]
    pub fn with_claim_term(mut self, term: Duration) -> Self {
        self.claim_term = term.max(Duration::from_secs(1));
        self
    }

    /// About how many records there are: without it, the time that is left is
    /// unknown.
    #[must_use]
    pub fn with_expected_records(mut self, records: u64) -> Self {
        self.expected = Some(records);
        self
    }

    /// How many failed keys are named in the report; all are in the repair queue.
    #[must_use]
    pub fn with_failures_kept(mut self, keys: usize) -> Self {
        self.failures_kept = keys;
        self
    }
}
