use super::{MigrationName, NodeId};
use crate::error::{StoreError, StoreErrorKind};
use crate::stamp::EntropyError;

/// Why a node could not take up the state.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::{PhaseTracker, TrackerConfig, TrackerError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = Arc::new(InMemoryStateService::default());
/// let (name, node) = ("airports".parse()?, "node-1".parse()?);
/// let refused = PhaseTracker::start(service, name, node, TrackerConfig::default()).await;
/// assert!(matches!(refused, Err(TrackerError::NoState { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrackerError {
    /// The service could not be asked; the node keeps what it has.
    #[error("the state of {migration} could not be read or the lease not renewed")]
    Service {
        /// Which migration.
        migration: MigrationName,
        /// What the service reported.
        source: StoreError,
    },
    /// The service did not answer in time; the node keeps what it has.
    #[error("the state service of {migration} did not answer in time")]
    TimedOut {
        /// Which migration.
        migration: MigrationName,
    },
    /// Nobody has created the migration.
    #[error("there is no migration {migration}")]
    NoState {
        /// Which migration.
        migration: MigrationName,
    },
    /// The service shows an older state than the node has adopted, or another
    /// of the same epoch; the node keeps what it has.
    #[error("the state store of {migration} went back: it shows epoch {shown} after {adopted}")]
    WentBack {
        /// Which migration.
        migration: MigrationName,
        /// What the service shows.
        shown: u64,
        /// What the node has.
        adopted: u64,
    },
    /// The service shows a later state that was not made from the one the node has
    /// adopted: the store went back, and was moved on from there. The node keeps what
    /// it has. Seen as far as the history reaches, 32 moves: beyond it, such a state
    /// looks like one that the node has slept through.
    #[error("the state of {migration} has another past: another move made its epoch {epoch}")]
    Forked {
        /// Which migration.
        migration: MigrationName,
        /// The epoch the node has adopted.
        epoch: u64,
    },
    /// Another node has adopted a later state than the service shows: the store went
    /// back, and nobody starts by what it shows.
    #[error(
        "the state store of {migration} went back: it shows epoch {shown}, node {node} knows more"
    )]
    Behind {
        /// Which migration.
        migration: MigrationName,
        /// A node that has adopted a later state.
        node: NodeId,
        /// What the service shows.
        shown: u64,
    },
    /// The store went back, and this node's lease says so: it stays.
    #[error("the state store of {migration} went back: the lease stays, since it shows that")]
    Witness {
        /// Which migration.
        migration: MigrationName,
    },
    /// Legacy was decommissioned, and this process copies, checks or repairs.
    #[error("legacy of {migration} was decommissioned: there is nothing to copy or compare")]
    Decommissioned {
        /// Which migration.
        migration: MigrationName,
    },
    /// The node was evicted and refuses every operation from now on.
    #[error("node {node} was evicted")]
    Evicted {
        /// This node.
        node: NodeId,
    },
    /// The node was evicted before, or has given its lease back: it does not
    /// register again.
    #[error("node {node} has no part in the migration any more")]
    Closed {
        /// This node.
        node: NodeId,
    },
    /// The node still holds up a first `Cutover`, and must not forget why.
    #[error("{holds} keys are known where modern is ahead of legacy: repair them first")]
    Held {
        /// How many.
        holds: u64,
    },
    /// The operating system gave no random bits for the incarnation.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl TrackerError {
    /// Whether the next poll may succeed.
    ///
    /// ```
    /// use strangler_fig::phase::{Incarnation, NodeId, TrackerError};
    ///
    /// let late = TrackerError::TimedOut { migration: "airports".parse()? };
    /// assert!(late.is_retryable());
    ///
    /// let node = NodeId { name: "node-1".parse()?, incarnation: Incarnation::fixed(1) };
    /// assert!(!TrackerError::Evicted { node }.is_retryable());
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        !matches!(
            self,
            Self::Evicted { .. }
                | Self::Closed { .. }
                | Self::Decommissioned { .. }
                | Self::Entropy(_)
        )
    }

    /// Whether the service shows another past than the node has seen.
    pub(super) const fn went_back(&self) -> bool {
        matches!(
            self,
            Self::WentBack { .. }
                | Self::Forked { .. }
                | Self::Behind { .. }
                | Self::NoState { .. }
        )
    }

    /// Whether the service answers, and what it holds is not what it should be.
    pub(super) fn is_wrong_state(&self) -> bool {
        match self {
            Self::Service { source, .. } => source.kind() == StoreErrorKind::Rejected,
            error => error.went_back(),
        }
    }
}
