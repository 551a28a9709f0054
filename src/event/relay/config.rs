use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use crate::event::FetchLimit;
use crate::observe::Observer;
use crate::resilience::Exponential;

/// How a relay works.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::event::RelayConfig;
///
/// let config = RelayConfig::default()
///     .with_term(Duration::from_secs(15))
///     .with_retention(Duration::from_secs(24 * 60 * 60));
/// ```
#[derive(Debug, Clone)]
pub struct RelayConfig {
    pub(super) term: Duration,
    poll_interval: Option<Duration>,
    pub(super) batch: FetchLimit,
    pub(super) concurrency: NonZeroUsize,
    pub(super) publish_deadline: Duration,
    pub(super) store_deadline: Duration,
    pub(super) refusals_max: NonZeroU32,
    pub(super) backoff: Exponential,
    pub(super) pause: Exponential,
    pub(super) retention: Duration,
    pub(super) care_interval: Duration,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

/// The shortest term: shorter ones are over before they are used. And the longest.
const TERM_MIN: Duration = Duration::from_millis(100);
const TERM_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How often it is looked for what was staged where nothing else is said: where nobody tells, and where the outbox does,
/// against a hint that was lost.
pub(super) const POLL_MIN: Duration = Duration::from_millis(1_500);
const POLL_TOLD: Duration = Duration::from_secs(60);

impl Default for RelayConfig {
    /// Lanes for 30 s, renewed each 10; what is staged is looked for each 1.5 s, or each minute where the outbox
    /// [tells](crate::event::OutboxStore::notifies), 500 rows or 4 MiB at once, by four groups of lanes; the bus has 10 s, the outbox 5; five refusals, with delays between them of up to 1, 2, 4 and 8 s,
    /// drawn with full jitter, so that a message is parked some 15 s after its first refusal at most; pauses, drawn likewise, of up to
    /// 100 ms at first and up to 30 s at last while the bus or the outbox is away; what was sent is not kept; and the depth
    /// is told each minute.
    fn default() -> Self {
        let at_least_one = |n| NonZeroUsize::new(n).expect("it is not zero");
        Self {
            term: Duration::from_secs(30),
            poll_interval: None,
            batch: FetchLimit { rows: at_least_one(500), bytes: at_least_one(4 << 20) },
            concurrency: at_least_one(4),
            publish_deadline: Duration::from_secs(10),
            store_deadline: Duration::from_secs(5),
            refusals_max: NonZeroU32::new(5).expect("it is not zero"),
            backoff: Exponential::between(Duration::from_secs(1), Duration::from_secs(300)),
            pause: Exponential::between(Duration::from_millis(100), Duration::from_secs(30)),
            retention: Duration::ZERO,
            care_interval: Duration::from_secs(60),
            observer: None,
        }
    }
}

impl RelayConfig {
    /// For how long lanes are claimed: so long do they stand still when a relay dies. No less than 100 ms,
    /// and no more than a year.
    #[must_use]
    pub fn with_term(mut self, term: Duration) -> Self {
        self.term = term.clamp(TERM_MIN, TERM_MAX);
        self
    }

    /// How often it is looked for what was staged, where no hint says so; each 1.5 s at least while something that was put
    /// off is known to wait. By default each 1.5 s, or each minute where the outbox
    /// [tells](crate::event::OutboxStore::notifies). No less than a millisecond.
    #[must_use]
    pub fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = Some(interval.max(Duration::from_millis(1)));
        self
    }

    /// How much a group of lanes has in hand at most.
    #[must_use]
    pub const fn with_batch(mut self, batch: FetchLimit) -> Self {
        self.batch = batch;
        self
    }

    /// How many groups of lanes are relayed at once.
    #[must_use]
    pub const fn with_concurrency(mut self, groups: NonZeroUsize) -> Self {
        self.concurrency = groups;
        self
    }

    /// How long the bus has for one call; at most a third of the term. What is not answered by then is published again.
    #[must_use]
    pub const fn with_publish_deadline(mut self, deadline: Duration) -> Self {
        self.publish_deadline = deadline;
        self
    }

    /// How long the outbox has for one call, those of operators included.
    #[must_use]
    pub const fn with_store_deadline(mut self, deadline: Duration) -> Self {
        self.store_deadline = deadline;
        self
    }

    /// How often the bus may refuse a message: the last time it is parked. Nothing but a refusal counts; for an outage,
    /// however long, no message comes nearer to it.
    #[must_use]
    pub const fn with_refusals_max(mut self, refusals: NonZeroU32) -> Self {
        self.refusals_max = refusals;
        self
    }

    /// How long a message is put off that was refused: by default up to 1, 2, 4, 8 s and so on, five minutes at most, each
    /// drawn between nothing and that (`Jitter::Full`).
    #[must_use]
    pub fn with_backoff(mut self, backoff: Exponential) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long lanes rest while the bus or the outbox is away; and how long a message is put off that the bus did not take,
    /// and did not refuse either. By default up to 100 ms, 200 ms and so on, 30 s at most, each drawn between nothing and that
    /// (`Jitter::Full`). No pause is shorter than a millisecond.
    #[must_use]
    pub fn with_outage_backoff(mut self, pause: Exponential) -> Self {
        self.pause = pause;
        self
    }

    /// How long rows are kept at least that were sent, where the outbox keeps them at all; it may have a longer time of its
    /// own.
    #[must_use]
    pub const fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// How often the depth is told, and old rows are removed. No less than a millisecond.
    #[must_use]
    pub fn with_care_interval(mut self, interval: Duration) -> Self {
        self.care_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// Who is told what happens.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// How long until it is looked again, if nothing is told; `is_put_off`: something may be due before that.
    pub(super) fn poll_interval(&self, is_deaf: bool, is_put_off: bool) -> Duration {
        let interval = self.poll_interval.unwrap_or(if is_deaf { POLL_MIN } else { POLL_TOLD });
        if is_put_off { interval.min(POLL_MIN) } else { interval }
    }

    /// The deadline of one call of the bus.
    pub(super) fn publish_within(&self) -> Duration {
        self.publish_deadline.min(self.term / 3)
    }
}
