use std::time::Duration;

use crate::phase::{Scopes, Side};
use crate::stamp::{EntropyError, Exhausted};

/// Why a [`MigrationRepository`](super::MigrationRepository) could not be built.
///
/// ```
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::phase::{MigrationState, PhaseTracker, Scopes, TrackerConfig};
/// use strangler_fig::repository::{BuildError, MigrationRepository};
/// use strangler_fig::stamp::StampScope;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// // Both sides keep their stamps with the records, whatever the node was told.
/// let scopes = Scopes { legacy: StampScope::Process, ..Scopes::default() };
/// let config = TrackerConfig::default().with_scopes(scopes);
/// let tracker = PhaseTracker::detached_with(MigrationState::new("users".parse()?), config);
/// let refused = MigrationRepository::new(legacy, modern, tracker);
/// assert!(matches!(refused, Err(BuildError::Scopes { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The operating system gave no random bits for the writer id.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The node's lease says otherwise than its sides: crossings would be
    /// decided on a false claim.
    #[error("the tracker was started for stamps of {declared}; the sides keep them so: {found}")]
    Scopes {
        /// What the tracker was told.
        declared: Scopes,
        /// What the sides say.
        found: Scopes,
    },
}

/// Why the migration itself refuses an operation: the source of a
/// [`StoreError`](crate::error::StoreError) that no adapter reported.
///
/// ```
/// use strangler_fig::error::StoreError;
/// use strangler_fig::repository::MigrationError;
///
/// fn is_halted(error: &StoreError) -> bool {
///     matches!(error.downcast_ref(), Some(MigrationError::Halted { .. }))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// The migration is halted and stayed so.
    #[error("the migration is halted; waited {waited:.1?}")]
    Halted {
        /// How long the operation waited.
        waited: Duration,
    },
    /// This node was evicted, or has given its lease back.
    #[error("this node has no part in the migration any more")]
    Closed,
    /// Legacy was decommissioned: nothing is copied from it any more.
    #[error("legacy was decommissioned: nothing is copied any more")]
    Decommissioned,
    /// This node could not renew its lease in time, and was told to stop then. It
    /// serves again when it has.
    #[error("the lease of this node has run out")]
    LeaseRanOut,
    /// The adapter of one side panicked.
    #[error("the adapter of {side} panicked")]
    Panicked {
        /// Which side.
        side: Side,
    },
    /// The key changed under every attempt to join it.
    #[error("the key changed under {attempts} attempts to join it")]
    Restless {
        /// How often it was tried.
        attempts: u32,
    },
    /// A conflict was merged to an entity of another key.
    #[error("the conflict was merged to an entity of another key")]
    MergedElsewhere,
    /// The key left the legacy family under the write, and a store shows a later
    /// stamp: that of a later write, or of something that modern held all along
    /// and legacy never did. Which, cannot be told.
    #[error("the write was overtaken while its key left the legacy family")]
    OvertakenOnItsWay,
    /// A call was in doubt, and is not made again: the side forgets stamps, and would
    /// put it over what came after it.
    #[error("the call was in doubt, and its side forgets the stamps that a repeat would need")]
    Forgetful,
    /// A call was made again, because nobody knew what came of it, and the store then
    /// showed a later stamp: the write was overtaken, or never taken.
    #[error("the call was in doubt and made again, and another write of the key is ahead")]
    OvertakenInDoubt,
    /// Other writers of the key were ahead every time.
    #[error("{attempts} stamps in a row were overtaken by other writers of the key")]
    Contended {
        /// How many stamps were tried.
        attempts: u32,
    },
    /// The phase moved under the operation every time.
    #[error("the phase moved under the operation {attempts} times")]
    Unsettled {
        /// How often the operation ran.
        attempts: u32,
    },
    /// The stored stamp leaves no room above it.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_an_operation_waited_is_told_roughly() {
        let halted = MigrationError::Halted { waited: Duration::from_nanos(1_024_248_637) };
        assert_eq!(halted.to_string(), "the migration is halted; waited 1.0s");
    }
}
