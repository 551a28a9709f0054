//! A group of lanes, sent until it is empty.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{Instrument, Span, info_span};

use super::RelayReport;
use super::failing::Side;
use super::holding::Holding;
use super::learned::{Fault, Learned};
use super::publishing::Batch;
use super::relay::Inner;
use crate::clock::later;
use crate::error::StoreError;
use crate::event::{LaneClaim, OutboxRow, RowEnd};
use crate::observe::{field, link, span};

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
    /// Until when messages are put off, for whatever reason.
    pub(super) put_off_until: Option<Instant>,
    pub(super) learned: Learned,
}

/// Who has failed, and what it reported.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) side: Side,
    pub(super) error: StoreError,
    /// Whether the next call will ask for less: it is not known yet whether anybody is away.
    pub(super) is_narrowing: bool,
}

/// Lanes that are worked on by one task.
pub(super) struct Group {
    pub(super) inner: Arc<Inner>,
    number: usize,
    /// What it has looked into at last.
    pub(super) claims: Vec<LaneClaim>,
    /// What it has lost, though it may be held by what is known yet.
    pub(super) lost: BTreeSet<LaneClaim>,
    pub(super) holding: watch::Receiver<Holding>,
    pub(super) learned: Learned,
    /// Whether it gives up when what was sent cannot be written down.
    pub(super) gives_up: bool,
}

/// Nobody's clock is finer.
pub(super) const TICK: Duration = Duration::from_millis(1);

impl Group {
    /// That of this number, with the lanes that it has by now.
    pub(super) fn new(
        inner: Arc<Inner>,
        number: usize,
        holding: watch::Receiver<Holding>,
        learned: Learned,
        gives_up: bool,
    ) -> Self {
        let (claims, lost) = (Vec::new(), BTreeSet::new());
        let mut group = Self { inner, number, claims, lost, holding, learned, gives_up };
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
    pub(super) fn has_grown(&self) -> bool {
        self.own().iter().any(|claim| !self.claims.contains(claim))
    }

    /// Sends `rows`, and then what else its lanes have, until that is nothing, or the bus is away.
    pub(super) async fn work(mut self, rows: Vec<OutboxRow>) -> GroupEnd {
        let mut end = GroupEnd::default();
        let mut rows = rows;
        while !rows.is_empty() && self.send(rows, &mut end).await {
            rows = match self.fetch().await {
                Ok(rows) => rows,
                Err(error) => {
                    end.report.store_errors += 1;
                    let side = Side::Outbox;
                    end.failed = Some(Failed { side, error, is_narrowing: false });
                    break;
                }
            };
        }
        end.learned = self.learned;
        end
    }

    /// Sends rows, and after them a suspect by itself; whether to go on.
    async fn send(&mut self, rows: Vec<OutboxRow>, end: &mut GroupEnd) -> bool {
        let (free, suspect) = self.learned.suspects.apart(rows, Instant::now());
        for rows in [free, suspect.into_iter().collect()] {
            if rows.is_empty() {
                continue;
            }
            let span = info_span!(
                parent: None,
                span::RELAY,
                { field::ROWS } = rows.len(),
                { field::LANES } = self.claims.len()
            );
            link_causes(&span, &rows);
            self.batch(rows, end).instrument(span).await;
            let has_failed = end.failed.is_some() || end.given_up.is_some();
            if has_failed || self.holding.borrow().is_yielding {
                return false;
            }
        }
        true
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
        let delays = batch.ends.iter().flatten().filter_map(RowEnd::delay);
        let until = delays.max().map(|delay| later(later(Instant::now(), delay), TICK));
        end.put_off_until = end.put_off_until.max(until);
        if let Some((delay, error)) = batch.put_off {
            // The outbox has begun to count before it has answered.
            let due = later(later(Instant::now(), delay), TICK);
            let before = end.put_off.take().map(|(before, _)| before);
            end.put_off = Some((before.map_or(due, |before| before.max(due)), error));
        }
        end.failed = match batch.away {
            // It is put off, and nothing else waits.
            Some((_, Fault::One)) => None,
            Some((error, fault)) => {
                end.report.pauses += 1;
                let is_narrowing = fault == Fault::Several;
                Some(Failed { side: Side::Bus, error, is_narrowing })
            }
            None if batch.ends.iter().all(Option::is_none) => {
                let error = StoreError::unavailable("the terms of the lanes are nearly over");
                Some(Failed { side: Side::Outbox, error, is_narrowing: false })
            }
            None => None,
        };
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
