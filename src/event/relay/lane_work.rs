//! A group of lanes, sent until it is empty.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, Span, error, info_span, warn};

use super::RelayReport;
use super::decide::{AfterSettle, Delays, after_answer, after_settle, away, reason, unreadable};
use super::failing::{FAILURES_MAX, Side};
use super::holding::Holding;
use super::relay::Inner;
use crate::clock::later;
use crate::error::StoreError;
use crate::event::in_time::{Cut, in_time};
use crate::event::{EventKey, Lane, LaneClaim, Message, OutboxPosition, OutboxRow, RowEnd, waves};
use crate::observe::{Event, field, link, span};

/// What came of a group's work.
#[derive(Debug, Default)]
pub(super) struct GroupEnd {
    pub(super) report: RelayReport,
    /// Lanes that are another relay's.
    pub(super) lost: Vec<LaneClaim>,
    /// Why it has ended before its lanes were empty, if somebody has failed.
    pub(super) failed: Option<Failed>,
    /// How often it has tried in vain to write down what was sent, and what the outbox reported at last, if it has given up.
    pub(super) given_up: Option<(u32, StoreError)>,
    /// Until when messages are put off that were not refused, and why.
    pub(super) put_off: Option<(Instant, StoreError)>,
}

/// Who has failed, and what it reported.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) side: Side,
    pub(super) error: StoreError,
}

/// Lanes that are worked on by one task.
pub(super) struct Group {
    inner: Arc<Inner>,
    number: usize,
    /// What it has looked into at last.
    claims: Vec<LaneClaim>,
    /// What it has lost, though it may be held by what is known yet.
    lost: BTreeSet<LaneClaim>,
    holding: watch::Receiver<Holding>,
    /// Whether it gives up when what was sent cannot be written down.
    gives_up: bool,
}

/// The rows of a batch, and what is known of them.
struct Batch {
    rows: Vec<OutboxRow>,
    ends: Vec<Option<RowEnd>>,
    away: Option<StoreError>,
    /// For how long a message is put off that was not refused, and why.
    put_off: Option<(Duration, StoreError)>,
}

/// Nobody's clock is finer.
const TICK: Duration = Duration::from_millis(1);

type LaneEnds = Vec<(OutboxPosition, RowEnd)>;

impl Group {
    /// That of this number, with the lanes that it has by now.
    pub(super) fn new(
        inner: Arc<Inner>,
        number: usize,
        holding: watch::Receiver<Holding>,
        gives_up: bool,
    ) -> Self {
        let (claims, lost) = (Vec::new(), BTreeSet::new());
        let mut group = Self { inner, number, claims, lost, holding, gives_up };
        group.claims = group.own();
        group
    }

    /// Its lanes by now, those too that were claimed since it began.
    fn own(&self) -> Vec<LaneClaim> {
        let is_own = |claim: &&LaneClaim| {
            self.inner.group_of(claim.lane) == self.number && !self.lost.contains(claim)
        };
        self.holding.borrow().claims.iter().filter(is_own).copied().collect()
    }

    /// Whether it has lanes that it has not looked into.
    fn has_grown(&self) -> bool {
        self.own().iter().any(|claim| !self.claims.contains(claim))
    }

    /// Sends `rows`, and then what else its lanes have, until that is nothing, or the bus is away.
    pub(super) async fn work(mut self, rows: Vec<OutboxRow>) -> GroupEnd {
        let mut end = GroupEnd::default();
        let mut rows = rows;
        while !rows.is_empty() {
            let span = info_span!(
                parent: None,
                span::RELAY,
                { field::ROWS } = rows.len(),
                { field::LANES } = self.claims.len()
            );
            link_causes(&span, &rows);
            self.batch(rows, &mut end).instrument(span).await;
            let has_failed = end.failed.is_some() || end.given_up.is_some();
            if has_failed || self.holding.borrow().is_yielding {
                break;
            }
            rows = match self.fetch().await {
                Ok(rows) => rows,
                Err(error) => {
                    end.report.store_errors += 1;
                    end.failed = Some(Failed { side: Side::Outbox, error });
                    break;
                }
            };
        }
        end
    }

    async fn fetch(&mut self) -> Result<Vec<OutboxRow>, StoreError> {
        self.claims = self.own();
        if self.claims.is_empty() {
            return Ok(Vec::new());
        }
        let inner = &self.inner;
        inner.within(inner.outbox.fetch(&self.claims, inner.config.batch)).await
    }

    /// Publishes rows and writes down what came of it.
    async fn batch(&mut self, rows: Vec<OutboxRow>, end: &mut GroupEnd) {
        let ends = rows.iter().map(|_| None).collect();
        let mut batch = Batch { rows, ends, away: None, put_off: None };
        self.publish(&mut batch).await;
        self.settle(&batch, end).await;
        if let Some((delay, error)) = batch.put_off {
            // The outbox has begun to count before it has answered.
            let due = later(later(Instant::now(), delay), TICK);
            let before = end.put_off.take().map(|(before, _)| before);
            end.put_off = Some((before.map_or(due, |before| before.max(due)), error));
        }
        end.report.pauses += u64::from(batch.away.is_some());
        end.failed = if let Some(error) = batch.away {
            Some(Failed { side: Side::Bus, error })
        } else if batch.ends.iter().all(Option::is_none) {
            let error = StoreError::unavailable("the terms of the lanes are nearly over");
            Some(Failed { side: Side::Outbox, error })
        } else {
            None
        };
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
            let is_yielding = self.holding.borrow().is_yielding;
            if batch.away.is_some() || is_yielding || self.has_grown() {
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
        warn!({ field::POSITION } = row.position.0, { field::LANE } = row.lane.0, { field::END } = ?end, "a message is parked");
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
                end.given_up = settled.given_up.or(end.given_up.take());
            }
        }
        self.lost.extend(&lost);
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

    /// Settles until it is known how that ended, or the term is over: until then the lane is not fetched, since its rows would
    /// be published again. One that gives up does so after some failures, and does not go on without having settled.
    async fn settle_lane(&self, claim: LaneClaim, ends: &LaneEnds) -> Settled {
        let inner = &self.inner;
        let mut failures = 0_u32;
        let settled =
            |is_held, failures: u32| Settled { is_held, failures: failures.into(), given_up: None };
        loop {
            let answer = inner.within(inner.outbox.settle(&claim, ends)).await;
            match after_settle(&answer) {
                AfterSettle::GoesOn => return settled(true, failures),
                AfterSettle::IsLost => return settled(false, failures),
                AfterSettle::SettlesAgain => {}
            }
            failures = failures.saturating_add(1);
            let Err(error) = answer else { continue };
            let text = error.with_causes();
            warn!(
                { field::LANE } = claim.lane.0,
                { field::ERROR } = text,
                "the outbox does not take what was sent"
            );
            let pause = inner.pause(failures, &error).min(inner.config.term / 3);
            let has_time = self.holding.borrow().has_time_for(&claim, pause);
            if !has_time || self.gives_up && failures >= FAILURES_MAX {
                let given_up = self.gives_up.then_some((failures, error));
                return Settled { given_up, ..settled(false, failures) };
            }
            sleep(pause).await;
        }
    }
}

struct Settled {
    is_held: bool,
    failures: u64,
    given_up: Option<(u32, StoreError)>,
}

fn count(report: &mut RelayReport, ends: &LaneEnds) {
    for (_, end) in ends {
        match end {
            RowEnd::Sent => report.sent += 1,
            RowEnd::Retry { .. } | RowEnd::Refused { .. } => report.put_off += 1,
            RowEnd::Parked { .. } => report.parked += 1,
        }
    }
}

/// The most links of one batch.
const LINKS_MAX: usize = 32;

/// Links a batch to those in whose traces its messages were staged, each once.
fn link_causes(span: &Span, rows: &[OutboxRow]) {
    let mut linked: Vec<&str> = Vec::new();
    if span.is_disabled() {
        return;
    }
    let messages = rows.iter().filter_map(|row| row.message.as_ref().ok());
    for cause in messages.filter_map(|message| message.event.traceparent.as_ref()) {
        let cause = cause.as_str();
        if linked.len() < LINKS_MAX && !linked.contains(&cause) {
            link(span, cause);
            linked.push(cause);
        }
    }
}
