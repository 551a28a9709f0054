//! What a broken outbox does when a relay calls it.

use std::collections::BTreeSet;
use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    CloudEventError, FetchLimit, Lane, LaneClaim, LaneClaims, OutboxDepth, OutboxPosition,
    OutboxRow, OutboxStore, ParkedRow, RowEnd,
};
use strangler_fig::phase::NodeId;
use tokio::time::Instant;

use super::outbox_broken::{Broken, Held, LANES, Row, RowState, State};
use super::outbox_fault::Fault;

impl Broken {
    fn holder<'h>(&self, held: &'h Held) -> Option<&'h NodeId> {
        let (relay, until) = held.by.as_ref()?;
        (self.is(Fault::NeverExpires) || *until > Instant::now()).then_some(relay)
    }

    fn is_same(&self, one: &NodeId, other: &NodeId) -> bool {
        one == other || self.is(Fault::LivesAreOne) && one.name == other.name
    }

    fn renew(&self, held: &mut Held, relay: &NodeId, until: Instant) {
        let before = held.by.as_ref().map_or(until, |(_, until)| *until);
        let until = match self.fault {
            Fault::TermsStay => before,
            Fault::TermsOnlyGrow => before.max(until),
            _ => until,
        };
        held.by = Some((relay.clone(), until));
    }

    fn take(&self, held: &mut Held, relay: &NodeId, until: Instant) {
        let is_own = held.last.as_ref() == Some(relay);
        if !(self.is(Fault::EpochStays) || self.is(Fault::OwnEpochStays) && is_own)
            || held.epoch == 0
        {
            held.epoch += 1;
        }
        held.by = Some((relay.clone(), until));
        held.last = Some(relay.clone());
    }

    fn is_live(&self, state: &State, claim: &LaneClaim) -> bool {
        let held = &state.lanes[usize::from(claim.lane.0)];
        let is_newest = held.epoch == claim.epoch || self.is(Fault::FetchesBlindly);
        let is_on = self.holder(held).is_some() || self.is(Fault::FetchesWhatRanOut);
        is_newest && is_on
    }

    /// Whether `row` is held up by another one.
    fn is_stuck(&self, state: &State, row: &Row) -> bool {
        let is_before = |other: &Row| {
            other.position < row.position || self.is(Fault::ParkedHoldsAll) && other.is_parked()
        };
        let is_near = |other: &Row| {
            self.key(&other.message) == self.key(&row.message)
                || self.is(Fault::StuckHoldsItsLane) && other.lane == row.lane
        };
        let mut asked = Instant::now();
        if self.is(Fault::ClockIsAskedTwice) {
            asked += Duration::from_millis(1);
        }
        let holds = |other: &Row| {
            other.is_put_off(asked) && !self.is(Fault::PutOffHoldsNothing)
                || other.is_parked() && !self.is(Fault::ParkedHoldsNothing)
                || other.state == RowState::Discarded && self.is(Fault::DiscardedHoldsItsKey)
        };
        state.rows.values().any(|other| holds(other) && is_before(other) && is_near(other))
    }

    fn is_due(&self, state: &State, row: &Row) -> bool {
        let is_parked = row.is_parked() && !self.is(Fault::ParkedComesAgain);
        let is_sent_after =
            |other: &Row| matches!(other.state, RowState::Sent(_)) && other.position > row.position;
        let is_passed = self.is(Fault::CursorByPosition) && state.rows.values().any(is_sent_after);
        let is_taken = self.is(Fault::FetchTakes) && state.fetched.contains(&row.position);
        let is_open = row.is_there() && !row.is_put_off(Instant::now()) && !is_parked;
        is_open && !is_passed && !is_taken && !self.is_stuck(state, row)
    }

    fn row(&self, row: &Row) -> OutboxRow {
        let message = if row.is_spoilt {
            Err(CloudEventError::new(".", "it was spoilt"))
        } else {
            Ok(row.message.clone())
        };
        let age = if self.is(Fault::AgeIsNothing) { Duration::ZERO } else { row.staged.elapsed() };
        let key = row.message.event.key.clone();
        let mut shown = OutboxRow::new(row.position, row.lane, key, age, message);
        (shown.attempts, shown.refusals) = (row.attempts, row.refusals);
        shown
    }

    fn limited<'r>(&self, rows: Vec<&'r Row>, limit: FetchLimit) -> Vec<&'r Row> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        for row in rows {
            let size = row.message.event.payload.len();
            if self.is(Fault::LargeNeverComes) && size > limit.bytes.get() {
                continue;
            }
            let is_full = bytes >= limit.bytes.get() && !self.is(Fault::BytesAreUnlimited);
            if is_full || found.len() >= limit.rows.get() && !self.is(Fault::RowsAreUnlimited) {
                break;
            }
            bytes += size;
            found.push(row);
        }
        found
    }

    fn settle_row(&self, row: &mut Row, end: &RowEnd) -> Result<(), StoreError> {
        let may_end = row.is_there() && !row.is_parked();
        let is_open = may_end && (!row.is_put_off(Instant::now()) || self.is(Fault::CountsTwice));
        if is_open {
            row.end(self.fault, end);
            return Ok(());
        }
        if self.is(Fault::AgainIsAConflict) {
            Err(StoreError::conflict("it is settled"))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl OutboxStore for Broken {
    async fn claim(
        &self,
        relay: &NodeId,
        wanted: NonZeroU16,
        term: Duration,
    ) -> Result<LaneClaims, StoreError> {
        let until = self.end(term);
        let is_free = |held: &Held| self.holder(held).is_none();
        let early: Vec<_> = self.lock().lanes.iter().map(is_free).collect();
        if self.is(Fault::LooksThenClaims) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut state = self.lock();
        let mut mine = BTreeSet::new();
        for (lane, held) in state.lanes.iter_mut().enumerate() {
            if self.holder(held).is_some_and(|holder| self.is_same(holder, relay)) {
                if self.is(Fault::GivesBack) && mine.len() >= usize::from(wanted.get()) {
                    held.by = None;
                    continue;
                }
                self.renew(held, relay, until);
                mine.insert(lane);
            }
        }
        for may_steal in [false, true] {
            for (lane, held) in state.lanes.iter_mut().enumerate() {
                let is_enough = mine.len() >= usize::from(wanted.get());
                let is_free =
                    if self.is(Fault::LooksThenClaims) { early[lane] } else { is_free(held) };
                let is_taken = is_free || may_steal && self.is(Fault::Steals);
                let is_wanted = !is_enough || self.is(Fault::WantedIsIgnored);
                if is_taken && is_wanted && !mine.contains(&lane) {
                    self.take(held, relay, until);
                    mine.insert(lane);
                }
            }
        }
        state.relays.insert(relay.clone(), until);
        let is_counted = |(other, until): &(&NodeId, &Instant)| {
            *other == relay || **until > Instant::now() || self.is(Fault::CountsForEver)
        };
        let counted = state.relays.iter().filter(is_counted).count();
        let holders: BTreeSet<_> =
            state.lanes.iter().filter_map(|held| self.holder(held)).collect();
        let relays = if self.is(Fault::CountsHolders) { holders.len().max(1) } else { counted };
        let held = mine.into_iter().map(|lane| LaneClaim {
            lane: Lane(u16::try_from(lane).unwrap()),
            epoch: state.lanes[lane].epoch,
        });
        Ok(LaneClaims {
            held: held.collect(),
            lanes: LANES.try_into().unwrap(),
            relays: u16::try_from(relays).unwrap().try_into().unwrap(),
        })
    }

    async fn release(&self, claims: &[LaneClaim]) -> Result<(), StoreError> {
        let mut state = self.lock();
        for claim in claims {
            let held = &mut state.lanes[usize::from(claim.lane.0)];
            if held.epoch == claim.epoch || self.is(Fault::ReleasesBlindly) {
                held.by = None;
            }
        }
        Ok(())
    }

    async fn fetch(
        &self,
        claims: &[LaneClaim],
        limit: FetchLimit,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let mut state = self.lock();
        if !self.sees() {
            return Ok(Vec::new());
        }
        if self.is(Fault::SpoiltFails) && state.rows.values().any(|row| row.is_spoilt) {
            return Err(StoreError::rejected("it cannot be read"));
        }
        let lanes = claims.iter().filter(|claim| self.is_live(&state, claim));
        let lanes: BTreeSet<_> = lanes.map(|claim| claim.lane).collect();
        let is_of_them = |row: &&Row| {
            lanes.contains(&row.lane) || self.is(Fault::FetchesEveryLane) && !lanes.is_empty()
        };
        let due = state.rows.values().filter(is_of_them).filter(|row| self.is_due(&state, row));
        let is_left_out = |row: &&Row| row.is_spoilt && self.is(Fault::SpoiltIsLeftOut);
        let mut due: Vec<_> = due.filter(|row| !is_left_out(row)).collect();
        match self.fault {
            Fault::NewestFirst => due.reverse(),
            Fault::ById => due.sort_by_key(|row| row.message.event.id.as_str()),
            _ => {}
        }
        let found: Vec<_> = self.limited(due, limit).into_iter().map(|row| self.row(row)).collect();
        state.fetched.extend(found.iter().map(|row| row.position));
        Ok(found)
    }

    async fn settle(
        &self,
        claim: &LaneClaim,
        ends: &[(OutboxPosition, RowEnd)],
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        let held = &state.lanes[usize::from(claim.lane.0)];
        let is_over = self.is(Fault::ExpiredSettlesNothing) && self.holder(held).is_none();
        if held.epoch != claim.epoch && !self.is(Fault::SettlesBlindly) || is_over {
            return Err(StoreError::conflict("there is a newer claim"));
        }
        let mut ends = ends.to_vec();
        if self.is(Fault::FirstEndOnly) {
            ends.truncate(1);
        }
        for (position, end) in ends {
            let key = state.rows.get(&position).map(|row| row.message.event.key.clone());
            for row in state.rows.values_mut() {
                let is_own = row.lane == claim.lane || self.is(Fault::SettlesOtherLanes);
                let is_named = match self.fault {
                    Fault::SettlesUpTo => row.position <= position,
                    Fault::SettlesTheKey => Some(&row.message.event.key) == key.as_ref(),
                    _ => row.position == position,
                };
                let is_sent = end == RowEnd::Sent || row.position == position;
                if is_own && is_named && is_sent {
                    self.settle_row(row, &end)?;
                }
            }
            if let (RowEnd::Parked { reason }, true) = (&end, self.is(Fault::ReasonsAreShort)) {
                if reason.len() > 1_000 {
                    return Err(StoreError::rejected("it is too long"));
                }
            }
        }
        Ok(())
    }

    async fn parked(
        &self,
        after: Option<OutboxPosition>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ParkedRow>, StoreError> {
        let state = self.lock();
        let is_after = |row: &&Row| match after {
            Some(after) if self.is(Fault::AfterIsIncluded) => row.position >= after,
            Some(after) => row.position > after,
            None => true,
        };
        let mut found = Vec::new();
        for row in state.rows.values().filter(is_after) {
            let RowState::Parked(reason, parked) = &row.state else { continue };
            let is_behind = |other: &&Row| {
                let is_later = other.position > row.position && other.is_there();
                is_later && other.message.event.key == row.message.event.key
            };
            let behind = state.rows.values().filter(is_behind).count() as u64;
            let read = (!row.is_spoilt).then_some(&row.message);
            let (key, age) = (row.message.event.key.clone(), row.staged.elapsed());
            let mut shown = ParkedRow::new(row.position, key, reason.clone(), age);
            shown.what = read.map(|it| (it.topic.clone(), it.event.event_type.clone()));
            shown.behind = if self.is(Fault::BehindIsNothing) { 0 } else { behind };
            found.push((*parked, shown));
        }
        if self.is(Fault::ParkedByTime) {
            found.reverse();
            found.sort_by_key(|(parked, _)| std::cmp::Reverse(*parked));
        }
        if !self.is(Fault::ListIsUnlimited) {
            found.truncate(limit.get());
        }
        Ok(found.into_iter().map(|(_, row)| row).collect())
    }

    async fn retry(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let row = state.rows.get_mut(&position).filter(|row| row.is_parked());
        let is_parked = row.is_some();
        if let Some(row) = row {
            row.state = RowState::Due;
            if !self.is(Fault::AttemptsStay) {
                row.attempts = 0;
            }
            if !self.is(Fault::RefusalsStay) {
                row.refusals = 0;
            }
        }
        Ok(is_parked || self.is(Fault::EverythingIsParked))
    }

    async fn discard(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let may =
            |row: &&mut Row| row.is_parked() || row.is_there() && self.is(Fault::DiscardsPending);
        Ok(state.rows.get_mut(&position).filter(may).is_some_and(|row| {
            row.state = RowState::Discarded;
            true
        }))
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        let mut purged = 0;
        let age = if self.is(Fault::PurgesTheYoung) { Duration::ZERO } else { age };
        self.lock().rows.retain(|_, row| {
            let is_full = purged >= limit.get() && !self.is(Fault::PurgeIsUnlimited);
            let is_old = match row.state {
                RowState::Sent(sent) => sent.elapsed() >= age,
                RowState::Parked(_, parked) => {
                    self.is(Fault::PurgesParked) && parked.elapsed() >= age
                }
                RowState::Due => self.is(Fault::PurgesPending) && row.staged.elapsed() > age,
                _ => false,
            };
            purged += usize::from(is_old && !is_full);
            is_full || !is_old
        });
        Ok(purged)
    }

    async fn depth(&self) -> Result<OutboxDepth, StoreError> {
        let state = self.lock();
        let is_pending = |row: &&Row| {
            let is_sent = matches!(row.state, RowState::Sent(_)) && self.is(Fault::CountsSent);
            let is_left_out = row.is_put_off(Instant::now()) && self.is(Fault::PutOffIsNotCounted);
            is_sent || row.is_there() && !row.is_parked() && !is_left_out
        };
        let pending: Vec<_> = state.rows.values().filter(is_pending).collect();
        let ages = pending.iter().map(|row| row.staged.elapsed());
        let mut depth = OutboxDepth::default();
        depth.pending = pending.len() as u64;
        depth.parked = state.rows.values().filter(|row| row.is_parked()).count() as u64;
        depth.oldest = if self.is(Fault::OldestIsYoungest) { ages.min() } else { ages.max() };
        Ok(depth)
    }
}
