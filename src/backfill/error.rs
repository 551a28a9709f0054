use super::{JobName, WorkerName};
use crate::error::StoreError;
use crate::key::KeyError;
use crate::worker::ScanError;

/// Why a backfill ended before it was done. What its checkpoint says is copied,
/// is copied; a new run goes on from there.
///
/// ```
/// use strangler_fig::backfill::BackfillError;
/// use strangler_fig::phase::Side;
/// use strangler_fig::worker::ScanError;
///
/// let wrong = BackfillError::from(ScanError::OutOfOrder { side: Side::Legacy });
/// assert!(!wrong.is_retryable());
/// assert_eq!(wrong.to_string(), "the scan of legacy is out of order");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackfillError {
    /// Legacy could not be walked.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// Modern could not be reached for any record of a page, so that it is no
    /// fault of theirs: none was noted, and the page will be copied again.
    #[error("modern could not be reached")]
    Modern(#[source] StoreError),
    /// The adapter of modern panicked; its page will be copied again.
    #[error("the adapter of modern panicked")]
    Panicked,
    /// The checkpoints could not be read or written.
    #[error("the checkpoints of job {job} could not be reached")]
    Checkpoint {
        /// Which job.
        job: JobName,
        /// What the store reported.
        source: StoreError,
    },
    /// A stored checkpoint holds a key of another kind: the job is another's.
    #[error("the checkpoints of job {job} are not of these keys")]
    ForeignKey {
        /// Which job.
        job: JobName,
        /// What is wrong with the key.
        source: KeyError,
    },
    /// Another worker, or another run of this one, claims partitions under the same
    /// name. This one leaves them to it.
    #[error("another worker of job {job} runs under the name {worker}")]
    NameTaken {
        /// Which job.
        job: JobName,
        /// Whose name.
        worker: WorkerName,
    },
    /// Records that were not taken could not be noted: their page will be copied
    /// again.
    #[error("failed records could not be noted in the repair queue")]
    RepairQueue(#[source] StoreError),
    /// Modern keeps its stamps in the process and is the primary: nothing may be
    /// copied into it.
    #[error("modern is the primary and forgets its stamps; nothing may be copied into it")]
    ForgetfulModern,
    /// This node does not work by the state: it was evicted, or gave its lease back.
    #[error("this node has been evicted, or has given its lease back")]
    Closed,
    /// Legacy was decommissioned: a row of it could bring a deleted record back.
    #[error("legacy was decommissioned: nothing is copied any more")]
    Decommissioned,
    /// The lease of this node has run out, and it was told to stop then: run it again
    /// once the node follows the state.
    #[error("the lease of this node has run out")]
    LeaseRanOut,
}

impl BackfillError {
    /// Whether running it again may get further.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Scan(error) => error.is_retryable(),
            Self::Checkpoint { source, .. } | Self::RepairQueue(source) => source.is_retryable(),
            Self::Modern(_) | Self::Panicked | Self::LeaseRanOut => true,
            Self::ForeignKey { .. }
            | Self::NameTaken { .. }
            | Self::ForgetfulModern
            | Self::Decommissioned
            | Self::Closed => false,
        }
    }
}
