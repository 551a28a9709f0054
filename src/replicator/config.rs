use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::observe::Observer;
use crate::resilience::{Exponential, Jitter};
use crate::worker::{PAUSE_MIN, Persistence, RateLimit};

/// The limits of a [`Replicator`](super::Replicator).
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use strangler_fig::replicator::ReplicatorConfig;
/// use strangler_fig::resilience::{Exponential, Jitter};
///
/// let config = ReplicatorConfig::default()
///     .with_page_size(NonZeroUsize::new(5_000).expect("it is not zero"))
///     .with_concurrency(NonZeroUsize::new(4).expect("it is not zero"))
///     .with_poll_interval(Duration::from_secs(2))
///     .with_call_deadline(Duration::from_secs(10))
///     .with_backoff(Exponential::between(Duration::from_millis(200), Duration::from_secs(10)).with_jitter(Jitter::Equal))
///     .with_retries_max(3)
///     .with_lag_interval(Duration::from_secs(30));
/// ```
#[derive(Debug, Clone)]
pub struct ReplicatorConfig {
    pub(super) page_size: NonZeroUsize,
    pub(super) concurrency: NonZeroUsize,
    pub(super) poll_interval: Duration,
    pub(super) pauses: Exponential,
    pub(super) retries: u32,
    pub(super) tries: Persistence,
    pub(super) lag_interval: Duration,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

impl Default for ReplicatorConfig {
    /// Pages of 500 changes, 16 joins at once; the feed is asked every half a second while it has nothing, unless it
    /// tells; each call may take 30 s and is made four times; a page that failed as a whole comes again after half a
    /// second, then twice as long each time up to half a minute, shortened by up to a half (`Jitter::Equal`); to catch up ends when nine in a row have failed; the lag
    /// is told every ten seconds.
    fn default() -> Self {
        Self {
            page_size: NonZeroUsize::new(500).expect("500 is not zero"),
            concurrency: NonZeroUsize::new(16).expect("16 is not zero"),
            poll_interval: Duration::from_millis(500),
            pauses: Exponential::between(Duration::from_millis(500), Duration::from_secs(30))
                .with_jitter(Jitter::Equal),
            retries: 8,
            tries: Persistence::within(Duration::from_secs(30)),
            lag_interval: Duration::from_secs(10),
            rate_limit: None,
            observer: None,
        }
    }
}

impl ReplicatorConfig {
    /// How many changes are asked for at once.
    #[must_use]
    pub fn with_page_size(mut self, changes: NonZeroUsize) -> Self {
        self.page_size = changes;
        self
    }

    /// How many keys are joined at once.
    #[must_use]
    pub fn with_concurrency(mut self, keys: NonZeroUsize) -> Self {
        self.concurrency = keys;
        self
    }

    /// How often the feed is asked while it has nothing and does not tell. At least a millisecond.
    #[must_use]
    pub fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(PAUSE_MIN);
        self
    }

    /// How long each call of a store, the feed or the repair queue may take.
    #[must_use]
    pub fn with_call_deadline(mut self, deadline: Duration) -> Self {
        self.tries.deadline = deadline;
        self
    }

    /// How long a page that failed as a whole waits before it comes again: at least a millisecond. How often it does is said
    /// by [`with_retries_max`](Self::with_retries_max).
    #[must_use]
    pub fn with_backoff(mut self, pauses: Exponential) -> Self {
        self.pauses = pauses;
        self
    }

    /// How often in a row [`catch_up`](super::Replicator::catch_up) tries again what failed;
    /// [`run`](super::Replicator::run) does it for ever.
    #[must_use]
    pub fn with_retries_max(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How often an observer is told how far replication is behind, whatever is carried over meanwhile. At least a
    /// millisecond.
    #[must_use]
    pub fn with_lag_interval(mut self, interval: Duration) -> Self {
        self.lag_interval = interval.max(PAUSE_MIN);
        self
    }

    /// How many changes may be carried over a second. By default as many as there are.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Who is told what happens; the lag is asked for only then.
    ///
    /// Alarm on [`Event::ReplicationLag`](crate::observe::Event::ReplicationLag) above what you allow, and on an
    /// [`Event::ReplicationFailed`](crate::observe::Event::ReplicationFailed) that does not cease: `run` itself waits for
    /// whatever is away, however long.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use strangler_fig::observe::{Event, Observer};
    /// use strangler_fig::replicator::ReplicatorConfig;
    ///
    /// #[derive(Debug)]
    /// struct Alarms;
    ///
    /// impl Observer for Alarms {
    ///     fn on_event(&self, event: &Event) {
    ///         if let Event::OutsideWrite = event {
    ///             eprintln!("somebody writes to legacy who was said to be off");
    ///         }
    ///     }
    /// }
    ///
    /// let config = ReplicatorConfig::default().with_observer(Arc::new(Alarms));
    /// ```
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The pause after so many failures in a row.
    pub(super) fn delay(&self, failures: u32) -> Duration {
        self.pauses.delay(failures.saturating_sub(1)).max(PAUSE_MIN)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_lose_at_most_a_half() {
        let config = ReplicatorConfig::default();
        for (failures, whole) in [(0, 500), (1, 500), (2, 1_000), (4, 4_000), (9, 30_000)] {
            let whole = Duration::from_millis(whole);
            let pause = config.delay(failures);
            assert!(pause >= whole / 2 && pause <= whole, "{failures}: {pause:?}");
        }
    }

    #[test]
    fn nothing_comes_again_without_a_pause() {
        let config = ReplicatorConfig::default()
            .with_backoff(Exponential::between(Duration::ZERO, Duration::ZERO));
        assert_eq!(config.delay(1), PAUSE_MIN);
    }

    #[test]
    fn an_option_leaves_the_others_as_they_are() {
        let pauses = Exponential::between(Duration::from_secs(3), Duration::from_secs(4));
        let config = ReplicatorConfig::default()
            .with_page_size(NonZeroUsize::MIN)
            .with_concurrency(NonZeroUsize::MIN)
            .with_poll_interval(Duration::from_secs(5))
            .with_call_deadline(Duration::from_secs(6))
            .with_backoff(pauses.clone())
            .with_retries_max(7)
            .with_lag_interval(Duration::from_secs(8))
            .with_rate_limit(RateLimit::per_second(NonZeroU64::MIN));
        let expected = ReplicatorConfig {
            page_size: NonZeroUsize::MIN,
            concurrency: NonZeroUsize::MIN,
            poll_interval: Duration::from_secs(5),
            pauses,
            retries: 7,
            tries: Persistence::within(Duration::from_secs(6)),
            lag_interval: Duration::from_secs(8),
            rate_limit: Some(RateLimit::per_second(NonZeroU64::MIN)),
            observer: None,
        };
        assert_eq!(format!("{config:?}"), format!("{expected:?}"));
    }
}
