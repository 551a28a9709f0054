//! Who holds which lanes of an outbox, and until when.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU16;
use std::time::Duration;

use tokio::time::Instant;

use super::saga_record::Moment;
use crate::event::{Lane, LaneClaim, LaneClaims};
use crate::phase::NodeId;

#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Vec<Held>,
    /// Until when each relay is counted.
    relays: HashMap<NodeId, Instant>,
}

#[derive(Debug, Clone, Default)]
struct Held {
    epoch: u64,
    /// By whom and until when, also if that has passed.
    by: Option<(NodeId, Instant)>,
}

impl Held {
    fn holder(&self, now: Instant) -> Option<&NodeId> {
        let (relay, until) = self.by.as_ref()?;
        (*until > now).then_some(relay)
    }
}

impl Lanes {
    pub(super) fn new(count: u16) -> Self {
        Self { lanes: vec![Held::default(); usize::from(count)], relays: HashMap::new() }
    }

    pub(super) fn count(&self) -> NonZeroU16 {
        let count = u16::try_from(self.lanes.len()).unwrap_or(u16::MAX);
        NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN)
    }

    pub(super) fn claim(
        &mut self,
        relay: &NodeId,
        wanted: NonZeroU16,
        term: Duration,
        now: Instant,
    ) -> LaneClaims {
        let until = now.after(term);
        let (count, mut held) = (self.count(), BTreeSet::new());
        for (lane, its) in (0..).zip(&mut self.lanes) {
            if its.holder(now) == Some(relay) {
                its.by = Some((relay.clone(), until));
                held.insert(LaneClaim { lane: Lane(lane), epoch: its.epoch });
            }
        }
        for (lane, its) in (0..).zip(&mut self.lanes) {
            let is_enough = held.len() >= usize::from(wanted.get());
            let is_own = held.contains(&LaneClaim { lane: Lane(lane), epoch: its.epoch });
            if is_enough || is_own || its.holder(now).is_some() {
                continue;
            }
            its.epoch += 1;
            its.by = Some((relay.clone(), until));
            held.insert(LaneClaim { lane: Lane(lane), epoch: its.epoch });
        }
        let relays = self.counted(relay, until, now);
        LaneClaims { held: held.into_iter().collect(), lanes: count, relays }
    }

    /// How many relays there are with this one, which claims until then.
    fn counted(&mut self, relay: &NodeId, until: Instant, now: Instant) -> NonZeroU16 {
        self.relays.insert(relay.clone(), until);
        let others = self.relays.iter().filter(|(other, until)| *other != relay && **until > now);
        let others = u16::try_from(others.count()).unwrap_or(u16::MAX);
        self.relays.retain(|_, until| *until > now);
        NonZeroU16::MIN.saturating_add(others)
    }

    fn get(&self, claim: &LaneClaim) -> Option<&Held> {
        self.lanes.get(usize::from(claim.lane.0)).filter(|its| its.epoch == claim.epoch)
    }

    pub(super) fn is_newest(&self, claim: &LaneClaim) -> bool {
        self.get(claim).is_some()
    }

    pub(super) fn release(&mut self, claims: &[LaneClaim]) {
        for claim in claims {
            if self.get(claim).is_some() {
                self.lanes[usize::from(claim.lane.0)].by = None;
            }
        }
    }

    /// The lanes of those claims that are the newest, and have not run out.
    pub(super) fn live(&self, claims: &[LaneClaim], now: Instant) -> BTreeSet<Lane> {
        let is_live =
            |claim: &&LaneClaim| self.get(claim).is_some_and(|its| its.holder(now).is_some());
        claims.iter().filter(is_live).map(|claim| claim.lane).collect()
    }
}
