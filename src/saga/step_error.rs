use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::error::{StoreError, StoreErrorKind, with_causes};
use crate::resilience::{Judged, Judgement};

/// Why a step has failed, and how surely it had no effect.
///
/// A [`StoreError`] is one as it stands: `?` keeps its kind.
///
/// ```
/// use strangler_fig::error::StoreError;
/// use strangler_fig::saga::StepError;
///
/// fn reserve() -> Result<(), StepError> {
///     Err(StoreError::unavailable("no connection"))?
/// }
///
/// let error = reserve().unwrap_err();
/// assert!(error.is_retryable() && !error.is_in_doubt());
/// assert_eq!(error.with_causes(), "it was not done: no connection");
/// ```
#[derive(Debug, Clone)]
pub struct StepError(StoreError);

impl StepError {
    /// A definite no, for good: the card is declined. Nothing was done.
    pub fn rejected(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(StoreError::rejected(source))
    }

    /// It was not done, and may be tried again: no connection.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(StoreError::unavailable(source))
    }

    /// It may have been done, or may be yet: a timeout, an answer that makes no sense.
    /// A step in doubt answers this.
    pub fn unknown(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(StoreError::unknown(source))
    }

    /// The same, and how long whoever was called wants to be left alone.
    #[must_use]
    pub fn with_retry_after(self, pause: Duration) -> Self {
        Self(self.0.with_retry_after(pause))
    }

    /// How long whoever was called wants to be left alone, if that was said.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after()
    }

    /// Whether the attempt may have had its effect, or have it yet.
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        !self.0.kind().is_definite()
    }

    /// Whether another attempt may go better.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.0.is_retryable()
    }

    /// What failed and why, in one line.
    #[must_use]
    pub fn with_causes(&self) -> String {
        with_causes(self)
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.kind() {
            StoreErrorKind::Rejected | StoreErrorKind::Conflict => "it was refused",
            StoreErrorKind::Unavailable => "it was not done",
            StoreErrorKind::Unknown => "it may or may not have been done",
        })
    }
}

impl Error for StepError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl Judged for StepError {
    fn judgement(&self) -> Judgement {
        self.0.judgement()
    }
}
