use std::time::Duration;

use super::NoWay;
use crate::error::{StoreError, StoreErrorKind};
use crate::phase::{Actor, MigrationName, MoveError, NodeId, NodeName, Refused};
use crate::reconcile::SweepError;

/// A gate that is closed.
///
/// ```
/// use strangler_fig::controller::ClosedGate;
///
/// fn line(gate: &ClosedGate) -> String {
///     format!("{}: {}", gate.name, gate.saw)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClosedGate {
    /// Its name: what to force it by.
    pub name: String,
    /// What it saw.
    pub saw: String,
}

/// Why a controller did not do what it was asked for.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::controller::{ChangeRequest, ControllerError, MigrationController};
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::MigrationName;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (service, name) = (Arc::new(InMemoryStateService::default()), "airports".parse()?);
/// let controller = MigrationController::new(service, name);
/// let request = ChangeRequest::new("ann".parse()?, "OPS-12".parse()?);
/// let refused = controller.advance(&request).await;
/// assert!(matches!(refused, Err(ControllerError::NoState { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControllerError {
    /// The service failed. Of kind `Unknown`: what was asked for may yet show; look
    /// at the status before asking again.
    #[error("the state of {migration} could not be read or moved")]
    Service {
        /// Which migration.
        migration: MigrationName,
        /// What the service reported.
        source: StoreError,
    },
    /// Nobody has created the migration.
    #[error("there is no migration {migration}")]
    NoState {
        /// Which migration.
        migration: MigrationName,
    },
    /// A rule of the protocol forbids the step. Nothing forces it.
    #[error("\"{step}\" is not allowed")]
    Refused {
        /// What was to be done.
        step: String,
        /// Which rule, and what is missing.
        source: Refused,
    },
    /// The step still waits for the fleet. The state stays as it is; ask again.
    #[error("\"{step}\" has waited {waited:.1?}")]
    Waiting {
        /// What is to be done.
        step: String,
        /// For how long it has waited.
        waited: Duration,
        /// For what.
        source: Refused,
    },
    /// Gates are closed; each can be forced by its name.
    #[error("\"{step}\" is held up by closed gates: {}", gates.iter().map(|gate| format!("{} ({})", gate.name, gate.saw)).collect::<Vec<_>>().join(", "))]
    Blocked {
        /// What was to be done.
        step: String,
        /// Which, and what they saw.
        gates: Vec<ClosedGate>,
    },
    /// A gate that was to be forced is not one of this controller.
    #[error("there is no gate {gate:?} to force")]
    NoSuchGate {
        /// Its name.
        gate: String,
    },
    /// Somebody else moved the migration meanwhile.
    #[error("somebody else has moved {migration}{}", by.as_ref().map(|by| format!(": {by}")).unwrap_or_default())]
    Overtaken {
        /// Which migration.
        migration: MigrationName,
        /// Who, if they said.
        by: Option<Actor>,
    },
    /// It was asked of the state that whoever asks had seen
    /// ([`as_of`](super::ChangeRequest::as_of)), and that is no longer the state: nothing
    /// was done. Look again before asking again.
    #[error("{migration} has moved since you looked: epoch {epoch}, not {as_of}{}", by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default())]
    MovedSince {
        /// Which migration.
        migration: MigrationName,
        /// The epoch that was seen.
        as_of: u64,
        /// The epoch it has.
        epoch: u64,
        /// Who moved it last, if they said.
        by: Option<Actor>,
    },
    /// Nothing leads there.
    #[error("there is no way on")]
    NoWay(#[from] NoWay),
    /// The way leads through a sweep, and the controller was given nobody to do it.
    #[error("the way leads through a sweep, and this controller has no sweeper")]
    NoSweeper,
    /// The sweep that the way leads through did not see every key.
    #[error("the sweep of migration {migration} failed")]
    Sweep {
        /// Which migration.
        migration: MigrationName,
        /// Why.
        source: SweepError,
    },
    /// No such node holds a lease.
    #[error("node {node} holds no lease")]
    NoLease {
        /// Which node.
        node: NodeName,
    },
    /// Several lives of the node do not renew their lease, and one may be cut off and
    /// serving: say which has ended.
    #[error("several lives of {node} are silent: evict them one by one, by their ids: {}", lives.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    SeveralLives {
        /// Which node.
        node: NodeName,
        /// Its lives.
        lives: Vec<NodeId>,
    },
    /// The node that was to be evicted is alive.
    #[error("node {node} renews its lease: its process has not ended")]
    Alive {
        /// Which life of which node.
        node: NodeId,
    },
    /// The confirmation names another migration.
    #[error("the confirmation is for {confirmed}, this is {migration}")]
    NotConfirmed {
        /// What was confirmed.
        confirmed: MigrationName,
        /// What would have been done away with.
        migration: MigrationName,
    },
    /// The operating system gave no random bits for the move id.
    #[error(transparent)]
    Entropy(#[from] crate::stamp::EntropyError),
}

impl ControllerError {
    /// Whether asking for the same again may succeed, with nothing done but time.
    ///
    /// ```
    /// use strangler_fig::controller::{ControllerError, NoWay};
    ///
    /// assert!(!ControllerError::from(NoWay::NothingAhead).is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Service { source, .. } => source.is_retryable(),
            Self::Waiting { .. } | Self::Blocked { .. } | Self::Overtaken { .. } => true,
            Self::Sweep { source, .. } => source.is_retryable(),
            _ => false,
        }
    }

    /// Whether the service is only away for the moment: nothing was done.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Service { source, .. } => source.kind() == StoreErrorKind::Unavailable,
            _ => false,
        }
    }

    pub(super) fn of_step(step: &impl ToString, error: MoveError) -> Self {
        match error {
            MoveError::Refused(source) => Self::Refused { step: step.to_string(), source },
            MoveError::Overtaken { migration } => Self::Overtaken { migration, by: None },
            MoveError::NoState { migration } => Self::NoState { migration },
            MoveError::Service { migration, source } => Self::Service { migration, source },
            MoveError::Entropy(error) => Self::Entropy(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_may_be_made_again_is_worth_asking_again() {
        let of = |source| ControllerError::Sweep { migration: "users".parse().unwrap(), source };
        assert!(of(SweepError::Stopped).is_retryable());
        assert!(!of(SweepError::Decommissioned).is_retryable());
    }
}
