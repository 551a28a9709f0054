use super::ReplayReport;
use crate::error::StoreError;

/// Why a replayer has not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The journal goes on failing.
    #[error("the journal failed {failures} times in a row")]
    Journal {
        /// How often.
        failures: u32,
        /// What it reported at last.
        source: StoreError,
        /// What was done until then.
        report: ReplayReport,
    },
}

impl ReplayError {
    /// What was done until then.
    #[must_use]
    pub const fn report(&self) -> &ReplayReport {
        match self {
            Self::Journal { report, .. } => report,
        }
    }

    /// Whether replaying again may succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Journal { source, .. } => source.is_retryable(),
        }
    }
}
