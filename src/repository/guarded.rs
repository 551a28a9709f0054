//! Calls of a side by its policy: what may be made again, and what that leaves open.

use std::sync::atomic::{AtomicBool, Ordering};

use super::core::{Core, open};
use super::timing::Asked;
use super::{Applied, MigrationError, StampedRepository};
use crate::error::StoreError;
use crate::phase::Side;
use crate::resilience::{Admission, CallError, Judged, Judgement, Policy};
use crate::stamp::{Record, StampScope};

/// What a record is applied for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A write that has touched no store.
    Write,
    /// The rest of one that has.
    Rest,
    /// The side of a write that nobody waits for.
    Lenient,
    /// A copy of what the other side holds.
    Copy,
}

impl Purpose {
    const fn admission(self) -> Admission {
        match self {
            Self::Write | Self::Copy => Admission::Ordinary,
            // How many there may be, the limit of lenient writes says.
            Self::Lenient => Admission::Patient,
            Self::Rest => Admission::Committed,
        }
    }
}

/// What the migration itself refuses says nothing of the side.
pub(super) fn judged<T>(answer: &Result<T, StoreError>) -> Judgement {
    match answer {
        Ok(_) => Judgement::success(),
        Err(error) if is_own(error) => Judgement::refused().ignored(),
        Err(error) => error.judgement(),
    }
}

fn is_own(error: &StoreError) -> bool {
    error.kind().is_definite() && error.downcast_ref::<MigrationError>().is_some()
}

/// The same of a side that forgets stamps: no doubt is made again there.
fn judged_forgetful<T>(answer: &Result<T, StoreError>) -> Judgement {
    match answer {
        Err(error) if !error.kind().is_definite() => Judgement::failed(),
        answer => judged(answer),
    }
}

/// Whether a side that answered so does not hold the record by this call, for certain.
pub(super) fn is_untouched(answer: &Result<Applied, StoreError>) -> bool {
    match answer {
        Ok(Applied::Stored) => false,
        Ok(Applied::Stale(_)) => true,
        Err(error) => error.kind().is_definite(),
    }
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// A read has no effect: it may be made again, and given up without a doubt.
    pub(super) async fn read_by(
        &self,
        policy: &Policy,
        asked: Asked,
        key: &L::Key,
        admission: Admission,
    ) -> Result<Record<L::Entity>, StoreError> {
        let read = || self.read_once(asked, key);
        let late = StoreError::timed_out();
        policy.call_as(judged, late, admission, read).await.map_err(|error| match error {
            CallError::TimedOut(late) => StoreError::unavailable(late),
            error => error.into(),
        })
    }

    /// The same record with the same stamp, which a store takes once; `in_doubt` says
    /// whether a try may have had its effect that was not answered, or has it yet to
    /// come.
    pub(super) async fn apply_by(
        &self,
        policy: &Policy,
        asked: Asked,
        key: &L::Key,
        record: &Record<L::Entity>,
        purpose: Purpose,
        in_doubt: &AtomicBool,
    ) -> Result<Applied, StoreError> {
        let apply = || async {
            self.may_be_made(asked.side(), purpose, in_doubt)?;
            let before = in_doubt.swap(true, Ordering::Relaxed);
            let answer = self.apply_once(asked, key, record).await;
            in_doubt.store(before || !is_untouched(&answer), Ordering::Relaxed);
            answer
        };
        let admission = purpose.admission();
        let answer = if self.forgets(asked.side()) {
            policy.call_as(judged_forgetful, Judgement::failed(), admission, apply).await
        } else {
            policy.call_as(judged, StoreError::timed_out(), admission, apply).await
        };
        answer.map_err(StoreError::from)
    }

    fn forgets(&self, side: Side) -> bool {
        let scopes = self.scopes();
        let scope = if side == Side::Legacy { scopes.legacy } else { scopes.modern };
        scope == StampScope::Process
    }

    /// Asked before each try, which may have queued or paused: not by a node that was
    /// closed meanwhile; no copy once legacy was decommissioned; and no repeat of a
    /// doubt where stamps are forgotten, which would put it over what came after it.
    fn may_be_made(
        &self,
        side: Side,
        purpose: Purpose,
        in_doubt: &AtomicBool,
    ) -> Result<(), StoreError> {
        if in_doubt.load(Ordering::Relaxed) && self.forgets(side) {
            return Err(StoreError::unavailable(MigrationError::Forgetful));
        }
        match purpose {
            Purpose::Write | Purpose::Rest | Purpose::Lenient => open(&self.tracker).map(drop),
            Purpose::Copy => self.copying(),
        }
    }
}
