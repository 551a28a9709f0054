//! What a group writes down.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::sleep;
use tracing::warn;

use super::RelayReport;
use super::decide::{AfterSettle, after_settle};
use super::failing::FAILURES_MAX;
use super::lane_work::{Group, GroupEnd};
use super::publishing::Batch;
use crate::error::StoreError;
use crate::event::{Lane, LaneClaim, OutboxPosition, RowEnd};
use crate::observe::{Event, field};

type LaneEnds = Vec<(OutboxPosition, RowEnd)>;

impl Group {
    /// Writes down what is known, lane by lane.
    pub(super) async fn settle(&mut self, batch: &Batch, end: &mut GroupEnd) {
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
