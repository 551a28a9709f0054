use super::RelayReport;
use crate::error::StoreError;

/// Why a relay has not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The outbox goes on failing.
    #[error("the outbox failed {failures} times in a row")]
    Outbox {
        /// How often.
        failures: u32,
        /// What it reported at last.
        source: StoreError,
        /// What was done until then.
        report: RelayReport,
    },
    /// The bus goes on taking nothing.
    #[error("the bus was away {failures} times in a row")]
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
}
