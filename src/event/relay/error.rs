use super::RelayReport;
use crate::error::StoreError;

/// Why a relay has not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The outbox goes on failing: lanes cannot be claimed, rows not fetched, or what was sent not written down.
    #[error("the outbox failed {failures} times in a row")]
    Outbox {
        /// How often.
        failures: u32,
        /// What it reported at last.
        source: StoreError,
        /// What was done until then.
        report: RelayReport,
    },
    /// The bus goes on taking nothing, or not what is left.
    #[error("the bus has taken nothing {failures} times in a row")]
    Bus {
        /// How often.
        failures: u32,
        /// What it reported at last.
        source: StoreError,
        /// What was done until then.
        report: RelayReport,
    },
}

impl RelayError {
    /// What was done until then.
    #[must_use]
    pub const fn report(&self) -> &RelayReport {
        match self {
            Self::Outbox { report, .. } | Self::Bus { report, .. } => report,
        }
    }

    /// Whether relaying again may succeed.
    ///
    /// ```
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::event::{RelayError, RelayReport};
    ///
    /// let source = StoreError::unavailable("no connection");
    /// let error = RelayError::Bus { failures: 5, source, report: RelayReport::default() };
    /// assert!(error.is_retryable());
    /// ```
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Outbox { source, .. } => source.is_retryable(),
            // What it refuses for good ends no relay.
            Self::Bus { .. } => true,
        }
    }
}
