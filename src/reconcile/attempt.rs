//! One join, and what it leaves open: what sweeps and repairs have in common.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

use super::calls::told;
use crate::error::{StoreError, StoreErrorKind};
use crate::key::KeyError;
use crate::repository::{ConflictPolicy, Joined, MigrationRepository, StampedRepository};

/// How the sides of a key became one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mended {
    Level,
    Copied,
    Settled,
}

/// Why they are not.
#[derive(Debug)]
pub(super) enum Left {
    Stuck,
    /// The policy leaves it to somebody.
    Conflict,
    Failed(StoreError),
    TimedOut(Duration),
    Panicked,
    Undecodable(KeyError),
}

impl Mended {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Copied => "copied",
            Self::Settled => "settled",
        }
    }
}

impl Left {
    /// A stable name, fit for a label.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Stuck => "stuck",
            Self::TimedOut(_) => "timed_out",
            Self::Panicked => "panicked",
            Self::Undecodable(_) => "undecodable",
            Self::Conflict => "conflict",
            Self::Failed(error) => match error.kind() {
                StoreErrorKind::Rejected => "rejected",
                StoreErrorKind::Conflict => "conflict",
                StoreErrorKind::Unavailable => "unavailable",
                StoreErrorKind::Unknown => "unknown",
            },
        }
    }

    /// In words, with the adapter's own.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Stuck => "the sides differ and stay so".to_owned(),
            Self::Conflict => "equal stamps with different contents".to_owned(),
            Self::TimedOut(deadline) => format!("not joined within {deadline:?}"),
            Self::Panicked => "the join panicked".to_owned(),
            Self::Failed(error) => told(error),
            Self::Undecodable(error) => told(error),
        }
    }
}

/// Joins a key from records read afresh. A panic, of a merge say, is a failure.
///
/// Whoever noted the key: other code may have deleted the row, and a copy of it may be on its way.
pub(super) async fn attempt<L, M>(
    repository: &MigrationRepository<L, M>,
    key: &L::Key,
    policy: &ConflictPolicy<L::Key, L::Entity>,
) -> Result<Mended, Left>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    let joined = AssertUnwindSafe(repository.join_changed(key, policy)).catch_unwind().await;
    match joined {
        Ok(Ok(Joined::Level)) => Ok(Mended::Level),
        Ok(Ok(Joined::Copied)) => Ok(Mended::Copied),
        Ok(Ok(Joined::Settled)) => Ok(Mended::Settled),
        Ok(Ok(Joined::Stuck)) => Err(Left::Stuck),
        Ok(Ok(Joined::Conflict)) => Err(Left::Conflict),
        Ok(Err(error)) => Err(Left::Failed(error)),
        Err(_) => Err(Left::Panicked),
    }
}
