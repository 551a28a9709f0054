//! What a group asks of the bus, and what the answers mean.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, warn};

use super::decide::{Delays, after_answer, away, reason, unreadable};
use super::lane_work::{Group, TICK};
use super::learned::Fault;
use crate::error::StoreError;
use crate::event::in_time::{Cut, in_time};
use crate::event::{EventKey, Message, OutboxRow, RowEnd, waves};
use crate::observe::{Event, field};

/// The rows of a batch, and what is known of them.
pub(super) struct Batch {
    pub(super) rows: Vec<OutboxRow>,
    pub(super) ends: Vec<Option<RowEnd>>,
    pub(super) away: Option<(StoreError, Fault)>,
    /// For how long a message is put off that was not refused, and why.
    pub(super) put_off: Option<(Duration, StoreError)>,
}

impl Group {
    /// Publishes in waves, so that a message is sent when the one before, of its key, was taken; each wave in calls of a size
    /// that the bus can bear.
    pub(super) async fn publish(&mut self, batch: &mut Batch) {
        let (mut stuck, began) = (HashSet::<EventKey>::new(), Instant::now());
        for wave in waves(batch.rows.iter().map(|row| &row.key)) {
            let mut wave = wave.into_iter().peekable();
            while wave.peek().is_some() {
                let (sent, messages) = self.ready(batch, &mut wave, &mut stuck);
                if messages.is_empty() {
                    continue;
                }
                self.ask(batch, &sent, &messages, &mut stuck).await;
                // What was not published comes again; and what was is written down before long.
                let is_long = began.elapsed() >= self.inner.config.publish_within() / 4;
                let is_yielding = self.holding.borrow().is_yielding;
                if batch.away.is_some() || is_yielding || is_long || self.has_grown() {
                    return;
                }
            }
        }
    }

    /// What of a wave goes into the next call, and what its messages are.
    fn ready(
        &self,
        batch: &mut Batch,
        wave: &mut impl Iterator<Item = usize>,
        stuck: &mut HashSet<EventKey>,
    ) -> (Vec<usize>, Vec<Message>) {
        let (mut sent, mut messages) = (Vec::new(), Vec::new());
        while messages.len() < self.learned.size.most() {
            let Some(at) = wave.next() else { break };
            let row = &batch.rows[at];
            if stuck.contains(&row.key) {
                continue;
            }
            match self.take(row) {
                Some(Ok(message)) => {
                    sent.push(at);
                    messages.push(message);
                }
                Some(Err(end)) => {
                    self.parked("unreadable", row, &end);
                    stuck.insert(row.key.clone());
                    batch.ends[at] = Some(end);
                }
                None => {
                    stuck.insert(row.key.clone());
                }
            }
        }
        (sent, messages)
    }

    /// Asks the bus to take messages, and notes what has become of them.
    async fn ask(
        &mut self,
        batch: &mut Batch,
        sent: &[usize],
        messages: &[Message],
        stuck: &mut HashSet<EventKey>,
    ) {
        let (began, within) = (Instant::now(), self.inner.config.publish_within());
        let answers = self.call(messages).await;
        let (now, took) = (Instant::now(), began.elapsed());
        batch.away = away(&answers).cloned().map(|error| {
            let positions: Vec<_> = sent.iter().map(|at| batch.rows[*at].position).collect();
            let fault = self.learned.nothing_taken(&positions, &error, took, now);
            (error, fault)
        });
        if batch.away.is_none() {
            self.learned.size.taken(messages.len(), took, within);
        }
        let is_suspect = batch.away.as_ref().is_none_or(|(_, fault)| *fault != Fault::Several);
        for (at, answer) in sent.iter().zip(&answers) {
            if batch.away.is_none() {
                self.learned.suspects.clear(batch.rows[*at].position);
            }
            if let Err(key) = self.answered(batch, *at, answer, is_suspect) {
                stuck.insert(key);
            }
        }
    }

    /// The message of a row, if its lane is held for long enough; or the end of one that cannot be read.
    fn take(&self, row: &OutboxRow) -> Option<Result<Message, RowEnd>> {
        let claim = self.claims.iter().find(|claim| claim.lane == row.lane)?;
        let within = self.inner.config.publish_within();
        if !self.holding.borrow().has_time_for(claim, within) {
            return None;
        }
        match &row.message {
            Ok(message) => Some(Ok(message.clone())),
            Err(error) => Some(Err(unreadable(error))),
        }
    }

    /// One call of the bus: as many answers as there are messages.
    async fn call(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let inner = &self.inner;
        let call = async { inner.bus.publish(messages).await };
        let (name, why) = match in_time(inner.config.publish_within(), call).await {
            Ok(answers) if answers.len() == messages.len() => {
                let failed = answers.iter().filter_map(|answer| answer.as_ref().err());
                let names: BTreeSet<_> = failed.map(reason).collect();
                for name in names {
                    self.failed(name);
                }
                return answers;
            }
            Ok(answers) => {
                let (wanted, found) = (messages.len(), answers.len());
                error!(
                    { field::WANTED } = wanted,
                    { field::FOUND } = found,
                    "the bus has not answered once for each message"
                );
                ("unknown", "the bus has not answered once for each message")
            }
            Err(Cut::Panicked) => ("panicked", "the bus has panicked"),
            Err(Cut::TimedOut) => ("timed_out", "the bus has not answered in time"),
        };
        self.failed(name);
        messages.iter().map(|_| Err(StoreError::unknown(why))).collect()
    }

    fn failed(&self, reason: &'static str) {
        self.inner.tell(|| Event::RelayFailed { reason });
    }

    fn parked(&self, reason: &'static str, row: &OutboxRow, end: &RowEnd) {
        warn!(
            { field::POSITION } = row.position.0,
            { field::LANE } = row.lane.0,
            { field::END } = ?end,
            "a message is parked"
        );
        self.inner.tell(|| Event::MessageParked { reason });
    }

    /// Notes what an answer means for its row; the key, if it does not go on.
    fn answered(
        &self,
        batch: &mut Batch,
        at: usize,
        answer: &Result<(), StoreError>,
        is_suspect: bool,
    ) -> Result<(), EventKey> {
        let row = &batch.rows[at];
        let config = &self.inner.config;
        let delays = Delays {
            refused: config.backoff.delay(row.refusals),
            failed: config.pause.delay(row.attempts).max(TICK),
        };
        let end = after_answer(row.refusals, answer, is_suspect, config.refusals_max, delays);
        let key = row.key.clone();
        match (&end, answer) {
            (Some(end @ RowEnd::Parked { .. }), _) => self.parked("rejected", row, end),
            (Some(RowEnd::Retry { delay, .. }), Err(error)) => {
                let before = batch.put_off.as_ref().map_or(Duration::ZERO, |(before, _)| *before);
                batch.put_off = Some((before.max(*delay), error.clone()));
            }
            _ => {}
        }
        let is_sent = end == Some(RowEnd::Sent);
        batch.ends[at] = end;
        if is_sent { Ok(()) } else { Err(key) }
    }
}
