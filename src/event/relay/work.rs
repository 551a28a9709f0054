//! The loop of a relay: it claims lanes, looks for what was staged, and hands lanes out to groups.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::num::NonZeroU16;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::poll;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::care::{Cared, care};
use super::failing::{Failing, Failures, Side};
use super::holding::Holding;
use super::lane_work::{Failed, Group, GroupEnd};
use super::learned::Learned;
use super::relay::Inner;
use super::{RelayError, RelayReport};
use crate::clock::later;
use crate::error::StoreError;
use crate::event::{Lane, LaneClaims, OutboxRow};
use crate::observe::{Event, field};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    Shutdown,
    NothingIsDue,
}

/// A hint of the outbox, as it is waited for.
type Hint<'h> = Pin<Box<dyn Future<Output = ()> + Send + 'h>>;

pub(super) struct Work<'r> {
    inner: &'r Arc<Inner>,
    goal: Goal,
    claims: LaneClaims,
    holding: watch::Sender<Holding>,
    claim_at: Instant,
    fetch_at: Instant,
    care_at: Instant,
    /// By the number of the group: at most one task for each.
    running: BTreeSet<usize>,
    groups: JoinSet<(usize, GroupEnd)>,
    /// By the number of the group, of those that are at rest.
    learned: BTreeMap<usize, Learned>,
    failures: Failures,
    /// Whether there may be more for groups that are at work, behind their last look: something was staged, or they have
    /// more lanes.
    is_hinted: bool,
    caring: JoinSet<Cared>,
    /// How many lanes it has said that it holds.
    told: Option<u16>,
    report: RelayReport,
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
            care_at: later(now, inner.config.care_interval),
            running: BTreeSet::new(),
            groups: JoinSet::new(),
            learned: BTreeMap::new(),
            failures: Failures::default(),
            is_hinted: false,
            caring: JoinSet::new(),
            told: None,
            report: RelayReport::default(),
        }
    }

    pub(super) async fn until(
        mut self,
        mut shutdown: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<RelayReport, RelayError> {
        let outbox = &self.inner.outbox;
        let mut hint: Hint<'_> = outbox.staged();
        loop {
            if self.claim_at <= Instant::now() {
                self.claim().await;
            }
            self.care();
            // What is staged from now on is told, or found by this fetch.
            for _ in 0..2 {
                if poll!(hint.as_mut()).is_pending() {
                    break;
                }
                // One that is there at once, too, is heard below.
                hint = outbox.staged();
                self.hinted();
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
                Some(cared) = self.caring.join_next() => self.cared(cared.unwrap_or_default()),
                () = hint.as_mut() => {
                    hint = outbox.staged();
                    self.hinted();
                }
                () = sleep_until(next) => {}
            }
        }
        self.leave().await
    }

    /// When there is something to do, if nothing happens.
    fn next(&self) -> Instant {
        let next = self.claim_at.min(self.fetch_at);
        // Care that is slow is waited for.
        if self.caring.is_empty() { next.min(self.care_at) } else { next }
    }

    fn hinted(&mut self) {
        self.is_hinted |= !self.running.is_empty();
        // Where the outbox fails it is not asked sooner.
        if self.failures.fetching.is_none() {
            self.fetch_at = Instant::now();
        }
    }

    async fn claim(&mut self) {
        let (inner, config) = (self.inner, &self.inner.config);
        let (asked, wanted) = (Instant::now(), self.claims.fair_share());
        let claimed = inner.within(inner.outbox.claim(&inner.node, wanted, config.term)).await;
        match claimed {
            Ok(claims) => {
                self.failures.claiming = None;
                self.claim_at = later(asked, config.term / 3);
                self.held(claims, later(asked, config.term));
                self.balance().await;
            }
            Err(error) => {
                let failing = self.fail("lanes cannot be claimed", |it| &mut it.claiming, error);
                // It costs no more than when all is well, and the terms go on running.
                self.claim_at = failing.min(later(Instant::now(), config.term / 3));
            }
        }
    }

    /// Notes what is held now.
    fn held(&mut self, claims: LaneClaims, until: Instant) {
        let before: BTreeSet<_> = self.claims.held.iter().copied().collect();
        if claims.held.iter().any(|claim| !before.contains(claim)) {
            self.fetch_at = Instant::now();
            self.is_hinted |= !self.running.is_empty();
        }
        self.claims = claims;
        self.holding.send_modify(|holding| holding.until = until);
        self.show();
    }

    /// Shows the groups what is held.
    fn show(&self) {
        let claims = self.claims.held.iter().copied().collect();
        self.holding.send_modify(|holding| holding.claims = claims);
    }

    /// Gives back what another relay is to have; groups that hold some of it end with the call in hand.
    async fn balance(&mut self) {
        let is_busy = |lane: &Lane| self.running.contains(&self.inner.group_of(*lane));
        let lanes = self.claims.held.iter().map(|claim| claim.lane);
        let busy: BTreeSet<_> = lanes.filter(is_busy).collect();
        let surplus = self.claims.surplus(&busy);
        if !surplus.is_empty() {
            self.claims.held.retain(|claim| !surplus.contains(claim));
            self.show();
            let inner = self.inner;
            if let Err(error) = inner.within(inner.outbox.release(&surplus)).await {
                let text = error.with_causes();
                warn!(
                    { field::ERROR } = text,
                    "lanes were not given back: they are when their terms end"
                );
                self.report.store_errors += 1;
            }
        }
        let is_yielding = self.claims.held.len() > usize::from(self.claims.fair_share().get());
        self.holding.send_modify(|holding| holding.is_yielding = is_yielding);
        self.tell_lanes();
    }

    fn tell_lanes(&mut self) {
        let held = u16::try_from(self.claims.held.len()).unwrap_or(u16::MAX);
        if self.told != Some(held) {
            self.told = Some(held);
            let (of, relays) = (self.claims.lanes.get(), self.claims.relays.get());
            info!(
                { field::HELD } = held,
                { field::OF } = of,
                { field::RELAYS } = relays,
                "the lanes of a relay have changed"
            );
            self.inner.tell(|| Event::LanesHeld { held, of });
        }
    }

    /// Looks for what is to be sent in lanes that are at rest, and hands it out; whether there is nothing, nowhere.
    async fn look(&mut self) -> bool {
        let now = Instant::now();
        self.fetch_at = later(now, self.inner.config.poll_interval);
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

    fn add(&mut self, more: &RelayReport) {
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
    fn fail(
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

    /// Tells the depth and purges, aside.
    fn care(&mut self) {
        if self.care_at <= Instant::now() && self.caring.is_empty() {
            self.care_at = later(Instant::now(), self.inner.config.care_interval);
            let inner = Arc::clone(self.inner);
            self.caring.spawn(async move { care(&inner).await });
        }
    }

    fn cared(&mut self, cared: Cared) {
        self.report.purged += cared.purged;
        self.report.store_errors += cared.failures;
    }

    /// Finishes what is in hand, and gives the lanes back.
    async fn leave(mut self) -> Result<RelayReport, RelayError> {
        self.holding.send_modify(|holding| holding.is_yielding = true);
        while let Some(ended) = self.groups.join_next().await {
            let (_, end) = own(ended);
            self.add(&end.report);
        }
        // With a term of no time all that is held is free, and this relay is counted no more.
        let inner = self.inner;
        let leave = inner.outbox.claim(&inner.node, NonZeroU16::MIN, Duration::ZERO);
        if let Err(error) = inner.within(leave).await {
            let text = error.with_causes();
            warn!(
                { field::ERROR } = text,
                "lanes were not given back: they are when their terms end"
            );
            self.report.store_errors += 1;
        }
        self.inner.tell(|| Event::LanesHeld { held: 0, of: self.claims.lanes.get() });
        let report = self.report;
        match (self.goal, self.failures.for_good()) {
            (Goal::NothingIsDue, Some(Failing { side, failures, last: source, .. })) => {
                Err(match side {
                    Side::Outbox => RelayError::Outbox { failures, source, report },
                    Side::Bus => RelayError::Bus { failures, source, report },
                })
            }
            _ => Ok(report),
        }
    }
}

/// What a task has answered: the outbox's panics and the bus's are caught in it, and one of ours is ours.
fn own<T>(ended: Result<T, JoinError>) -> T {
    ended.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(error) => panic!("nobody aborts it: {error}"),
    })
}
