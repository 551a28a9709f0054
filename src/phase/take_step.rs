use std::time::Duration;

use tokio::time::Instant;

use super::{
    Fleet, MigrationName, MigrationState, MigrationStateService, Move, MoveId, MoveNote, NodeName,
    Refused, Revision, Versioned,
};
use crate::error::{StoreError, StoreErrorKind};
use crate::stamp::EntropyError;

/// How long a replacement of unknown outcome is looked up before it is given up.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);
/// The pause before it is looked up; longer each time.
const READ_BACK_DELAY: Duration = Duration::from_millis(100);
const READ_BACK_DELAY_MAX: Duration = Duration::from_secs(1);

/// Why a step was not taken.
///
/// ```
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::{MigrationName, Move, Phase, MoveError, take_step};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = InMemoryStateService::default();
/// let name: MigrationName = "airports".parse()?;
/// let refused = take_step(&service, &name, &Move::to(Phase::DualWrite), None).await;
/// assert!(matches!(refused, Err(MoveError::NoState { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// The rules do not allow it now.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Somebody else moved first; look again.
    #[error("another move of {migration} came first")]
    Overtaken {
        /// Which migration.
        migration: MigrationName,
    },
    /// Nobody has created the migration.
    #[error("there is no migration {migration}")]
    NoState {
        /// Which migration.
        migration: MigrationName,
    },
    /// The service could not do it. Of kind `Unknown`: the move may yet show.
    #[error("the state of {migration} could not be moved")]
    Service {
        /// Which migration.
        migration: MigrationName,
        /// What the service reported.
        source: StoreError,
    },
    /// The operating system gave no random bits for the move id.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl MoveError {
    /// Whether the same step may be taken later, when the fleet has settled, its
    /// repairs are done or another sweep was clean.
    ///
    /// ```
    /// use strangler_fig::phase::{Refused, MoveError};
    ///
    /// let early = MoveError::from(Refused::TooFewNodes { expected: 2, found: 1 });
    /// assert!(early.is_retryable(), "the second node may come");
    ///
    /// let unswept = MoveError::from(Refused::ModernIncomplete);
    /// assert!(!unswept.is_retryable(), "a sweep must come first");
    /// ```
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Refused(refused) => matches!(
                refused,
                Refused::Unsettled { .. }
                    | Refused::TooFewNodes { .. }
                    | Refused::Held { .. }
                    | Refused::WorkerRunning { .. }
                    | Refused::SweepOutdated { .. }
                    | Refused::SweepUnclean { .. }
            ),
            Self::Overtaken { .. } => true,
            Self::Service { source, .. } => source.is_retryable(),
            Self::NoState { .. } | Self::Entropy(_) => false,
        }
    }
}

/// Takes one step of a migration: reads the state and then the leases, asks the
/// rules, and replaces the state by one `compare_and_set`. A lost answer is read
/// back by the move's id, so that no step is taken twice.
///
/// `process_scope` names the one node whose process-scoped stamps the operator
/// accepts; see [`Fleet::accepting_process_scope`].
///
/// ```
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::{
///     MigrationName, MigrationState, MigrationStateService, Move, Phase, Refused, MoveError,
///     take_step,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = InMemoryStateService::default();
/// let name: MigrationName = "airports".parse()?;
/// service.create(&MigrationState::new(name.clone())).await?;
///
/// let state = take_step(&service, &name, &Move::to(Phase::Cutover), None).await?;
/// assert_eq!(state.base().phase, Phase::Cutover);
///
/// let early = take_step(&service, &name, &Move::to(Phase::Live), None).await;
/// let missing = Refused::TooFewNodes { expected: 1, found: 0 };
/// assert!(matches!(early, Err(MoveError::Refused(refused)) if refused == missing));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`MoveError`]; the state has moved only if it is `Service` of kind `Unknown`.
///
/// # Cancel safety
///
/// A dropped step may have been taken. Read the state.
pub async fn take_step(
    service: &dyn MigrationStateService,
    migration: &MigrationName,
    step: &Move,
    process_scope: Option<NodeName>,
) -> Result<MigrationState, MoveError> {
    let failed = |source| MoveError::Service { migration: migration.clone(), source };
    let found = service.current(migration).await.map_err(failed)?;
    let found = found.ok_or_else(|| MoveError::NoState { migration: migration.clone() })?;
    let fleet = Fleet::new(service.leases(migration).await.map_err(failed)?);
    let fleet = match process_scope {
        Some(node) => fleet.accepting_process_scope(node),
        None => fleet,
    };
    take_step_from(service, &found, &fleet, step, MoveNote::default(), PATIENCE).await
}

/// The same from a state and a fleet that were looked at already, in this order;
/// `note` is recorded with the move. One of unknown outcome is looked up for as long
/// as `patience` says.
///
/// # Errors
///
/// As [`take_step`].
///
/// # Cancel safety
///
/// As [`take_step`].
pub(crate) async fn take_step_from(
    service: &dyn MigrationStateService,
    found: &Versioned,
    fleet: &Fleet,
    step: &Move,
    note: MoveNote,
    patience: Duration,
) -> Result<MigrationState, MoveError> {
    let migration = found.state.name();
    let failed = |source| MoveError::Service { migration: migration.clone(), source };
    let next = match found.state.transition(step, MoveId::random()?, fleet) {
        Err(refused @ Refused::StateWentBack { .. }) => {
            // Or a move and its adoption came between the two looks.
            let now = service.current(migration).await.map_err(failed)?;
            if now.is_some_and(|now| now.revision > found.revision) {
                return Err(MoveError::Overtaken { migration: migration.clone() });
            }
            return Err(refused.into());
        }
        next => next?.with_record(step, note),
    };
    match replace(service, found.revision, &next, patience).await {
        Ok(true) => Ok(next),
        Ok(false) => Err(MoveError::Overtaken { migration: migration.clone() }),
        Err(source) => Err(failed(source)),
    }
}

/// Whether `next` is the state that followed `expected`.
async fn replace(
    service: &dyn MigrationStateService,
    expected: Revision,
    next: &MigrationState,
    patience: Duration,
) -> Result<bool, StoreError> {
    let mut in_doubt = match service.compare_and_set(expected, next).await {
        Ok(_) => return Ok(true),
        Err(error) if error.kind() == StoreErrorKind::Conflict => return Ok(false),
        Err(error) if error.kind().is_definite() => return Err(error),
        Err(error) => error,
    };
    let (since, mut delay) = (Instant::now(), READ_BACK_DELAY);
    while since.elapsed() < patience {
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(READ_BACK_DELAY_MAX);
        match service.current(next.name()).await {
            Ok(Some(now)) if now.revision != expected => {
                if now.state.epoch() <= next.epoch() {
                    return Ok(now.state.move_id() == next.move_id());
                }
                // Somebody has moved on, from this step or from another: the
                // history tells which, if it reaches back so far.
                let made = now.state.history().made(next.epoch(), next.move_id());
                return made.ok_or(in_doubt);
            }
            Ok(_) => match service.compare_and_set(expected, next).await {
                Ok(_) => return Ok(true),
                Err(error) => in_doubt = error.with_kind(StoreErrorKind::Unknown),
            },
            Err(error) => in_doubt = error.with_kind(StoreErrorKind::Unknown),
        }
    }
    Err(in_doubt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_tried_again_only_if_time_may_help() {
        let migration: MigrationName = "airports".parse().unwrap();
        let of_service = |source| MoveError::Service { migration: migration.clone(), source };
        for error in [
            Refused::SweepUnclean { failures: 1, conflicts: 0 }.into(),
            MoveError::Overtaken { migration: migration.clone() },
            of_service(StoreError::unavailable("down")),
        ] {
            assert!(error.is_retryable(), "{error}");
        }
        for error in [
            Refused::CohortExists.into(),
            MoveError::NoState { migration: migration.clone() },
            of_service(StoreError::rejected("no")),
        ] {
            assert!(!error.is_retryable(), "{error}");
        }
    }
}
