//! One batch of a reconciler: what is due is taken, joined, and put where it
//! belongs.

use std::future::Future;

use futures::future::join_all;
use tokio::time::Instant;
use tracing::{Instrument, debug, info_span, warn};

use super::attempt::{Left, Mended, attempt};
use super::calls::within;
use super::verdict::{ParkReason, Verdict};
use super::{
    PlannedRepair, ReconcileError, ReconcileReport, Reconciler, RepairDepth, RepairEntry,
    RepairPreview,
};
use crate::error::StoreError;
use crate::key::KeyExt;
use crate::observe::{Event, field, link_current, span};
use crate::repository::StampedRepository;

/// How a batch went.
pub(super) enum Round {
    /// There may be more to do.
    Busy,
    /// Nothing was to do.
    Idle,
    /// The queue failed, and nothing else came of it.
    QueueFailed(StoreError),
}

/// How often the end of an entry is told to the queue.
const ENDINGS_MAX: u32 = 3;

/// What came of an entry in hand.
struct Repaired {
    /// `None` is due again after its term: this node has no say any more, or the
    /// queue does not hear it.
    verdict: Option<Verdict>,
    errors: Vec<StoreError>,
}

impl<L, M> Reconciler<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Whether this node has left the fleet, or there is nothing to repair any more.
    pub(super) fn is_closed(&self) -> bool {
        self.has_left() || self.repository.tracker().state().is_decommissioned()
    }

    /// Whether this node has no part in the migration any more, while others may have.
    pub(super) fn has_left(&self) -> bool {
        self.repository.tracker().is_closed_for_good()
    }

    /// Whether this node may write now: not so either while its lease has run out.
    pub(super) fn may_write(&self) -> bool {
        self.repository.tracker().may_copy()
    }

    /// Empties the sink, and repairs one batch of what is due.
    pub(super) async fn round(&self, report: &mut ReconcileReport) -> Round {
        let mut errors = Vec::new();
        let noted = self.note(report, &mut errors).await;
        let taken = self.queue.take(self.config.concurrency, self.config.hidden_for());
        let taken = within(self.config.call_deadline, taken).await;
        let taken = taken.unwrap_or_else(|error| {
            errors.push(error);
            Vec::new()
        });
        report.taken += u64::try_from(taken.len()).unwrap_or(u64::MAX);
        let mut ended = 0_u64;
        for repaired in join_all(taken.iter().map(|entry| self.repair(entry))).await {
            errors.extend(repaired.errors);
            if let Some(verdict) = repaired.verdict {
                report.count(verdict);
                ended += 1;
            }
        }
        report.queue_errors += u64::try_from(errors.len()).unwrap_or(u64::MAX);
        match errors.pop() {
            Some(error) if noted + ended == 0 => Round::QueueFailed(error),
            None if noted == 0 && taken.is_empty() => Round::Idle,
            _ => Round::Busy,
        }
    }

    /// Takes over what the sink holds; answers how many keys.
    pub(super) async fn note(
        &self,
        report: &mut ReconcileReport,
        errors: &mut Vec<StoreError>,
    ) -> u64 {
        let mut keys = 0;
        if let Err(error) = self.pump.pump_into(&mut keys).await {
            self.tell_queue(&error);
            errors.push(error);
        }
        if keys > 0 {
            self.tell(|| Event::RepairsNoted { keys });
        }
        report.noted += keys;
        keys
    }

    /// Repairs one key.
    async fn repair(&self, entry: &RepairEntry) -> Repaired {
        let attempts = entry.attempts;
        let span = info_span!(
            parent: None,
            span::REPAIR,
            { field::REASON } = entry.reason,
            { field::ATTEMPTS } = attempts
        );
        link_current(&span);
        let tried = self.tried(entry).instrument(span).await;
        if tried.is_err() && !self.may_write() {
            return Repaired { verdict: None, errors: Vec::new() };
        }
        let verdict = Verdict::of(&tried, attempts, self.config.attempts_max);
        let repaired = self.end(entry, verdict, &tried).await;
        if repaired.verdict.is_some() {
            self.tell_verdict(verdict, &tried);
        }
        repaired
    }

    /// Tells the queue what becomes of an entry, again if need be: it is still
    /// held.
    async fn end(
        &self,
        entry: &RepairEntry,
        verdict: Verdict,
        tried: &Result<Mended, Left>,
    ) -> Repaired {
        let mut errors = Vec::new();
        for failures in 1..=ENDINGS_MAX {
            match within(self.config.call_deadline, self.end_once(entry, verdict, tried)).await {
                Ok(()) => return Repaired { verdict: Some(verdict), errors },
                Err(error) => {
                    self.tell_queue(&error);
                    errors.push(error);
                }
            }
            if failures < ENDINGS_MAX {
                tokio::time::sleep(self.config.delay(failures)).await;
            }
        }
        Repaired { verdict: None, errors }
    }

    async fn tried(&self, entry: &RepairEntry) -> Result<Mended, Left> {
        let key = L::Key::from_bytes(&entry.key).map_err(Left::Undecodable)?;
        self.in_time(attempt(&self.repository, &key, &self.policy)).await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Left>>) -> Result<T, Left> {
        let deadline = self.config.call_deadline;
        let late = |_| Err(Left::TimedOut(deadline));
        tokio::time::timeout(deadline, work).await.unwrap_or_else(late)
    }

    async fn end_once(
        &self,
        entry: &RepairEntry,
        verdict: Verdict,
        tried: &Result<Mended, Left>,
    ) -> Result<(), StoreError> {
        let error = tried.as_ref().err().map(Left::text).unwrap_or_default();
        let attempts = entry.attempts.saturating_add(1);
        match verdict {
            Verdict::Finish(_) => self.queue.finish(entry).await,
            Verdict::Postpone => {
                self.queue.postpone(entry, self.config.delay(attempts), &error).await
            }
            Verdict::Park(ParkReason::Attempts) => {
                let error = format!("gave up after {attempts} attempts: {error}");
                self.queue.park(entry, &error).await
            }
            Verdict::Park(reason) => {
                self.queue.park(entry, &format!("{}: {error}", reason.name())).await
            }
        }
    }

    /// Looks at the next keys that wait; answers the last of them.
    pub(super) async fn preview_page(
        &self,
        after: Option<&[u8]>,
        preview: &mut RepairPreview<L::Key>,
    ) -> Result<Option<Vec<u8>>, ReconcileError> {
        let page = self.waiting(after).await?;
        for planned in join_all(page.iter().map(|entry| self.planned(entry))).await {
            preview.count(planned, self.config.plans_kept);
        }
        Ok(page.into_iter().next_back().map(|entry| entry.key))
    }

    async fn waiting(&self, after: Option<&[u8]>) -> Result<Vec<RepairEntry>, ReconcileError> {
        let mut failures = 0;
        loop {
            let page = self.queue.waiting(after, self.config.concurrency);
            match within(self.config.call_deadline, page).await {
                Ok(page) if follows(after, &page) => return Ok(page),
                Ok(_) => return Err(out_of_order()),
                Err(source) if failures >= self.config.queue_retries => {
                    let (failures, report) = (failures + 1, Box::default());
                    return Err(ReconcileError::Queue { failures, source, report });
                }
                Err(error) => {
                    self.tell_queue(&error);
                    failures += 1;
                }
            }
            tokio::time::sleep(self.config.delay(failures)).await;
        }
    }

    async fn planned(&self, entry: &RepairEntry) -> Result<PlannedRepair<L::Key>, Left> {
        let key = L::Key::from_bytes(&entry.key).map_err(Left::Undecodable)?;
        let plan = async { self.repository.plan_join(&key).await.map_err(Left::Failed) };
        let join = self.in_time(plan).await?;
        Ok(PlannedRepair { key, reason: entry.reason.clone(), join })
    }

    /// What the queue holds, if it says.
    pub(super) async fn depth(&self) -> Option<RepairDepth> {
        within(self.config.call_deadline, self.queue.depth()).await.ok()
    }

    pub(super) fn tell_depth(&self, depth: Option<RepairDepth>) {
        if let Some(RepairDepth { waiting, parked, oldest }) = depth {
            self.tell(|| Event::RepairDepth { waiting, parked, oldest });
        }
    }

    /// Whether there is much to do or nothing, and whether this node may write: where it is
    /// worst, somebody wants to know. Once each poll interval.
    pub(super) async fn tell_depth_again(&self, told: &mut Option<Instant>) {
        let is_due = told.is_none_or(|told| told.elapsed() >= self.config.poll_interval);
        if is_due && self.config.observer.is_some() {
            self.tell_depth(self.depth().await);
            *told = Some(Instant::now());
        }
    }

    pub(super) fn tell_queue(&self, error: &StoreError) {
        self.tell(|| Event::RepairQueueFailed);
        warn!({ field::ERROR } = %error, "the repair queue failed");
    }

    fn tell_verdict(&self, verdict: Verdict, tried: &Result<Mended, Left>) {
        let failure = tried.as_ref().err().map_or("none", Left::name);
        match verdict {
            Verdict::Finish(mended) => {
                let outcome = mended.name();
                self.tell(|| Event::Repaired { outcome });
                debug!({ field::OUTCOME } = outcome, "a key was repaired");
            }
            Verdict::Postpone => {
                self.tell(|| Event::RepairFailed { reason: failure });
                debug!({ field::REASON } = failure, "a repair failed and is put off");
            }
            Verdict::Park(reason) => {
                let reason = reason.name();
                self.tell(|| Event::RepairParked { reason });
                warn!({ field::REASON } = reason, { field::FAILURE } = failure, "a key was parked");
            }
        }
    }

    fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.config.observer {
            observer.on_event(&event());
        }
    }
}

/// Whether a list goes on after `after`, in order: else it might never end.
fn follows(after: Option<&[u8]>, page: &[RepairEntry]) -> bool {
    let keys = page.iter().map(|entry| entry.key.as_slice());
    after.into_iter().chain(keys).is_sorted_by(|before, next| before < next)
}

fn out_of_order() -> ReconcileError {
    let source = StoreError::rejected("the queue lists its keys out of order");
    ReconcileError::Queue { failures: 1, source, report: Box::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_only_in_order_and_without_repeats() {
        let entry = |key: u8| RepairEntry {
            key: vec![key],
            reason: String::new(),
            notes: 1,
            attempts: 0,
            error: None,
            receipt: 0,
        };
        let page = [entry(2), entry(3)];
        assert!(follows(None, &page) && follows(Some(&[1]), &page) && follows(Some(&[9]), &[]));
        assert!(!follows(Some(&[2]), &page), "the first again");
        assert!(!follows(Some(&[4]), &page));
        assert!(!follows(None, &[entry(2), entry(2)]));
    }
}
