use crate::error::StoreError;
use crate::phase::Side;

/// Why a store could not be walked to the end.
///
/// ```
/// use strangler_fig::phase::Side;
/// use strangler_fig::worker::ScanError;
///
/// let wrong = ScanError::OutOfOrder { side: Side::Modern };
/// assert_eq!(wrong.to_string(), "the scan of modern is out of order");
/// assert!(!wrong.is_retryable());
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// A side could not be read, however often it was tried.
    #[error("{side} could not be scanned")]
    Failed {
        /// Which side.
        side: Side,
        /// What the adapter reported.
        source: StoreError,
    },
    /// A scan answered keys that do not follow each other, or a page twice: its
    /// adapter is wrong.
    #[error("the scan of {side} is out of order")]
    OutOfOrder {
        /// Which side.
        side: Side,
    },
    /// A scan answered an empty page that is not the last: it would never end.
    #[error("the scan of {side} stands still")]
    StandsStill {
        /// Which side.
        side: Side,
    },
}

impl ScanError {
    /// Whether walking again may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Failed { source, .. } => source.is_retryable(),
            Self::OutOfOrder { .. } | Self::StandsStill { .. } => false,
        }
    }
}
