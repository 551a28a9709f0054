use super::ConsumerReport;
use crate::error::StoreError;
use crate::event::SubscriptionName;

/// What ends an [`EventConsumer`](super::EventConsumer) before it is told to end.
///
/// ```
/// use strangler_fig::event::{ConsumerError, ConsumerReport};
///
/// let report = ConsumerReport::default();
/// let error = ConsumerError::Ended { name: "billing".parse()?, report };
/// assert!(error.is_retryable());
/// assert_eq!(error.to_string(), "the subscription billing was ended elsewhere");
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// The bus will not open the subscription, now or later.
    #[error("the subscription {name} cannot be opened")]
    Subscribe {
        /// Which.
        name: SubscriptionName,
        /// What the bus said.
        source: StoreError,
    },
    /// Somebody has ended the subscription, an operator of the bus say.
    #[error("the subscription {name} was ended elsewhere")]
    Ended {
        /// Which.
        name: SubscriptionName,
        /// What was done until then.
        report: ConsumerReport,
    },
}

impl ConsumerError {
    /// Whether running again may succeed. After `Ended` it opens the subscription anew; what was ended with it is gone.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Subscribe { source, .. } => source.is_retryable(),
            Self::Ended { .. } => true,
        }
    }
}
