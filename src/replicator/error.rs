use super::ReplicatorReport;
use crate::error::StoreError;
use crate::phase::Phase;

/// Why a [`Replicator`](super::Replicator) ended before it was told to. What was not settled comes again.
///
/// ```
/// use strangler_fig::error::StoreError;
/// use strangler_fig::replicator::ReplicatorError;
///
/// let lost = ReplicatorError::Feed {
///     source: StoreError::rejected("the slot was dropped"),
///     report: Box::default(),
/// };
/// assert!(!lost.is_retryable(), "begin with a backfill and a full check");
/// assert_eq!(lost.report().pages, 0);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicatorError {
    /// A part of the keys has left the legacy family, or is about to come back: legacy is not what counts.
    #[error(
        "keys are in {phase}, not entered from legacy: nothing is carried over to modern any more"
    )]
    Crossed {
        /// Where they are.
        phase: Phase,
        /// What was done until then.
        report: Box<ReplicatorReport>,
    },
    /// This node does not work by the state any more, or legacy was decommissioned.
    #[error("this node has no part in the migration any more")]
    Closed {
        /// What was done until then.
        report: Box<ReplicatorReport>,
    },
    /// The feed was lost, or does not answer.
    #[error("the change feed failed")]
    Feed {
        /// What it reported.
        source: StoreError,
        /// What was done until then.
        report: Box<ReplicatorReport>,
    },
    /// A page could not be carried over: a side, the repair queue or the state of the migration does not answer.
    #[error("a page of changes could not be carried over")]
    Held {
        /// What was reported.
        source: StoreError,
        /// What was done until then.
        report: Box<ReplicatorReport>,
    },
}

impl ReplicatorError {
    /// Of a page that does not come to its end, for its feed or for whom it was to go to.
    pub(super) fn of_page(of_feed: bool, source: StoreError, report: ReplicatorReport) -> Self {
        let report = Box::new(report);
        if of_feed { Self::Feed { source, report } } else { Self::Held { source, report } }
    }

    /// What was done until then.
    #[must_use]
    pub const fn report(&self) -> &ReplicatorReport {
        match self {
            Self::Crossed { report, .. }
            | Self::Closed { report }
            | Self::Feed { report, .. }
            | Self::Held { report, .. } => report,
        }
    }

    /// Whether running it again may get further.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Crossed { .. } | Self::Closed { .. } => false,
            Self::Feed { source, .. } | Self::Held { source, .. } => source.is_retryable(),
        }
    }
}
