//! A group of lanes, sent until it is empty.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, error, info_span, warn};

use super::RelayReport;
use super::decide::{
    AfterRow, AfterSettle, Delays, after_answer, after_settle, away, reason, unreadable,
};
use super::holding::Holding;
use super::relay::Inner;
use crate::error::StoreError;
use crate::event::{EventKey, Lane, LaneClaim, Message, OutboxPosition, OutboxRow, RowEnd, waves};
use crate::observe::{Event, span};

/// What came of a group's work.
#[derive(Debug, Default)]
pub(super) struct GroupEnd {
    pub(super) report: RelayReport,
    /// Lanes that are another relay's.
    pub(super) lost: Vec<LaneClaim>,
    /// Why the bus has not taken what was published at last, if it has not.
    pub(super) away: Option<StoreError>,
    /// Why the outbox has not answered.
    pub(super) failed: Option<StoreError>,
}

/// Lanes that are worked on by one task.
pub(super) struct Group {
    pub(super) inner: Arc<Inner>,
    pub(super) claims: Vec<LaneClaim>,
    pub(super) holding: watch::Receiver<Holding>,
}

/// The rows of a batch, and what is known of them.
struct Batch {
    rows: Vec<OutboxRow>,
    ends: Vec<Option<RowEnd>>,
    away: Option<StoreError>,
}

type LaneEnds = Vec<(OutboxPosition, RowEnd)>;

impl Group {
    /// Sends `rows`, and then what else its lanes have, until that is nothing, or the bus is away.
    pub(super) async fn work(mut self, rows: Vec<OutboxRow>) -> GroupEnd {
        let mut end = GroupEnd::default();
        let mut rows = rows;
        while !rows.is_empty() {
            let span = info_span!(span::RELAY, rows = rows.len(), lanes = self.claims.len());
            let has_moved = self.batch(rows, &mut end).instrument(span).await;
            if !has_moved {
                let why = "the terms of the lanes are nearly over";
                end.failed = Some(StoreError::unavailable(why));
            }
            if !has_moved || end.away.is_some() || self.holding.borrow().is_yielding {
                break;
            }
            rows = match self.fetch().await {
                Ok(rows) => rows,
                Err(error) => {
                    end.report.store_errors += 1;
                    end.failed = Some(error);
                    break;
                }
            };
        }
        end
    }

    async fn fetch(&self) -> Result<Vec<OutboxRow>, StoreError> {
        if self.claims.is_empty() {
            return Ok(Vec::new());
        }
        let inner = &self.inner;
        inner.within(inner.outbox.fetch(&self.claims, inner.config.batch)).await
    }

    /// Publishes rows and writes down what came of it; whether that is known of any.
    async fn batch(&mut self, rows: Vec<OutboxRow>, end: &mut GroupEnd) -> bool {
        let ends = rows.iter().map(|_| None).collect();
        let mut batch = Batch { rows, ends, away: None };
        self.publish(&mut batch).await;
        self.settle(&batch, end).await;
        let has_moved = batch.ends.iter().any(Option::is_some);
        if let Some(away) = batch.away {
            end.report.pauses += 1;
            end.away = Some(away);
        }
        has_moved
    }

    /// Publishes in waves, so that a message is sent when the one before, of its key, was taken.
    async fn publish(&self, batch: &mut Batch) {
        let mut stuck = HashSet::<EventKey>::new();
        for wave in waves(batch.rows.iter().map(|row| &row.key)) {
            let is_free = |at: &usize| !stuck.contains(&batch.rows[*at].key);
            let wave: Vec<_> = wave.into_iter().filter(is_free).collect();
            let (mut sent, mut messages) = (Vec::new(), Vec::new());
            for at in wave {
                let key = batch.rows[at].key.clone();
                match self.take(&batch.rows[at]) {
                    Some(Ok(message)) => {
                        sent.push(at);
                        messages.push(message);
                    }
                    Some(Err(end)) => {
                        self.parked("unreadable", &batch.rows[at], &end);
                        batch.ends[at] = Some(end);
                        stuck.insert(key);
                    }
                    None => {
                        stuck.insert(key);
                    }
                }
            }
            if messages.is_empty() {
                continue;
            }
            let answers = self.call(&messages).await;
            batch.away = away(&answers).cloned();
            for (n, (at, answer)) in sent.into_iter().zip(answers).enumerate() {
                let is_suspect = n == 0 || batch.away.is_none();
                if let Err(key) = self.answered(batch, at, &answer, is_suspect) {
                    stuck.insert(key);
                }
            }
            // What was not published comes again.
            if batch.away.is_some() || self.holding.borrow().is_yielding {
                break;
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
        let call = AssertUnwindSafe(async { inner.bus.publish(messages).await }).catch_unwind();
        let (name, why) = match timeout(inner.config.publish_within(), call).await {
            Ok(Ok(answers)) if answers.len() == messages.len() => {
                let failed = answers.iter().filter_map(|answer| answer.as_ref().err());
                let names: BTreeSet<_> = failed.map(reason).collect();
                for name in names {
                    self.failed(name);
                }
                return answers;
            }
            Ok(Ok(answers)) => {
                let (wanted, found) = (messages.len(), answers.len());
                error!(wanted, found, "the bus has not answered once for each message");
                ("unknown", "the bus has not answered once for each message")
            }
            Ok(Err(_)) => ("panicked", "the bus has panicked"),
            Err(_) => ("timed_out", "the bus has not answered in time"),
        };
        self.failed(name);
        messages.iter().map(|_| Err(StoreError::unknown(why))).collect()
    }

    fn failed(&self, reason: &'static str) {
        self.inner.tell(|| Event::RelayFailed { reason });
    }

    fn parked(&self, reason: &'static str, row: &OutboxRow, end: &RowEnd) {
        warn!(position = row.position.0, lane = row.lane.0, ?end, "a message is parked");
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
            refused: config.backoff.delay(row.attempts),
            failed: config.pause.delay(row.attempts),
        };
        match after_answer(row.attempts, answer, is_suspect, config.refusals_max, delays) {
            AfterRow::Ends(RowEnd::Sent) => {
                batch.ends[at] = Some(RowEnd::Sent);
                return Ok(());
            }
            AfterRow::Ends(end) => {
                if matches!(end, RowEnd::Parked { .. }) {
                    self.parked("rejected", row, &end);
                }
                batch.ends[at] = Some(end);
            }
            AfterRow::Stays => {}
        }
        Err(batch.rows[at].key.clone())
    }

    /// Writes down what is known, lane by lane.
    async fn settle(&mut self, batch: &Batch, end: &mut GroupEnd) {
        let mut lanes = BTreeMap::<Lane, LaneEnds>::new();
        for (row, its) in batch.rows.iter().zip(&batch.ends) {
            if let Some(its) = its {
                lanes.entry(row.lane).or_default().push((row.position, its.clone()));
            }
        }
        let this = &*self;
        let calls = lanes.into_iter().filter_map(|(lane, ends)| {
            let claim = *this.claims.iter().find(|claim| claim.lane == lane)?;
            Some(async move { (claim, this.settle_lane(claim, &ends).await, ends) })
        });
        let mut lost = Vec::new();
        for (claim, settled, ends) in join_all(calls).await {
            end.report.store_errors += settled.failures;
            if settled.is_held {
                count(&mut end.report, &ends);
            } else {
                lost.push(claim);
            }
        }
        self.claims.retain(|claim| !lost.contains(claim));
        end.report.lanes_lost += lost.len() as u64;
        end.lost.append(&mut lost);
        self.tell_sent(batch);
    }

    fn tell_sent(&self, batch: &Batch) {
        let rows = batch.rows.iter().zip(&batch.ends);
        let sent = rows.filter(|(_, end)| **end == Some(RowEnd::Sent)).map(|(row, _)| row.age);
        let (mut count, mut oldest) = (0, Duration::ZERO);
        for age in sent {
            (count, oldest) = (count + 1, oldest.max(age));
        }
        if count > 0 {
            self.inner.tell(|| Event::MessagesRelayed { count, oldest });
        }
    }

    /// Settles until it is known how that ended, or the term is over: until then the lane is not fetched, since its rows
    /// would be published again.
    async fn settle_lane(&self, claim: LaneClaim, ends: &LaneEnds) -> Settled {
        let inner = &self.inner;
        let mut failures = 0;
        loop {
            let answer = inner.within(inner.outbox.settle(&claim, ends)).await;
            match after_settle(&answer) {
                AfterSettle::GoesOn => return Settled { is_held: true, failures },
                AfterSettle::IsLost => return Settled { is_held: false, failures },
                AfterSettle::SettlesAgain => {}
            }
            failures += 1;
            let Err(error) = answer else { continue };
            let text = error.with_causes();
            warn!(lane = claim.lane.0, error = text, "the outbox does not take what was sent");
            let pause = inner.pause(u32::try_from(failures).unwrap_or(u32::MAX), &error);
            let pause = pause.min(inner.config.term / 3);
            if !self.holding.borrow().has_time_for(&claim, pause) {
                return Settled { is_held: false, failures };
            }
            sleep(pause).await;
        }
    }
}

struct Settled {
    is_held: bool,
    failures: u64,
}

fn count(report: &mut RelayReport, ends: &LaneEnds) {
    for (_, end) in ends {
        match end {
            RowEnd::Sent => report.sent += 1,
            RowEnd::Retry { .. } => report.put_off += 1,
            RowEnd::Parked { .. } => report.parked += 1,
        }
    }
}
