use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use crate::event::SubscriptionLimits;
use crate::observe::Observer;
use crate::resilience::Exponential;

/// How an [`EventConsumer`](super::EventConsumer) works.
///
/// ```
/// use std::num::{NonZeroU32, NonZeroUsize};
/// use std::time::Duration;
/// use strangler_fig::event::ConsumerConfig;
/// use strangler_fig::resilience::Exponential;
///
/// let config = ConsumerConfig::default()
///     .with_concurrency(NonZeroUsize::new(4).expect("it is not zero"))
///     .with_deadline(Duration::from_secs(5))
///     .with_backoff(Exponential::between(Duration::from_secs(1), Duration::from_secs(30)))
///     .with_attempts_max(NonZeroU32::new(20).expect("it is not zero"));
/// ```
#[derive(Debug, Clone)]
pub struct ConsumerConfig {
    pub(super) limits: SubscriptionLimits,
    pub(super) concurrency: NonZeroUsize,
    pub(super) deadline: Duration,
    pub(super) bus_deadline: Duration,
    pub(super) pauses: Exponential,
    pub(super) attempts_max: Option<NonZeroU32>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

/// A shorter deadline of the bus could not be kept.
const BUS_DEADLINE_MIN: Duration = Duration::from_millis(100);

/// What fails is not tried again at once, whatever the schedule says.
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(1);

impl Default for ConsumerConfig {
    /// 64 deliveries in flight, 16 handled at once, 30 s for each; the bus has 10 s for a call; pauses of up to 100 ms, then
    /// 200 ms and so on, 60 s at most, each drawn between nothing and that (`Jitter::Full`), and no end to the attempts.
    fn default() -> Self {
        Self {
            limits: SubscriptionLimits::default(),
            concurrency: NonZeroUsize::new(16).expect("16 is not 0"),
            deadline: Duration::from_secs(30),
            bus_deadline: Duration::from_secs(10),
            pauses: Exponential::between(Duration::from_millis(100), Duration::from_secs(60)),
            attempts_max: None,
            observer: None,
        }
    }
}

impl ConsumerConfig {
    /// How much is in flight, and how long without a sign of life. Signs are given by a third of that time.
    #[must_use]
    pub const fn with_limits(mut self, limits: SubscriptionLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How many events are handled at once, each of another key.
    #[must_use]
    pub const fn with_concurrency(mut self, concurrency: NonZeroUsize) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// How long a call of the handler may take; after that it is dropped, and made again.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long the bus has for one call: to open the subscription, and to settle; for all that is given back at the end,
    /// together. After that the call is dropped, and made again. No less than 100 ms.
    #[must_use]
    pub fn with_bus_deadline(mut self, deadline: Duration) -> Self {
        self.bus_deadline = deadline.max(BUS_DEADLINE_MIN);
        self
    }

    /// The pauses between attempts: those to handle an event, to settle it, and to reach the bus; none is shorter than a
    /// millisecond. How often is [`with_attempts_max`](Self::with_attempts_max).
    #[must_use]
    pub fn with_backoff(mut self, pauses: Exponential) -> Self {
        self.pauses = pauses;
        self
    }

    /// How often an event is tried by one consumer before it is given up. By default for ever, its key behind it: what an outage
    /// fails is no dead letter.
    #[must_use]
    pub const fn with_attempts_max(mut self, attempts: NonZeroU32) -> Self {
        self.attempts_max = Some(attempts);
        self
    }

    /// Who is told of what happens.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }
}
