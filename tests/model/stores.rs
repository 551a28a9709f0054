//! The two stores of the world: what is read, what a call does to them, and what of it
//! comes later.

use strangler_fig::phase::{Side, primary};
use strangler_fig::repository::Applied;
use strangler_fig::stamp::{Record, Stamp};

use crate::ablation::Ablation;
use crate::judge::Id;
use crate::spec::Spec;
use crate::world::{Effect, World};

impl World {
    pub(crate) const fn store(&self, side: Side) -> &Record<Id> {
        match side {
            Side::Legacy => &self.legacy,
            Side::Modern => &self.modern,
        }
    }

    fn store_mut(&mut self, side: Side) -> &mut Record<Id> {
        match side {
            Side::Legacy => &mut self.legacy,
            Side::Modern => &mut self.modern,
        }
    }

    /// What an adapter reads for a node: a row without a stamp has `BASE`.
    pub(crate) fn read(&self, node: usize, side: Side, without: Option<Ablation>) -> Record<Id> {
        let mut record = self.store(side).clone();
        if self.forgets(side) {
            record.stamp = self.remembered(node, side, record.value.is_some(), without);
        }
        if without == Some(Ablation::Base) && record.stamp == Stamp::BASE {
            record.stamp = Stamp::ZERO;
        }
        record
    }

    /// The stamp a key has for a process, as `repository/unstamped.rs` answers it.
    fn remembered(
        &self,
        node: usize,
        side: Side,
        exists: bool,
        without: Option<Ablation>,
    ) -> Stamp {
        let part = self.spec_of(node).map(Spec::part);
        let is_primary = part.is_some_and(|part| primary(part.phase, part.entered_from) == side);
        let it = &self.nodes[node];
        match it.remembered[side as usize] {
            Some(stamp) => stamp,
            None if is_primary && without != Some(Ablation::StartOfThePrimary)
                || without == Some(Ablation::BaseOfTheOther) =>
            {
                it.start
            }
            None if exists => Stamp::BASE,
            None => Stamp::ZERO,
        }
    }

    /// What an adapter does with a record: the larger stamp stays.
    pub(crate) fn apply(
        &mut self,
        node: usize,
        side: Side,
        record: &Record<Id>,
        without: Option<Ablation>,
    ) -> Applied {
        let stored = self.read(node, side, without).stamp;
        if !record.supersedes(stored) {
            return Applied::Stale(stored);
        }
        if self.forgets(side) {
            self.nodes[node].remembered[side as usize] = Some(record.stamp);
            self.store_mut(side).value = record.value;
            return Applied::Stored;
        }
        *self.store_mut(side) = match record.value {
            None if without == Some(Ablation::Tombstones) => Record::absent(),
            _ => record.clone(),
        };
        if without != Some(Ablation::Tombstones) {
            self.forget_outdated();
        }
        Applied::Stored
    }

    /// The answer to this call is lost. The effect comes later, or never; where stamps
    /// are kept in the process, it is there, and nobody knows its stamp.
    pub(crate) fn lose(&mut self, node: usize, side: Side, record: Record<Id>) {
        if !self.forgets(side) {
            self.follow(node, side, record);
        } else if self.apply(node, side, &record, None) == Applied::Stored {
            self.nodes[node].remembered[side as usize] = None;
        }
    }

    /// A call goes on without its caller. Where stamps are kept in the process, it ends
    /// with that.
    pub(crate) fn leave(&mut self, node: usize, side: Side, record: Record<Id>) {
        if !self.forgets(side) {
            self.follow(node, side, record);
        }
    }

    /// A call stores the row and then fails: the stamp stays what it was.
    pub(crate) fn tear(
        &mut self,
        node: usize,
        side: Side,
        record: &Record<Id>,
        without: Option<Ablation>,
    ) {
        self.left.tears -= 1;
        if !record.supersedes(self.read(node, side, without).stamp) {
            return;
        }
        let stored = self.store_mut(side);
        if without == Some(Ablation::RowBeforeItsStamp) {
            stored.stamp = record.stamp;
        } else {
            stored.value = record.value;
            let is_unstamped = stored.stamp <= Stamp::BASE;
            match record.value {
                Some(_) if is_unstamped => stored.stamp = Stamp::BASE,
                None if is_unstamped => stored.stamp = Stamp::ZERO,
                _ => {}
            }
        }
        self.forget_outdated();
    }

    /// The effect of this call comes later, or never.
    pub(crate) fn follow(&mut self, node: usize, side: Side, record: Record<Id>) {
        let node = Some(node).filter(|_| self.forgets(side));
        self.effects.push(Effect { node, side, record });
        self.forget_outdated();
        let order =
            |effect: &Effect| (effect.node, effect.side, effect.record.stamp, effect.record.value);
        self.effects.sort_unstable_by_key(order);
        self.effects.dedup();
    }

    /// What can change nothing any more need not be remembered.
    fn forget_outdated(&mut self) {
        let (legacy, modern) = (self.legacy.stamp, self.modern.stamp);
        self.effects.retain(|effect| {
            effect.node.is_some()
                || effect.record.supersedes(if effect.side == Side::Legacy {
                    legacy
                } else {
                    modern
                })
        });
    }
}
