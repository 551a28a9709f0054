//! The rows of an outbox, and how they end.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use tokio::time::Instant;

use super::saga_record::Moment;
use crate::event::{
    CloudEventError, EventKey, FetchLimit, Lane, Message, OutboxDepth, OutboxPosition, OutboxRow,
    ParkedRow, RowEnd,
};

pub(super) struct Rows {
    lanes: NonZeroU16,
    last: u64,
    /// What is not sent.
    unsent: BTreeMap<OutboxPosition, Row>,
    /// When rows were sent that were not purged.
    sent: VecDeque<Instant>,
}

/// How many there are, which is all that `Debug` shows.
#[derive(Debug)]
#[expect(dead_code, reason = "it is only shown")]
pub(super) struct Counts {
    unsent: usize,
    sent: usize,
}

struct Row {
    lane: Lane,
    key: EventKey,
    message: Result<Message, CloudEventError>,
    staged: Instant,
    attempts: u32,
    refusals: u32,
    state: RowState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum RowState {
    Due,
    /// Until then.
    PutOff(Instant),
    Parked(String),
}

impl Row {
    fn is_due(&self, now: Instant) -> bool {
        match self.state {
            RowState::Due => true,
            RowState::PutOff(due) => due <= now,
            RowState::Parked(_) => false,
        }
    }

    fn put_off(&mut self, due: Instant) {
        self.attempts = self.attempts.saturating_add(1);
        self.state = RowState::PutOff(due);
    }

    fn bytes(&self) -> usize {
        self.message.as_ref().map_or(0, |message| message.event.payload.len())
    }
}

impl Rows {
    pub(super) fn counts(&self) -> Counts {
        Counts { unsent: self.unsent.len(), sent: self.sent.len() }
    }

    pub(super) fn new(lanes: NonZeroU16) -> Self {
        Self { lanes, last: 0, unsent: BTreeMap::new(), sent: VecDeque::new() }
    }

    /// One that nobody has drawn before.
    pub(super) fn next_position(&mut self) -> OutboxPosition {
        self.last += 1;
        OutboxPosition(self.last)
    }

    pub(super) fn insert(&mut self, position: OutboxPosition, message: Message, staged: Instant) {
        let key = message.event.key.clone();
        let lane = Lane::of(&key, self.lanes);
        let (message, state) = (Ok(message), RowState::Due);
        let row = Row { lane, key, message, staged, attempts: 0, refusals: 0, state };
        self.unsent.insert(position, row);
    }

    pub(super) fn spoil(&mut self, position: OutboxPosition) -> bool {
        self.unsent.get_mut(&position).is_some_and(|row| {
            row.message = Err(CloudEventError::new(".", "it was spoiled"));
            true
        })
    }

    /// The oldest rows of these lanes that may be sent.
    pub(super) fn due(
        &self,
        lanes: &BTreeSet<Lane>,
        limit: FetchLimit,
        now: Instant,
    ) -> Vec<OutboxRow> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        let mut stuck = HashSet::new();
        for (position, row) in self.unsent.iter().filter(|(_, row)| lanes.contains(&row.lane)) {
            if !row.is_due(now) {
                stuck.insert(&row.key);
            }
            if stuck.contains(&row.key) {
                continue;
            }
            if found.len() >= limit.rows.get() || bytes >= limit.bytes.get() {
                break;
            }
            bytes += row.bytes();
            found.push(OutboxRow {
                position: *position,
                lane: row.lane,
                key: row.key.clone(),
                attempts: row.attempts,
                refusals: row.refusals,
                age: now.since(row.staged),
                message: row.message.clone(),
            });
        }
        found
    }

    /// Ends rows of a lane that are due; others are passed over.
    pub(super) fn settle(&mut self, lane: Lane, ends: &[(OutboxPosition, RowEnd)], now: Instant) {
        for (position, end) in ends {
            let row = self.unsent.get_mut(position);
            let Some(row) = row.filter(|row| row.lane == lane && row.is_due(now)) else { continue };
            match end {
                RowEnd::Sent => {
                    self.unsent.remove(position);
                    self.sent.push_back(now);
                }
                RowEnd::Retry { delay, .. } => row.put_off(now.after(*delay)),
                RowEnd::Refused { delay, .. } => {
                    row.refusals = row.refusals.saturating_add(1);
                    row.put_off(now.after(*delay));
                }
                RowEnd::Parked { reason } => row.state = RowState::Parked(reason.clone()),
            }
        }
    }

    pub(super) fn parked(
        &self,
        after: Option<OutboxPosition>,
        limit: NonZeroUsize,
        now: Instant,
    ) -> Vec<ParkedRow> {
        let is_after = |position: OutboxPosition| after.is_none_or(|after| position > after);
        let parked = self.unsent.iter().filter(|(position, _)| is_after(**position));
        let parked = parked.filter_map(|(position, row)| match &row.state {
            RowState::Parked(reason) => Some(ParkedRow {
                position: *position,
                key: row.key.clone(),
                what: row
                    .message
                    .as_ref()
                    .ok()
                    .map(|message| (message.topic.clone(), message.event.event_type.clone())),
                reason: reason.clone(),
                age: now.since(row.staged),
                behind: self.behind(*position, &row.key),
            }),
            _ => None,
        });
        parked.take(limit.get()).collect()
    }

    fn behind(&self, position: OutboxPosition, key: &EventKey) -> u64 {
        let later = self.unsent.range(position..).skip(1).filter(|(_, row)| row.key == *key);
        later.map(|_| 1).sum()
    }

    pub(super) fn retry(&mut self, position: OutboxPosition) -> bool {
        let row = self.unsent.get_mut(&position);
        row.filter(|row| matches!(row.state, RowState::Parked(_))).is_some_and(|row| {
            (row.state, row.attempts, row.refusals) = (RowState::Due, 0, 0);
            true
        })
    }

    pub(super) fn discard(&mut self, position: OutboxPosition) -> bool {
        let row = self.unsent.get(&position);
        let is_parked = row.is_some_and(|row| matches!(row.state, RowState::Parked(_)));
        is_parked && self.unsent.remove(&position).is_some()
    }

    pub(super) fn purge(&mut self, age: Duration, limit: NonZeroUsize, now: Instant) -> usize {
        let old = self.sent.iter().take(limit.get()).take_while(|sent| now.since(**sent) >= age);
        let old = old.count();
        self.sent.drain(..old);
        old
    }

    pub(super) fn depth(&self, now: Instant) -> OutboxDepth {
        let mut depth = OutboxDepth::default();
        for row in self.unsent.values() {
            if matches!(row.state, RowState::Parked(_)) {
                depth.parked += 1;
            } else {
                depth.pending += 1;
                let age = now.since(row.staged);
                depth.oldest = Some(depth.oldest.map_or(age, |oldest| oldest.max(age)));
            }
        }
        depth
    }
}
