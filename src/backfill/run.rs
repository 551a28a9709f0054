//! How a backfill runs: partition after partition, until none is left.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{Instrument, debug, info_span};

use super::copy::{Copy, Ended};
use super::plan::partitions;
use super::{BackfillError, BackfillReport, Backfiller, Claim, PartitionState};
use crate::error::StoreError;
use crate::key::KeyExt;
use crate::observe::{Brief, Event, field, span};
use crate::phase::{PartName, Side, primary};
use crate::repository::{ScanRepository, StampedRepository};
use crate::stamp::StampScope;
use crate::worker::{Eta, Pace, Progress, ScanError, persist, until};

/// How often it tells how far it is, whatever it waits for.
const TOLD_EVERY: Duration = Duration::from_secs(1);
/// How often a worker that has nothing to copy asks whether another has left
/// something behind.
const ASKED_EVERY: Duration = Duration::from_secs(1);

#[expect(
    clippy::manual_async_fn,
    reason = "`Send` is promised here once, as in `MigrationRepository`"
)]
impl<L, M> Backfiller<L, M>
where
    L: ScanRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Copies until every partition is finished, by this worker or another, or
    /// `shutdown` resolves; the pages in hand are always finished.
    ///
    /// # Errors
    ///
    /// [`BackfillError`]: run it again, it goes on from its checkpoints.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what is not in a checkpoint is copied again. The partition in
    /// hand stays claimed until its term is over.
    pub fn run(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<BackfillReport, BackfillError>> + Send {
        async move {
            let pace = self.pace();
            let stop = pace.shutdown();
            // On the heap: a future of some 20 kB is not the caller's to carry.
            until(shutdown, stop, Box::pin(self.told(self.timed(self.work(pace))))).await
        }
    }

    /// Says what [`run`](Self::run) would copy by now, reading both stores and
    /// writing nothing: no checkpoint either.
    ///
    /// # Errors
    ///
    /// [`BackfillError`], as of [`run`](Self::run), but for what it does not touch:
    /// checkpoints and the repair queue.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it has no effect.
    pub fn dry_run(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<BackfillReport, BackfillError>> + Send {
        async move {
            let pace = self.pace();
            let stop = pace.shutdown();
            // On the heap: a future of some 20 kB is not the caller's to carry.
            until(shutdown, stop, Box::pin(self.timed(self.foresee(pace)))).await
        }
    }

    /// Tells how far it is, and in the end how it has ended.
    async fn told(
        &self,
        work: impl Future<Output = Result<BackfillReport, BackfillError>>,
    ) -> Result<BackfillReport, BackfillError> {
        let mut work = std::pin::pin!(work);
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut work => break ended,
                () = tokio::time::sleep(TOLD_EVERY) => self.tell_progress("running"),
            }
        };
        self.tell_progress(match &ended {
            Ok(report) if report.is_done => "done",
            Ok(_) => "stopped",
            Err(_) => "failed",
        });
        ended
    }

    /// What has ended has no rate, and what is done nothing left.
    pub(super) fn tell_progress(&self, state: &'static str) {
        self.repository.tell(|| {
            let Progress { records, expected, per_second, eta, waiting } = self.meter.progress();
            let eta = match (state, eta) {
                ("done", _) => Some(Duration::ZERO),
                ("running", Eta::In(left)) => Some(left),
                _ => None,
            };
            let is_running = state == "running";
            let per_second = per_second.filter(|_| is_running);
            let waiting = waiting.filter(|_| is_running).map(|reason| Brief::new(&reason));
            Event::BackfillProgressed { records, expected, per_second, eta, state, waiting }
        });
    }

    async fn timed(
        &self,
        work: impl Future<Output = Result<BackfillReport, BackfillError>>,
    ) -> Result<BackfillReport, BackfillError> {
        let began = Instant::now();
        let report = work.instrument(info_span!(span::BACKFILL, { field::JOB } = %self.job)).await;
        let report = report.map(|report| BackfillReport { duration: began.elapsed(), ..report });
        let summary = report.as_ref().ok().map(|report| tracing::field::display(report.summary()));
        debug!({ field::REPORT } = summary, "backfilled");
        report
    }

    async fn work(&self, mut pace: Pace) -> Result<BackfillReport, BackfillError> {
        let mut report = BackfillReport::new(self.job.clone());
        let Some(partitions) = self.open().await? else {
            self.meter.begin(0, self.config.expected);
            report.is_done = true;
            return Ok(report);
        };
        self.are_ours(&partitions)?;
        let counted = partitions.iter().map(|state| state.checkpoint.scanned).sum();
        self.meter.begin(counted, self.config.expected);
        while pace.proceed().await.is_ok() {
            self.may_copy()?;
            let Some(claim) = self.claim().await? else {
                if self.load().await?.iter().all(|state| state.checkpoint.is_done) {
                    break;
                }
                self.meter.waits(Some("every partition left is another worker's".to_owned()));
                if pace.sleep_until(Instant::now() + ASKED_EVERY).await.is_err() {
                    break;
                }
                continue;
            };
            let number = claim.number;
            match Copy::of(self, claim, &mut pace)?.run(&mut report).await? {
                Ended::Done => {}
                Ended::Lost => {
                    report.claims_lost += 1;
                    self.is_alone(number).await?;
                }
                Ended::Stopped => break,
            }
        }
        report.close(&self.load().await?);
        Ok(report)
    }

    async fn foresee(&self, mut pace: Pace) -> Result<BackfillReport, BackfillError> {
        let mut report = BackfillReport::new(self.job.clone());
        report.is_dry_run = true;
        self.meter.begin(0, self.config.expected);
        let Some(last) = self.last_key().await? else {
            report.is_done = true;
            return Ok(report);
        };
        let whole = partitions(&[], &last).swap_remove(0);
        let claim = Claim {
            job: self.job.clone(),
            number: 0,
            epoch: 0,
            partition: whole,
            checkpoint: super::Checkpoint::default(),
        };
        let ended = Copy::of(self, claim, &mut pace)?.foresee(&mut report).await?;
        report.is_done = matches!(ended, Ended::Done);
        Ok(report)
    }

    /// The partitions of the job, which is begun if it was not yet; `None` if
    /// there is nothing to copy.
    async fn open(&self) -> Result<Option<Vec<PartitionState>>, BackfillError> {
        let begun = self.load().await?;
        if !begun.is_empty() {
            return Ok(Some(begun));
        }
        let Some(last) = self.last_key().await? else { return Ok(None) };
        let partitions = partitions(&self.boundaries, &last);
        let tries = &self.config.tries;
        let opened = persist(tries, || self.checkpoints.open(&self.job, &partitions));
        opened.await.map_err(|source| self.unreachable(source))?;
        self.load().await.map(Some)
    }

    /// Looked at before one is claimed: others may be waiting for it.
    fn are_ours(&self, partitions: &[PartitionState]) -> Result<(), BackfillError> {
        let keys =
            partitions.iter().flat_map(|PartitionState { partition, checkpoint, .. }| {
                [Some(&partition.until), partition.after.as_ref(), checkpoint.after.as_ref()]
            });
        keys.flatten().try_for_each(|key| self.key_of(key).map(drop))
    }

    async fn last_key(&self) -> Result<Option<L::Key>, BackfillError> {
        let last = persist(&self.config.tries, || self.repository.legacy().last_key()).await;
        Ok(last.map_err(|source| ScanError::Failed { side: Side::Legacy, source })?)
    }

    async fn load(&self) -> Result<Vec<PartitionState>, BackfillError> {
        let loaded = persist(&self.config.tries, || self.checkpoints.load(&self.job)).await;
        loaded.map_err(|source| self.unreachable(source))
    }

    /// Two workers of one name would take a partition from each other for ever.
    async fn is_alone(&self, lost: u32) -> Result<(), BackfillError> {
        let partitions = self.load().await?;
        let lost = usize::try_from(lost).ok().and_then(|lost| partitions.get(lost));
        if lost.is_some_and(|lost| lost.holder.as_ref() == Some(&self.worker)) {
            let (job, worker) = (self.job.clone(), self.worker.clone());
            return Err(BackfillError::NameTaken { job, worker });
        }
        Ok(())
    }

    async fn claim(&self) -> Result<Option<Claim>, BackfillError> {
        let term = self.config.claim_term;
        let claim = || self.checkpoints.claim(&self.job, &self.worker, term);
        persist(&self.config.tries, claim).await.map_err(|source| self.unreachable(source))
    }

    pub(super) fn unreachable(&self, source: StoreError) -> BackfillError {
        BackfillError::Checkpoint { job: self.job.clone(), source }
    }

    pub(super) fn key_of(&self, bytes: &[u8]) -> Result<L::Key, BackfillError> {
        L::Key::from_bytes(bytes)
            .map_err(|source| BackfillError::ForeignKey { job: self.job.clone(), source })
    }

    /// Whether modern may be written to by a copy, now.
    pub(super) fn may_copy(&self) -> Result<(), BackfillError> {
        let tracker = self.repository.tracker();
        if tracker.word().is_closed() {
            let over = tracker.is_closed_for_good();
            return Err(if over { BackfillError::Closed } else { BackfillError::LeaseRanOut });
        }
        let state = tracker.state();
        if state.is_decommissioned() {
            return Err(BackfillError::Decommissioned);
        }
        let leads = |name| {
            let part = state.part(name);
            part.is_some_and(|part| primary(part.phase, part.entered_from) == Side::Modern)
        };
        let forgets = self.repository.modern().scope() == StampScope::Process;
        if forgets && (leads(PartName::Base) || leads(PartName::Cohort)) {
            return Err(BackfillError::ForgetfulModern);
        }
        Ok(())
    }
}
