use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use crate::observe::Observer;
use crate::resilience::Exponential;
use crate::worker::{Persistence, RateLimit};

/// The limits of a [`ConsistencyChecker`](super::ConsistencyChecker).
///
/// ```
/// use std::num::NonZeroU64;
/// use std::time::Duration;
/// use strangler_fig::consistency::CheckerConfig;
/// use strangler_fig::resilience::Exponential;
/// use strangler_fig::worker::RateLimit;
///
/// let gentle = CheckerConfig::default()
///     .with_page_size(500.try_into()?)
///     .with_rate_limit(RateLimit::per_second(NonZeroU64::try_from(5_000)?))
///     .with_backoff(Exponential::default().with_count(5))
///     // The replica lags up to five seconds behind.
///     .with_settling(Duration::from_secs(8))
///     .with_rounds_max(3.try_into()?)
///     .with_candidates_max(2_000.try_into()?)
///     .with_kept_max(100)
///     .with_cycle(Duration::from_secs(600))
///     .with_root_rows(4_096.try_into()?)
///     .with_leaf_rows(32.try_into()?)
///     .with_ranges_per_call(16.try_into()?)
///     .with_probes(5.try_into()?)
///     .with_seed(7);
/// # Ok::<(), std::num::TryFromIntError>(())
/// ```
#[derive(Debug, Clone)]
pub struct CheckerConfig {
    pub(super) page_size: NonZeroUsize,
    pub(super) budget: Option<RateLimit>,
    pub(super) tries: Persistence,
    pub(super) settling: Duration,
    pub(super) rounds_max: NonZeroU32,
    pub(super) candidates_max: NonZeroUsize,
    pub(super) kept_max: usize,
    pub(super) cycle: Duration,
    pub(super) root_rows: NonZeroUsize,
    pub(super) leaf_rows: NonZeroUsize,
    pub(super) ranges_per_call: NonZeroUsize,
    pub(super) probes: NonZeroU32,
    pub(super) seed: Option<u64>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

const fn usize_of(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("a default limit is not zero")
}

const fn u32_of(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("a default limit is not zero")
}

impl Default for CheckerConfig {
    /// Pages of 1,000 records and no budget; three retries; two seconds for a
    /// replica to catch up, at most five times; 5,000 candidates at once; 1,000
    /// differences kept; a cycle an hour. Digests of 16,384 rows, 64 a call, down
    /// to 64 rows, after three probes of each side; seeds drawn anew.
    fn default() -> Self {
        Self {
            page_size: usize_of(1_000),
            budget: None,
            tries: Persistence::within(Duration::from_secs(600)),
            settling: Duration::from_secs(2),
            rounds_max: u32_of(5),
            candidates_max: usize_of(5_000),
            kept_max: 1_000,
            cycle: Duration::from_secs(3_600),
            root_rows: usize_of(16_384),
            leaf_rows: usize_of(64),
            ranges_per_call: usize_of(64),
            probes: u32_of(3),
            seed: None,
            observer: None,
        }
    }
}

impl CheckerConfig {
    /// How many records of each side are read, and held, at once.
    #[must_use]
    pub const fn with_page_size(mut self, records: NonZeroUsize) -> Self {
        self.page_size = records;
        self
    }

    /// How many records a second may be read, those of both sides counted, and
    /// rows that a side digests as well.
    #[must_use]
    pub const fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.budget = Some(limit);
        self
    }

    /// How often a call that failed is made again.
    #[must_use]
    pub fn with_backoff(mut self, retries: Exponential) -> Self {
        self.tries.retries = retries;
        self
    }

    /// How long a call may take: a page, or a digest of a range; ten minutes by default. What
    /// takes longer has failed, and is tried again.
    #[must_use]
    pub const fn with_call_deadline(mut self, deadline: Duration) -> Self {
        self.tries.deadline = deadline;
        self
    }

    /// How long the side that lags is given before a difference is believed:
    /// longer than replication, or a lenient write, ever takes. What takes longer
    /// is reported as a difference.
    #[must_use]
    pub const fn with_settling(mut self, delay: Duration) -> Self {
        self.settling = delay;
        self
    }

    /// How often a key that keeps changing is looked at before it is called
    /// unsettled.
    #[must_use]
    pub const fn with_rounds_max(mut self, rounds: NonZeroU32) -> Self {
        self.rounds_max = rounds;
        self
    }

    /// How many keys wait to be looked at again; when there are so many, the scan
    /// waits for them.
    #[must_use]
    pub const fn with_candidates_max(mut self, keys: NonZeroUsize) -> Self {
        self.candidates_max = keys;
        self
    }

    /// How many differences a report keeps, and how many unsettled keys, failed
    /// keys and uncovered ranges; those beyond are only counted.
    #[must_use]
    pub const fn with_kept_max(mut self, entries: usize) -> Self {
        self.kept_max = entries;
        self
    }

    /// From the beginning of one cycle of a continuous check to that of the next.
    #[must_use]
    pub const fn with_cycle(mut self, time: Duration) -> Self {
        self.cycle = time;
        self
    }

    /// How many rows the first digests are of.
    #[must_use]
    pub const fn with_root_rows(mut self, rows: NonZeroUsize) -> Self {
        self.root_rows = rows;
        self
    }

    /// Ranges that differ are divided until neither side has more rows in them.
    #[must_use]
    pub const fn with_leaf_rows(mut self, rows: NonZeroUsize) -> Self {
        self.leaf_rows = rows;
        self
    }

    /// How many ranges are digested in one call.
    #[must_use]
    pub const fn with_ranges_per_call(mut self, ranges: NonZeroUsize) -> Self {
        self.ranges_per_call = ranges;
        self
    }

    /// How many ranges of each side are scanned and hashed here before its
    /// digests are believed.
    #[must_use]
    pub const fn with_probes(mut self, ranges: NonZeroU32) -> Self {
        self.probes = ranges;
        self
    }

    /// Chooses the probed ranges, for tests; else each check draws its own.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Tells `observer` of every finished check.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use strangler_fig::consistency::CheckerConfig;
    /// use strangler_fig::observe::{Event, Observer};
    ///
    /// #[derive(Debug)]
    /// struct Alarms;
    ///
    /// impl Observer for Alarms {
    ///     fn on_event(&self, event: &Event) {
    ///         if let Event::Checked { result: "inconsistent", differences, .. } = event {
    ///             eprintln!("{differences} keys differ");
    ///         }
    ///     }
    /// }
    ///
    /// let config = CheckerConfig::default().with_observer(Arc::new(Alarms));
    /// ```
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
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
        let config = CheckerConfig::default()
            .with_page_size(usize_of(2))
            .with_rate_limit(RateLimit::per_second(NonZeroU64::MIN))
            .with_backoff(retries.clone())
            .with_call_deadline(Duration::from_secs(5))
            .with_settling(Duration::from_secs(3))
            .with_rounds_max(u32_of(4))
            .with_candidates_max(usize_of(5))
            .with_kept_max(6)
            .with_cycle(Duration::from_secs(7))
            .with_root_rows(usize_of(8))
            .with_leaf_rows(usize_of(9))
            .with_ranges_per_call(usize_of(10))
            .with_probes(u32_of(11))
            .with_seed(12);
        let expected = CheckerConfig {
            page_size: usize_of(2),
            budget: Some(RateLimit::per_second(NonZeroU64::MIN)),
            tries: Persistence { retries, deadline: Duration::from_secs(5) },
            settling: Duration::from_secs(3),
            rounds_max: u32_of(4),
            candidates_max: usize_of(5),
            kept_max: 6,
            cycle: Duration::from_secs(7),
            root_rows: usize_of(8),
            leaf_rows: usize_of(9),
            ranges_per_call: usize_of(10),
            probes: u32_of(11),
            seed: Some(12),
            observer: None,
        };
        assert_eq!(format!("{config:?}"), format!("{expected:?}"));
    }
}
