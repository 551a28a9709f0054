use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use crate::observe::Observer;
use crate::phase::{Share, Side};
use crate::resilience::Policy;

/// The limits of a [`MigrationRepository`](super::MigrationRepository).
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// # use std::sync::Arc;
/// use std::time::Duration;
/// use strangler_fig::phase::Share;
/// use strangler_fig::repository::{DivergenceReason, MigrationConfig};
/// # use strangler_fig::stamp::StampClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// let config = MigrationConfig::default()
///     // A modern store that must cost callers next to nothing ...
///     .with_lenient_wait(Duration::from_millis(20))
///     .with_lenient_deadline(Duration::from_secs(10))
///     .with_lenient_max(256.try_into()?)
///     // ... nor be read more than need be ...
///     .with_shadow_share(Share::percent(1))
///     .with_shadow_deadline(Duration::from_secs(2))
///     .with_shadow_recheck_delay(Duration::from_millis(500))
///     .with_shadow_max(8.try_into()?)
///     // ... and callers that would rather fail, or have an old answer, than wait.
///     .with_halted_wait(Duration::from_millis(200))
///     .with_attempts_max(4.try_into()?)
///     .with_fallback_reads()
///     .with_batch_concurrency(4.try_into()?)
///     .with_sink_capacity(1.try_into()?);
/// let stamps = Arc::new(StampClock::new()?);
/// let users = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config)?;
///
/// let noted = [1, 2].map(|key| users.sink().note(key, DivergenceReason::Mismatch, None));
/// assert_eq!(noted, [true, false], "the sink holds one key");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MigrationConfig {
    pub(super) lenient_wait: Duration,
    pub(super) lenient_deadline: Duration,
    pub(super) lenient_limit: NonZeroU32,
    pub(super) shadow_share: Share,
    pub(super) shadow_deadline: Duration,
    pub(super) shadow_recheck_delay: Duration,
    pub(super) shadow_limit: NonZeroU32,
    pub(super) halted_wait: Duration,
    pub(super) attempts_max: NonZeroU32,
    pub(super) batch_concurrency: NonZeroUsize,
    pub(super) fallback_reads: bool,
    pub(super) sink_capacity: NonZeroUsize,
    pub(super) latency_sample: NonZeroU32,
    pub(super) observer: Option<Arc<dyn Observer>>,
    legacy_policy: Option<Policy>,
    modern_policy: Option<Policy>,
}

const fn u32_of(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("a default limit is not zero")
}

const fn usize_of(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("a default limit is not zero")
}

impl Default for MigrationConfig {
    /// The lenient side is awaited for 100 ms, finishes aside within 30 s, 1,024
    /// at once; a tenth of the reads is compared, within 5 s, 64 at once, read
    /// again after 100 ms; operations wait 5 s in `Halted`; a write takes a new
    /// stamp, and an operation runs again, at most 32 times; batches run 16
    /// operations at once; no fallback reads; 10,000 keys in the sink; at least one
    /// operation of 16 is timed; no policies.
    fn default() -> Self {
        Self {
            lenient_wait: Duration::from_millis(100),
            lenient_deadline: Duration::from_secs(30),
            lenient_limit: u32_of(1_024),
            shadow_share: Share::percent(10),
            shadow_deadline: Duration::from_secs(5),
            shadow_recheck_delay: Duration::from_millis(100),
            shadow_limit: u32_of(64),
            halted_wait: Duration::from_secs(5),
            attempts_max: u32_of(32),
            batch_concurrency: usize_of(16),
            fallback_reads: false,
            sink_capacity: usize_of(10_000),
            latency_sample: u32_of(16),
            observer: None,
            legacy_policy: None,
            modern_policy: None,
        }
    }
}

impl MigrationConfig {
    /// How long a caller waits for the lenient side before it finishes aside.
    #[must_use]
    pub fn with_lenient_wait(mut self, wait: Duration) -> Self {
        self.lenient_wait = wait;
        self
    }

    /// How long the lenient side may go on aside before it is given up and the
    /// key noted.
    #[must_use]
    pub fn with_lenient_deadline(mut self, deadline: Duration) -> Self {
        self.lenient_deadline = deadline;
        self
    }

    /// How many lenient writes may go on aside; one more is given up and its key
    /// noted.
    #[must_use]
    pub fn with_lenient_max(mut self, limit: NonZeroU32) -> Self {
        self.lenient_limit = limit;
        self
    }

    /// The share of reads that is compared with the other side, in the phases
    /// that compare at all. The choice falls before the other side is read.
    #[must_use]
    pub fn with_shadow_share(mut self, share: Share) -> Self {
        self.shadow_share = share;
        self
    }

    /// How long a comparison may take, the pause before reading again aside, before
    /// it is given up.
    #[must_use]
    pub fn with_shadow_deadline(mut self, deadline: Duration) -> Self {
        self.shadow_deadline = deadline;
        self
    }

    /// The pause before a difference is read again.
    #[must_use]
    pub fn with_shadow_recheck_delay(mut self, delay: Duration) -> Self {
        self.shadow_recheck_delay = delay;
        self
    }

    /// How many comparisons may be under way; beyond that none is begun.
    #[must_use]
    pub fn with_shadow_max(mut self, limit: NonZeroU32) -> Self {
        self.shadow_limit = limit;
        self
    }

    /// How long an operation waits for `Halted` to end before it answers
    /// `Unavailable`.
    #[must_use]
    pub fn with_halted_wait(mut self, wait: Duration) -> Self {
        self.halted_wait = wait;
        self
    }

    /// How often a write may take a new stamp because another was larger, and an
    /// operation run again because the phase moved.
    #[must_use]
    pub fn with_attempts_max(mut self, attempts: NonZeroU32) -> Self {
        self.attempts_max = attempts;
        self
    }

    /// How many operations of one batch run at once, or calls of a side that read many keys.
    #[must_use]
    pub fn with_batch_concurrency(mut self, concurrency: NonZeroUsize) -> Self {
        self.batch_concurrency = concurrency;
        self
    }

    /// Lets the other side answer a read when the primary is `Unavailable`,
    /// marked as such, and outside every guarantee: it may be stale.
    #[must_use]
    pub fn with_fallback_reads(mut self) -> Self {
        self.fallback_reads = true;
        self
    }

    /// What stands between a side and every read and write of one key, comparisons and
    /// repairs included: retries, a circuit breaker, a bulkhead, deadlines. Without one
    /// a call is made once and awaited as long as it takes.
    ///
    /// Not under it: queries, which are closures of yours, and the pages of workers,
    /// which have retries of their own.
    ///
    /// ```
    /// use std::time::Duration;
    /// use strangler_fig::phase::Side;
    /// use strangler_fig::repository::MigrationConfig;
    /// use strangler_fig::resilience::Policy;
    ///
    /// let impatient = Policy::standard("modern").with_try_deadline(Duration::from_millis(300));
    /// let config = MigrationConfig::default()
    ///     .with_policy(Side::Legacy, Policy::standard("legacy"))
    ///     .with_policy(Side::Modern, impatient);
    /// ```
    #[must_use]
    pub fn with_policy(mut self, side: Side, policy: Policy) -> Self {
        match side {
            Side::Legacy => self.legacy_policy = Some(policy),
            Side::Modern => self.modern_policy = Some(policy),
        }
        self
    }

    /// Its observer is told, too, of policies that have none.
    pub(super) fn observing_policies(mut self) -> Self {
        if let Some(observer) = &self.observer {
            for policy in [&mut self.legacy_policy, &mut self.modern_policy] {
                *policy = policy.take().map(|policy| policy.or_observer(observer));
            }
        }
        self
    }

    #[inline]
    pub(super) const fn policy(&self, side: Side) -> Option<&Policy> {
        match side {
            Side::Legacy => self.legacy_policy.as_ref(),
            Side::Modern => self.modern_policy.as_ref(),
        }
    }

    /// How many keys the divergence sink holds.
    #[must_use]
    pub fn with_sink_capacity(mut self, capacity: NonZeroUsize) -> Self {
        self.sink_capacity = capacity;
        self
    }

    /// How seldom an operation is timed while there are many: one of so many, drawn at
    /// random. 1 times them all.
    ///
    /// Reading the clock costs more than counting, so that every operation is counted, and
    /// only some are timed: which, falls before they begin, so that slow ones are drawn as
    /// often as fast ones, and in no rhythm that the traffic could share. While few are timed
    /// a second, more of the operations are: all of them up to about a hundred a second, so
    /// that gates and guards never wait for samples because of this; a tenth of a second
    /// without one, and the next are all timed. Over a time of changing load, the quiet moments
    /// therefore weigh more than the busy ones.
    ///
    /// Without an observer nothing is timed, and nothing drawn.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    /// use strangler_fig::repository::MigrationConfig;
    ///
    /// let every_one = MigrationConfig::default().with_latency_sample(NonZeroU32::MIN);
    /// ```
    #[must_use]
    pub fn with_latency_sample(mut self, one_in: NonZeroU32) -> Self {
        self.latency_sample = one_in;
        self
    }

    /// Who is told what happens.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::sync::atomic::{AtomicU64, Ordering};
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::{MigrationConfig, MigrationRepository};
    /// # use strangler_fig::stamp::StampClock;
    /// use strangler_fig::observe::{Event, Observer, Operation};
    ///
    /// #[derive(Debug, Default)]
    /// struct Writes(AtomicU64);
    ///
    /// impl Observer for Writes {
    ///     fn on_event(&self, event: &Event) {
    ///         if let Event::Operated { operation: Operation::Write, .. } = event {
    ///             self.0.fetch_add(1, Ordering::Relaxed);
    ///         }
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let stamps = Arc::new(StampClock::new()?);
    /// let writes = Arc::new(Writes::default());
    /// let config = MigrationConfig::default().with_observer(writes.clone());
    /// let users = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config)?;
    /// users.save((1, "Ada".to_owned())).await?;
    /// assert_eq!(writes.0.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_leaves_the_others_as_they_are() {
        let config = MigrationConfig::default()
            .with_lenient_wait(Duration::from_secs(2))
            .with_lenient_deadline(Duration::from_secs(3))
            .with_lenient_max(u32_of(4))
            .with_shadow_share(Share::percent(5))
            .with_shadow_deadline(Duration::from_secs(6))
            .with_shadow_recheck_delay(Duration::from_secs(7))
            .with_shadow_max(u32_of(8))
            .with_halted_wait(Duration::from_secs(9))
            .with_attempts_max(u32_of(10))
            .with_batch_concurrency(usize_of(11))
            .with_fallback_reads()
            .with_sink_capacity(usize_of(12))
            .with_latency_sample(u32_of(13));
        let expected = MigrationConfig {
            lenient_wait: Duration::from_secs(2),
            lenient_deadline: Duration::from_secs(3),
            lenient_limit: u32_of(4),
            shadow_share: Share::percent(5),
            shadow_deadline: Duration::from_secs(6),
            shadow_recheck_delay: Duration::from_secs(7),
            shadow_limit: u32_of(8),
            halted_wait: Duration::from_secs(9),
            attempts_max: u32_of(10),
            batch_concurrency: usize_of(11),
            fallback_reads: true,
            sink_capacity: usize_of(12),
            latency_sample: u32_of(13),
            observer: None,
            legacy_policy: None,
            modern_policy: None,
        };
        assert_eq!(format!("{config:?}"), format!("{expected:?}"));
    }
}
