use std::time::Duration;

use super::{Judged, Judgement};
use crate::error::StoreError;

/// A call that was not made.
///
/// ```
/// use std::num::NonZeroU32;
/// use strangler_fig::resilience::{Bulkhead, Refused};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Refused> {
/// let alone = Bulkhead::new("reports", NonZeroU32::MIN);
/// let place = alone.acquire().await?;
/// let refused = alone.acquire().await.unwrap_err();
/// assert_eq!(refused.to_string(), "bulkhead reports is full");
/// assert_eq!(refused.reason(), "full");
/// # drop(place);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The circuit breaker lets nothing through now.
    #[error("circuit breaker {breaker} is open")]
    Open {
        /// Its name.
        breaker: &'static str,
        /// When it lets something through again, if time alone decides.
        retry_after: Option<Duration>,
    },
    /// Every place is taken, and the queue is full or did not move in time.
    #[error("bulkhead {bulkhead} is full")]
    Full {
        /// Its name.
        bulkhead: &'static str,
    },
}

impl Refused {
    /// A stable name, fit for a label: `open` or `full`.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Full { .. } => "full",
        }
    }
}

/// A call that had no answer by its deadline, and was dropped: it may have had its
/// effect, or have it later.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::resilience::{CallError, Deadline};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let soon = Deadline::after(Duration::from_millis(50));
/// let late = soon.call(|| std::future::pending::<Result<(), &str>>()).await.unwrap_err();
/// assert_eq!(late.to_string(), "no answer within 50ms");
/// assert!(late.was_made(), "what it has done, nobody knows");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {after:?}")]
#[non_exhaustive]
pub struct TimedOut {
    /// How long it was waited for.
    pub after: Duration,
}

/// Why a guarded call has no answer.
///
/// ```
/// use strangler_fig::error::{StoreError, StoreErrorKind};
/// use strangler_fig::resilience::{CallError, Policy};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let failed = async || Err::<(), _>(StoreError::rejected("the name is taken"));
/// let error = Policy::new("names").call(failed).await.unwrap_err();
/// assert!(matches!(&error, CallError::Failed(own) if own.kind() == StoreErrorKind::Rejected));
/// assert!(error.was_made());
///
/// // Of a contract's call it is the contract's error again.
/// assert_eq!(StoreError::from(error).kind(), StoreErrorKind::Rejected);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError<E> {
    /// It was not made.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It was given up.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// It was made, and answered this.
    #[error(transparent)]
    Failed(E),
}

impl<E> CallError<E> {
    /// Whether the call was made: then it may have had an effect.
    #[must_use]
    pub const fn was_made(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::TimedOut(_) | Self::Failed(_) => true,
        }
    }

    /// The call's own error, if there is one.
    ///
    /// ```
    /// use strangler_fig::resilience::CallError;
    /// assert_eq!(CallError::Failed("no").failed(), Some("no"));
    /// ```
    #[must_use]
    pub fn failed(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Refused(_) | Self::TimedOut(_) => None,
        }
    }
}

impl<E> CallError<CallError<E>> {
    /// The error of a primitive around a primitive, as one.
    ///
    /// ```
    /// use std::time::Duration;
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::resilience::{BreakerConfig, CallError, CircuitBreaker, Deadline};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let breaker = CircuitBreaker::new("names", BreakerConfig::default());
    /// breaker.force_open();
    /// let soon = Deadline::after(Duration::from_secs(1));
    /// let read = async || Ok::<_, StoreError>("Ada");
    /// let error = soon.call(|| breaker.call(read)).await.unwrap_err().flatten();
    /// assert!(matches!(error, CallError::Refused(_)));
    /// # }
    /// ```
    #[must_use]
    pub fn flatten(self) -> CallError<E> {
        match self {
            Self::Refused(refused) | Self::Failed(CallError::Refused(refused)) => refused.into(),
            Self::TimedOut(late) | Self::Failed(CallError::TimedOut(late)) => late.into(),
            Self::Failed(CallError::Failed(error)) => CallError::Failed(error),
        }
    }
}

impl Judged for Refused {
    /// Whoever was to be called was not; asking again at once brings the same.
    fn judgement(&self) -> Judgement {
        Judgement::not_made()
    }
}

impl<E: Judged> Judged for CallError<E> {
    fn judgement(&self) -> Judgement {
        match self {
            Self::Refused(refused) => refused.judgement(),
            Self::TimedOut(_) => E::timed_out(),
            Self::Failed(error) => error.judgement(),
        }
    }

    fn timed_out() -> Judgement {
        E::timed_out()
    }
}

impl From<CallError<Self>> for StoreError {
    /// What was not made is `Unavailable`; what was given up is `Unknown`.
    fn from(error: CallError<Self>) -> Self {
        match error {
            CallError::Refused(refused) => match refused {
                Refused::Open { retry_after: Some(pause), .. } => {
                    Self::unavailable(refused).with_retry_after(pause)
                }
                _ => Self::unavailable(refused),
            },
            CallError::TimedOut(late) => Self::unknown(late),
            CallError::Failed(error) => error,
        }
    }
}
