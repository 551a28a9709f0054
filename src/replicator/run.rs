//! Page after page.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tracing::{Instrument, debug, info_span, warn};

use super::carry::{Carried, Work};
use super::judge::named;
use super::{Replicator, ReplicatorError, ReplicatorReport};
use crate::error::StoreError;
use crate::event::{ChangeFeed, FeedLag};
use crate::observe::{Event, field, span};
use crate::phase::{PartName, Phase, Side, primary};
use crate::repository::{ScanRepository, StampedRepository};
use crate::worker::{Pace, hint, persist, until};

/// When a run is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    Shutdown,
    CaughtUp,
}

/// What became of a page.
enum Paged {
    Settled {
        changes: u64,
        is_last: bool,
    },
    /// It comes again; whether that is for the feed, and not for a side or the repair queue.
    Failed {
        of_feed: bool,
        source: StoreError,
    },
    /// It may not be carried over any more: the state has moved since it was asked for.
    Left,
}

impl Paged {
    const fn feed(source: StoreError) -> Self {
        Self::Failed { of_feed: true, source }
    }

    const fn held(source: StoreError) -> Self {
        Self::Failed { of_feed: false, source }
    }
}

/// Whether the next page may be carried over.
enum Leave {
    Given,
    /// The lease of this node has run out; it may come back.
    Later,
    Crossed(Phase),
    Closed,
}

#[expect(
    clippy::manual_async_fn,
    reason = "`Send` is promised here once, as in `MigrationRepository`"
)]
impl<F, L, M> Replicator<F, L, M>
where
    F: ChangeFeed<Key = L::Key, Entity = L::Entity> + ?Sized,
    L: ScanRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Follows the feed until `shutdown` resolves; the page in hand is always finished. It waits for whatever is away.
    ///
    /// # Errors
    ///
    /// [`ReplicatorError`]: the keys have crossed, the node is closed, or the feed was lost.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what is not settled comes again, and does no harm by that.
    pub fn run(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<ReplicatorReport, ReplicatorError>> + Send {
        self.follow(shutdown, Goal::Shutdown)
    }

    /// Carries over all that was committed until now: it ends once the feed was read to its end, and that is settled.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); and if the feed, a side or the repair queue stays away.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`run`](Self::run).
    pub fn catch_up(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<ReplicatorReport, ReplicatorError>> + Send {
        self.follow(shutdown, Goal::CaughtUp)
    }

    fn follow(
        &self,
        shutdown: impl Future<Output = ()> + Send,
        goal: Goal,
    ) -> impl Future<Output = Result<ReplicatorReport, ReplicatorError>> + Send {
        async move {
            let pace = self.pace();
            let stop = pace.shutdown();
            let work = self.cared_for(pace, goal).instrument(info_span!(span::REPLICATE));
            // On the heap: a future of many kB is not the caller's to carry.
            let report = until(shutdown, stop, Box::pin(work)).await;
            debug!(
                { field::REPORT } = report.as_ref().ok().map(tracing::field::display),
                "replicated"
            );
            report
        }
    }

    /// Page after page, and beside them, whatever holds them up, somebody is told how far they are.
    async fn cared_for(&self, pace: Pace, goal: Goal) -> Result<ReplicatorReport, ReplicatorError> {
        tokio::select! {
            biased;
            report = self.pages(pace, goal) => report,
            never = self.tell_lag() => match never {},
        }
    }

    async fn pages(&self, mut pace: Pace, goal: Goal) -> Result<ReplicatorReport, ReplicatorError> {
        let (mut report, mut failures) = (ReplicatorReport::default(), 0_u32);
        self.meter.begin(0, None);
        while goes_on(&mut pace).await {
            match self.leave() {
                Leave::Given => {}
                Leave::Later => {
                    let pause = tokio::time::sleep(self.config.poll_interval);
                    let _ = pace.unless_stopped(pause).await;
                    continue;
                }
                Leave::Crossed(phase) => {
                    return Err(ReplicatorError::Crossed { phase, report: Box::new(report) });
                }
                Leave::Closed => return Err(ReplicatorError::Closed { report: Box::new(report) }),
            }
            match self.page(failures, &mut report).await {
                // Why, is asked above.
                Paged::Left => {}
                Paged::Settled { changes, is_last } => {
                    failures = 0;
                    pace.spent(changes);
                    self.meter.count(changes);
                    report.is_caught_up = is_last;
                    match goal {
                        Goal::CaughtUp if is_last => break,
                        Goal::Shutdown if is_last => self.idle(&pace).await,
                        _ => {}
                    }
                }
                Paged::Failed { of_feed, source } => {
                    failures = failures.saturating_add(1);
                    report.held += 1;
                    report.is_caught_up = false;
                    self.tell_failed(if of_feed { "feed" } else { "page" }, &source);
                    // A feed that was lost does not come back.
                    let is_over = of_feed && !source.is_retryable()
                        || goal == Goal::CaughtUp && failures > self.config.retries;
                    if is_over {
                        return Err(ReplicatorError::of_page(of_feed, source, report));
                    }
                    warn!({ field::ERROR } = %source, { field::FAILURES } = failures, "a page of changes comes again");
                    let pause = self.config.delay(failures).max(hint(&source));
                    let _ = pace.unless_stopped(tokio::time::sleep(pause)).await;
                }
            }
        }
        Ok(report)
    }

    /// Whether legacy is what counts, of every part, and this node may copy.
    fn leave(&self) -> Leave {
        let tracker = self.repository.tracker();
        let state = tracker.state();
        if tracker.is_closed_for_good() || state.is_decommissioned() {
            return Leave::Closed;
        }
        let parts = [PartName::Base, PartName::Cohort].into_iter();
        let beyond = parts.filter_map(|name| state.part(name)).find(|part| {
            part.phase == Phase::Halted || primary(part.phase, part.entered_from) == Side::Modern
        });
        match beyond {
            Some(part) => Leave::Crossed(part.phase),
            None if tracker.may_copy() => Leave::Given,
            None => Leave::Later,
        }
    }

    /// One page: read, carried over, noted, settled, in this order. It has failed so often in a row before.
    async fn page(&self, failures: u32, report: &mut ReplicatorReport) -> Paged {
        let tries = &self.config.tries;
        let page = match persist(tries, || self.feed.changes(self.config.page_size)).await {
            Ok(page) => page,
            Err(error) => return Paged::feed(error),
        };
        let changes = u64::try_from(page.changes.len()).unwrap_or(u64::MAX);
        if changes == 0 && page.is_last {
            return Paged::Settled { changes, is_last: true };
        }
        if changes > 0 {
            match self.watch_outside().await {
                Ok(again) => report.outside_writes += u64::from(again),
                Err(error) => return Paged::held(error),
            }
        }
        // Again: the answers may have taken long.
        if !matches!(self.leave(), Leave::Given) {
            return Paged::Left;
        }
        let carried = match self.carry(Work::of(page.changes), failures).await {
            Ok(carried) => carried,
            Err(error) => return Paged::held(error),
        };
        if !carried.notes.is_empty() {
            if let Err(error) = persist(tries, || self.repairs.note(&carried.notes)).await {
                return Paged::held(error);
            }
        }
        if let Err(error) = persist(tries, || self.feed.settle(&page.mark)).await {
            return Paged::feed(error);
        }
        self.count(&carried, changes, report).await;
        Paged::Settled { changes, is_last: page.is_last }
    }

    /// Somebody has written to legacy. In `Cutover` that unsettles the fleet, if it was said that nobody does.
    async fn watch_outside(&self) -> Result<bool, StoreError> {
        let Some(outside) = &self.outside else { return Ok(false) };
        let state = self.repository.tracker().state();
        let parts = [PartName::Base, PartName::Cohort].into_iter();
        let mut parts = parts.filter_map(|name| state.part(name));
        if !parts.any(|part| part.phase == Phase::Cutover) {
            return Ok(false);
        }
        let tries = &self.config.tries;
        if persist(tries, || outside.are_registered()).await? {
            return Ok(false);
        }
        persist(tries, || outside.hold()).await?;
        self.tell(|| Event::OutsideWrite);
        warn!("somebody writes to legacy who was said to be off: the fleet is unsettled");
        Ok(true)
    }

    async fn count(&self, carried: &Carried, changes: u64, report: &mut ReplicatorReport) {
        let noted = u64::try_from(carried.notes.len()).unwrap_or(u64::MAX);
        report.pages += 1;
        report.changes += changes;
        report.copied += carried.copied;
        report.level += carried.level;
        report.unreadable += carried.unreadable;
        report.noted += noted;
        if self.config.observer.is_some() {
            let lag = self.lag().await.ok().and_then(|lag| lag.oldest);
            let (copied, level) = (carried.copied, carried.level);
            self.tell(|| Event::ChangesReplicated { copied, level, noted, lag });
        }
    }

    /// Waits for more.
    async fn idle(&self, pace: &Pace) {
        let changed = AssertUnwindSafe(async { self.feed.changed().await }).catch_unwind();
        let more = async {
            tokio::select! {
                biased;
                Ok(()) = changed => {}
                () = tokio::time::sleep(self.config.poll_interval) => {}
            }
        };
        let _ = pace.unless_stopped(more).await;
    }

    /// Tells how far it is, now and then.
    async fn tell_lag(&self) -> Infallible {
        if self.config.observer.is_none() {
            return pending().await;
        }
        loop {
            match self.lag().await {
                Ok(FeedLag { oldest: lag, pending }) => {
                    self.tell(|| Event::ReplicationLag { pending, lag });
                }
                Err(error) => self.tell_failed("lag", &error),
            }
            tokio::time::sleep(self.config.lag_interval).await;
        }
    }

    fn tell_failed(&self, what: &'static str, error: &StoreError) {
        let reason = named(error.kind());
        self.tell(|| Event::ReplicationFailed { what, reason });
    }

    pub(super) async fn lag(&self) -> Result<FeedLag, StoreError> {
        self.once(async { self.feed.lag().await }).await
    }
}

async fn goes_on(pace: &mut Pace) -> bool {
    // A feed in memory never yields by itself.
    tokio::task::consume_budget().await;
    pace.proceed().await.is_ok()
}
