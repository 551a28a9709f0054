use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use crate::observe::Observer;
use crate::resilience::{Exponential, Jitter};
use crate::worker::{PAUSE_MIN, RateLimit};

/// The limits of a [`Reconciler`](super::Reconciler).
///
/// ```
/// use std::num::{NonZeroU32, NonZeroUsize};
/// use std::time::Duration;
/// use strangler_fig::reconcile::ReconcilerConfig;
/// use strangler_fig::resilience::{Exponential, Jitter};
///
/// let config = ReconcilerConfig::default()
///     .with_concurrency(NonZeroUsize::new(4).expect("it is not zero"))
///     .with_attempts_max(NonZeroU32::new(20).expect("it is not zero"))
///     .with_backoff(Exponential::between(Duration::from_secs(5), Duration::from_secs(3_600)).with_jitter(Jitter::Equal))
///     .with_poll_interval(Duration::from_secs(10))
///     .with_call_deadline(Duration::from_secs(5))
///     .with_queue_retries(3)
///     .with_plans_kept(100);
/// ```
#[derive(Debug, Clone)]
pub struct ReconcilerConfig {
    pub(super) concurrency: NonZeroUsize,
    pub(super) attempts_max: NonZeroU32,
    pub(super) backoff: Exponential,
    pub(super) poll_interval: Duration,
    pub(super) call_deadline: Duration,
    pub(super) queue_retries: u32,
    pub(super) plans_kept: usize,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) rate_limit: Option<RateLimit>,
}

impl Default for ReconcilerConfig {
    /// 16 repairs at once, each within 30 s; a key that fails is put off for one
    /// second, then twice as long each time up to five minutes, each shortened by up to
    /// a half, by chance (`Jitter::Equal`), and parked at its tenth failure; the queue is asked once a second while nothing is due; to
    /// drain and to preview end when it failed nine times in a row; a preview
    /// lists 1,000 keys.
    fn default() -> Self {
        Self {
            concurrency: NonZeroUsize::new(16).expect("16 is not zero"),
            attempts_max: NonZeroU32::new(10).expect("10 is not zero"),
            backoff: Exponential::between(Duration::from_secs(1), Duration::from_secs(300))
                .with_jitter(Jitter::Equal),
            poll_interval: Duration::from_secs(1),
            call_deadline: Duration::from_secs(30),
            queue_retries: 8,
            plans_kept: 1_000,
            observer: None,
            rate_limit: None,
        }
    }
}

impl ReconcilerConfig {
    /// How many keys may be repaired a second. By default as many as there are.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// How many keys are taken, and repaired, at once.
    #[must_use]
    pub fn with_concurrency(mut self, keys: NonZeroUsize) -> Self {
        self.concurrency = keys;
        self
    }

    /// How often a repair may fail until its key is parked.
    #[must_use]
    pub fn with_attempts_max(mut self, attempts: NonZeroU32) -> Self {
        self.attempts_max = attempts;
        self
    }

    /// How long a key is put off that failed so often: at least a millisecond. The pauses
    /// after failures of the queue are the same. How often a key is tried is up to
    /// [`with_attempts_max`](Self::with_attempts_max), not to the count of these. By default each loses
    /// at most a half by chance (`Jitter::Equal`); an [`Exponential`] of your own may lose all of it.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Exponential) -> Self {
        self.backoff = backoff;
        self
    }

    /// How often the queue is asked while nothing is due. Keys noted in this
    /// process are seen at once. At least a millisecond.
    #[must_use]
    pub fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(PAUSE_MIN);
        self
    }

    /// How long a repair, and each call of the queue, may take. A taken key is
    /// hidden from others for five times as long.
    #[must_use]
    pub fn with_call_deadline(mut self, deadline: Duration) -> Self {
        self.call_deadline = deadline;
        self
    }

    /// How often [`drain`](super::Reconciler::drain) and
    /// [`dry_run`](super::Reconciler::dry_run) try a failing queue again.
    #[must_use]
    pub fn with_queue_retries(mut self, retries: u32) -> Self {
        self.queue_retries = retries;
        self
    }

    /// How many keys a preview lists; those beyond are only counted.
    #[must_use]
    pub fn with_plans_kept(mut self, keys: usize) -> Self {
        self.plans_kept = keys;
        self
    }

    /// Who is told what happens.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use strangler_fig::observe::{Event, Observer};
    /// use strangler_fig::reconcile::ReconcilerConfig;
    ///
    /// #[derive(Debug)]
    /// struct Alarms;
    ///
    /// impl Observer for Alarms {
    ///     fn on_event(&self, event: &Event) {
    ///         if let Event::RepairParked { reason } = event {
    ///             eprintln!("somebody has to look at a key: {reason}");
    ///         }
    ///     }
    /// }
    ///
    /// let config = ReconcilerConfig::default().with_observer(Arc::new(Alarms));
    /// ```
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The pause after so many failures in a row.
    pub(super) fn delay(&self, failures: u32) -> Duration {
        self.backoff.delay(failures.saturating_sub(1)).max(PAUSE_MIN)
    }

    /// A repair and the calls of the queue around it, some made again.
    pub(super) fn hidden_for(&self) -> Duration {
        self.call_deadline.saturating_mul(5)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[test]
    fn an_option_leaves_the_others_as_they_are() {
        let backoff = Exponential::between(Duration::from_secs(3), Duration::from_secs(4));
        let config = ReconcilerConfig::default()
            .with_rate_limit(RateLimit::per_second(NonZeroU64::MIN))
            .with_concurrency(NonZeroUsize::MIN)
            .with_attempts_max(NonZeroU32::MIN)
            .with_backoff(backoff.clone())
            .with_poll_interval(Duration::from_secs(5))
            .with_call_deadline(Duration::from_secs(6))
            .with_queue_retries(7)
            .with_plans_kept(9);
        let expected = ReconcilerConfig {
            concurrency: NonZeroUsize::MIN,
            attempts_max: NonZeroU32::MIN,
            backoff,
            poll_interval: Duration::from_secs(5),
            call_deadline: Duration::from_secs(6),
            queue_retries: 7,
            plans_kept: 9,
            observer: None,
            rate_limit: Some(RateLimit::per_second(NonZeroU64::MIN)),
        };
        assert_eq!(format!("{config:?}"), format!("{expected:?}"));
    }
}
