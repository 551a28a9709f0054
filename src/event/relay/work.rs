//! The loop of a relay: it claims lanes, looks for what was staged, and hands lanes out to groups.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::num::NonZeroU16;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use super::RelayReport;
use super::care::Caring;
use super::config::POLL_MIN;
use super::failing::{Failing, Failures, Side};
use super::hints::{Heard, Hints};
use super::holding::Holding;
use super::lane_work::{Failed, Group, GroupEnd};
use super::learned::Learned;
use super::relay::Inner;
use crate::clock::later;
use crate::error::StoreError;
use crate::event::{Lane, LaneClaims, OutboxRow};
use crate::observe::field;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    Shutdown,
    NothingIsDue,
}

pub(super) struct Work<'r> {
    pub(super) inner: &'r Arc<Inner>,
    pub(super) goal: Goal,
    pub(super) claims: LaneClaims,
    pub(super) holding: watch::Sender<Holding>,
    pub(super) claim_at: Instant,
    pub(super) fetch_at: Instant,
    /// Until when messages are put off, as far as is known here: until then it is looked for them.
    pub(super) put_off_until: Instant,
    /// Whether nobody says when something is staged.
    pub(super) is_deaf: bool,
    /// By the number of the group: at most one task for each.
    pub(super) running: BTreeSet<usize>,
    pub(super) groups: JoinSet<(usize, GroupEnd)>,
    /// By the number of the group, of those that are at rest.
    pub(super) learned: BTreeMap<usize, Learned>,
    pub(super) failures: Failures,
    /// Whether there may be more for groups that are at work, behind their last look: something was staged, or they have
    /// more lanes.
    pub(super) is_hinted: bool,
    pub(super) caring: Caring,
    /// How many lanes it has said that it holds.
    pub(super) told: Option<u16>,
    pub(super) report: RelayReport,
}

impl<'r> Work<'r> {
    pub(super) fn new(inner: &'r Arc<Inner>, goal: Goal) -> Self {
        let now = Instant::now();
        let (held, relays) = (Vec::new(), NonZeroU16::MIN);
        Self {
            inner,
            goal,
            // Of how many it is not known yet: whatever is free.
            claims: LaneClaims { held, lanes: NonZeroU16::MAX, relays },
            holding: watch::Sender::new(Holding::nothing()),
            claim_at: now,
            fetch_at: now,
            put_off_until: now,
            is_deaf: !inner.outbox.notifies(),
            running: BTreeSet::new(),
            groups: JoinSet::new(),
            learned: BTreeMap::new(),
            failures: Failures::default(),
            is_hinted: false,
            caring: Caring::from(later(now, inner.config.care_interval)),
            told: None,
            report: RelayReport::default(),
        }
    }

    pub(super) async fn until(
        mut self,
        mut shutdown: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> (RelayReport, Option<Failing>) {
        let mut hints = Hints::of(&*self.inner.outbox);
        loop {
            if self.claim_at <= Instant::now() {
                self.claim().await;
            }
            self.caring.start(self.inner);
            // What is staged from now on is told, or found by this fetch.
            for _ in 0..2 {
                let Some(heard) = hints.heard_now().await else { break };
                // One that is there at once, too, is heard below.
                self.hinted(heard);
            }
            let is_over = self.fetch_at <= Instant::now() && self.look().await;
            if self.goal == Goal::NothingIsDue && (is_over || self.failures.are_for_good()) {
                break;
            }
            let next = self.next();
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = self.groups.join_next() => {
                    let (group, end) = own(ended);
                    self.ended(group, end).await;
                }
                cared = self.caring.ended() => {
                    self.report.purged += cared.purged;
                    self.report.store_errors += cared.failures;
                }
                heard = hints.heard() => self.hinted(heard),
                () = sleep_until(next) => {}
            }
        }
        self.leave().await
    }

    /// When there is something to do, if nothing happens.
    fn next(&self) -> Instant {
        let next = self.claim_at.min(self.fetch_at);
        self.caring.next().map_or(next, |care| next.min(care))
    }

    fn hinted(&mut self, heard: Heard) {
        if heard == Heard::Nothing {
            warn!("the outbox has panicked when it was to say that something was staged");
            self.report.store_errors += 1;
            self.is_deaf = true;
            self.fetch_at = self.fetch_at.min(later(Instant::now(), POLL_MIN));
            return;
        }
        self.is_deaf = !self.inner.outbox.notifies();
        self.is_hinted |= !self.running.is_empty();
        // Where the outbox fails it is not asked sooner.
        if self.failures.fetching.is_none() {
            self.fetch_at = Instant::now();
        }
    }

    /// Looks for what is to be sent in lanes that are at rest, and hands it out; whether there is nothing, nowhere.
    async fn look(&mut self) -> bool {
        let now = Instant::now();
        let is_put_off = self.put_off_until > now;
        self.fetch_at = later(now, self.inner.config.poll_interval(self.is_deaf, is_put_off));
        let is_at_rest = |lane: Lane| {
            let group = self.inner.group_of(lane);
            !self.running.contains(&group) && !self.failures.is_away(group, now)
        };
        let claims = self.claims.held.iter().filter(|claim| is_at_rest(claim.lane));
        let claims: Vec<_> = claims.copied().collect();
        let is_all = claims.len() == self.claims.held.len();
        if let Some(again_at) = self.failures.next_after(now) {
            self.fetch_at = self.fetch_at.min(again_at);
        }
        if self.running.is_empty() {
            self.is_hinted = false;
        }
        let within = self.inner.config.publish_within();
        let is_held = |claims: &[_]| {
            let holding = self.holding.borrow();
            claims.first().is_some_and(|claim| holding.has_time_for(claim, within))
        };
        if !is_held(&claims) {
            let has_failed = self.failures.claiming.is_some() || self.failures.fetching.is_some();
            return is_all && claims.is_empty() && !has_failed;
        }
        let inner = self.inner;
        match inner.within(inner.outbox.fetch(&claims, inner.config.batch)).await {
            Ok(rows) => {
                let is_nothing = rows.is_empty();
                self.hand_out(rows);
                self.failures.fetched(&self.running, now);
                is_nothing && is_all && self.failures.put_off.is_empty()
            }
            Err(error) => {
                let what = "what was staged cannot be fetched";
                self.fetch_at = self.fail(what, |it| &mut it.fetching, error);
                false
            }
        }
    }

    fn hand_out(&mut self, rows: Vec<OutboxRow>) {
        if rows.is_empty() {
            return;
        }
        // Others may have something too, behind these.
        self.fetch_at = Instant::now();
        let mut groups = BTreeMap::<usize, Vec<OutboxRow>>::new();
        for row in rows {
            groups.entry(self.inner.group_of(row.lane)).or_default().push(row);
        }
        for (group, rows) in groups {
            let (inner, holding) = (Arc::clone(self.inner), self.holding.subscribe());
            let learned = self.learned.remove(&group).unwrap_or_default();
            let gives_up = self.goal == Goal::NothingIsDue;
            let work = Group::new(inner, group, holding, learned, gives_up);
            self.running.insert(group);
            self.groups.spawn(async move { (group, work.work(rows).await) });
        }
    }

    async fn ended(&mut self, group: usize, end: GroupEnd) {
        self.running.remove(&group);
        self.learned.insert(group, end.learned);
        self.add(&end.report);
        self.claims.held.retain(|claim| !end.lost.contains(claim));
        self.show();
        if let Some(until) = end.put_off_until {
            self.put_off_until = self.put_off_until.max(until);
            let soon = self.inner.config.poll_interval(self.is_deaf, true);
            self.fetch_at = self.fetch_at.min(later(Instant::now(), soon));
        }
        let has_sent = end.report.sent > 0;
        let in_a_row = |before: Option<Failing>| {
            before.filter(|_| !has_sent).map_or(0, |failing| failing.failures)
        };
        if let Some((failures, last)) = end.given_up {
            let (side, again_at) = (Side::Outbox, Instant::now());
            self.failures.given_up = Some(Failing { side, failures, again_at, last });
        }
        if let (Goal::NothingIsDue, Some((again_at, last))) = (self.goal, end.put_off) {
            self.fetch_at = self.fetch_at.min(again_at);
            let before = self.failures.put_off.remove(&group);
            let again_at = before.as_ref().map_or(again_at, |it| it.again_at.max(again_at));
            let failing = Failing {
                side: Side::Bus,
                failures: in_a_row(before).saturating_add(1),
                again_at,
                last,
            };
            self.failures.put_off.insert(group, failing);
        }
        let away = self.failures.away.remove(&group);
        if let Some(Failed { side, error: last, is_narrowing }) = end.failed {
            let failures = in_a_row(away).saturating_add(u32::from(!is_narrowing));
            let again_at = later(Instant::now(), self.inner.pause(failures, &last));
            self.fetch_at = self.fetch_at.min(again_at);
            self.failures.away.insert(group, Failing { side, failures, again_at, last });
        }
        if self.is_hinted || self.goal == Goal::NothingIsDue && self.running.is_empty() {
            self.fetch_at = self.fetch_at.min(Instant::now());
        }
        let is_yielding = self.holding.borrow().is_yielding;
        if is_yielding {
            self.balance().await;
            self.fetch_at = Instant::now();
        }
    }

    pub(super) fn add(&mut self, more: &RelayReport) {
        let report = &mut self.report;
        report.sent += more.sent;
        report.put_off += more.put_off;
        report.parked += more.parked;
        report.pauses += more.pauses;
        report.lanes_lost += more.lanes_lost;
        report.store_errors += more.store_errors;
        report.purged += more.purged;
    }

    /// Notes a failure of the outbox; when it is tried again.
    pub(super) fn fail(
        &mut self,
        what: &'static str,
        failing: impl FnOnce(&mut Failures) -> &mut Option<Failing>,
        last: StoreError,
    ) -> Instant {
        let text = last.with_causes();
        warn!({ field::ERROR } = text, "{what}");
        self.report.store_errors += 1;
        let failing = failing(&mut self.failures);
        let failures = failing.as_ref().map_or(0, |it| it.failures).saturating_add(1);
        let again_at = later(Instant::now(), self.inner.pause(failures, &last));
        *failing = Some(Failing { side: Side::Outbox, failures, again_at, last });
        again_at
    }
}

/// What a task has answered: the outbox's panics and the bus's are caught in it, and one of ours is ours.
pub(super) fn own<T>(ended: Result<T, JoinError>) -> T {
    ended.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(error) => panic!("nobody aborts it: {error}"),
    })
}
