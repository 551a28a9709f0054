//! Calls of a side by its policy: what may be made again, and what that leaves open.

use std::sync::atomic::{AtomicBool, Ordering};

use super::core::{Core, open, without_effect};
use super::{Applied, MigrationError, StampedRepository};
use crate::error::StoreError;
use crate::phase::Side;
use crate::resilience::{Judged, Judgement, Policy};
use crate::stamp::Record;

/// What a side answered to a record.
pub(super) struct Asked {
    pub(super) answer: Result<Applied, StoreError>,
    /// Whether a try before the one that was answered may have had its effect, or
    /// have it later.
    pub(super) in_doubt: bool,
}

/// What a record is applied for: that decides who may make the call again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A write of a caller.
    Write,
    /// A copy of what the other side holds.
    Copy,
}

/// What the migration itself refuses says nothing of the side.
fn judged<T>(answer: &Result<T, StoreError>) -> Judgement {
    match answer {
        Ok(_) => Judgement::success(),
        Err(error) if error.downcast_ref::<MigrationError>().is_some() => {
            Judgement::refused().ignored()
        }
        Err(error) => error.judgement(),
    }
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// A read has no effect: it may be made again, and leaves no doubt.
    pub(super) async fn read_by(
        &self,
        policy: &Policy,
        side: Side,
        key: &L::Key,
    ) -> Result<Record<L::Entity>, StoreError> {
        let read = || self.read_once(side, key);
        policy.call_judged(judged, read).await.map_err(|error| without_effect(error.into()))
    }

    /// The same record with the same stamp, which a store takes once. A node that was
    /// closed between two tries makes no other; nor, of a copy, one whose legacy was
    /// decommissioned.
    pub(super) async fn apply_by(
        &self,
        policy: &Policy,
        side: Side,
        key: &L::Key,
        record: &Record<L::Entity>,
        purpose: Purpose,
    ) -> Asked {
        let (tried, in_doubt) = (AtomicBool::new(false), AtomicBool::new(false));
        let apply = || async {
            if tried.swap(true, Ordering::Relaxed) {
                self.may_go_on(purpose)?;
            }
            let before = in_doubt.swap(true, Ordering::Relaxed);
            let answer = self.apply_once(side, key, record).await;
            let is_definite = answer.as_ref().err().is_none_or(|it| it.kind().is_definite());
            in_doubt.store(before || !is_definite, Ordering::Relaxed);
            answer
        };
        let answer = policy.call_judged(judged, apply).await.map_err(StoreError::from);
        Asked { answer, in_doubt: in_doubt.into_inner() }
    }

    fn may_go_on(&self, purpose: Purpose) -> Result<(), StoreError> {
        match purpose {
            Purpose::Write => open(&self.tracker).map(drop),
            Purpose::Copy => self.copying(),
        }
    }
}
