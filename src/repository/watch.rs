//! Guards that note a key, from `Drop`, when nobody is left to look after it.

use super::core::Core;
use super::{DivergenceReason, StampedRepository};
use crate::phase::{Hold, Side};

/// Notes the key for `reason` unless it is told that all is well.
pub(super) struct Watch<'a, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    core: &'a Core<L, M>,
    key: Option<&'a L::Key>,
    reason: DivergenceReason,
    hold: Option<Hold>,
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Watches over a lenient write until it has ended.
    pub(super) fn unfinished<'a>(&'a self, key: &'a L::Key) -> Watch<'a, L, M> {
        let reason = DivergenceReason::LenientUnfinished;
        Watch { core: self, key: Some(key), reason, hold: None }
    }

    /// Suspects `ahead` of holding what the other side never had, until the
    /// other side was seen to have gone on. Where modern is ahead, no first
    /// `Cutover` may come meanwhile.
    pub(super) fn suspect<'a>(&'a self, ahead: Side, key: &'a L::Key) -> Watch<'a, L, M> {
        let hold = (ahead == Side::Modern).then(|| self.tracker.hold());
        Watch { core: self, key: Some(key), reason: DivergenceReason::Reversed, hold }
    }
}

impl<L, M> Watch<'_, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    pub(super) fn all_is_well(mut self) {
        self.key = None;
    }
}

impl<L, M> Drop for Watch<'_, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.core.diverged(key.clone(), self.reason, self.hold.take());
        }
    }
}
