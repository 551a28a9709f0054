use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::{CloudEventError, EventEnvelope, Topic};

/// How much a subscription holds, and for how long.
///
/// ```
/// use std::num::NonZeroUsize;
/// use strangler_fig::event::SubscriptionLimits;
///
/// let limits = SubscriptionLimits { in_flight_max: NonZeroUsize::MIN, ..Default::default() };
/// assert_eq!(limits.hidden_for.as_secs(), 30);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionLimits {
    /// How many deliveries may be unsettled here at once: the back-pressure. 64 by default.
    pub in_flight_max: NonZeroUsize,
    /// How long the bus waits for a sign of life before it delivers to somebody else; 30 s by default. A bus that goes
    /// by connections need not look at it.
    pub hidden_for: Duration,
}

impl Default for SubscriptionLimits {
    fn default() -> Self {
        let in_flight_max = NonZeroUsize::new(64).expect("64 is not 0");
        Self { in_flight_max, hidden_for: Duration::from_secs(30) }
    }
}

/// Which delivery: known to the subscription that made it only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receipt(pub u64);

/// What came.
///
/// ```
/// use strangler_fig::event::{CloudEventError, Delivery, Receipt};
///
/// let spoilt = CloudEventError::new(".", "it is no JSON");
/// let came = Delivery::new(Receipt(1), "shop.orders".parse()?, Err(spoilt));
/// assert_eq!(came.attempt.get(), 1);
/// # Ok::<(), strangler_fig::event::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// What to settle it by.
    pub receipt: Receipt,
    /// Where it was sent to.
    pub topic: Topic,
    /// 1 if it is surely the first time; else how often at least.
    pub attempt: NonZeroU32,
    /// The event; or why it cannot be read. It is to be settled all the same.
    pub event: Result<EventEnvelope, CloudEventError>,
}

impl Delivery {
    /// What comes for the first time.
    #[must_use]
    pub const fn new(
        receipt: Receipt,
        topic: Topic,
        event: Result<EventEnvelope, CloudEventError>,
    ) -> Self {
        Self { receipt, topic, attempt: NonZeroU32::MIN, event }
    }
}

/// What becomes of a delivery.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::event::Settlement;
///
/// /// What somebody settles by who was told what to do by an HTTP status.
/// fn settlement(status: u16) -> Settlement {
///     match status {
///         200..300 => Settlement::Ack,
///         400..500 => Settlement::DeadLetter { reason: format!("refused with {status}") },
///         _ => Settlement::Nack { after: Duration::from_secs(1) },
///     }
/// }
/// assert_eq!(settlement(204), Settlement::Ack);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It was handled: it does not come again.
    Ack,
    /// It was not: it comes again.
    Nack {
        /// Not before this has passed.
        after: Duration,
    },
    /// It is given up, and kept with its bytes, its topic and the reason in a place that the adapter names, until its
    /// operator removes it.
    DeadLetter {
        /// Why.
        reason: String,
    },
}
