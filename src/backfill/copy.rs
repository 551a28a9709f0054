//! The copying of one partition: pages are read one after the other, written
//! several at once, and counted as done in their order.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use futures::{FutureExt, Stream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tracing::Instrument;

use super::page::{Outcome, apply, foresee};
use super::{BackfillError, BackfillReport, Backfiller, Checkpoint, Claim, FailedKey};
use crate::error::{StoreError, StoreErrorKind};
use crate::key::KeyExt;
use crate::observe::Event;
use crate::phase::Side;
use crate::reconcile::RepairNote;
use crate::repository::{Page, RecordHash, ScanRepository, StampedRepository};
use crate::stamp::Record;
use crate::worker::{Pace, ScanError, checked_page, persist};

/// How the copying of a partition ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Every key of it is copied.
    Done,
    /// Another worker has claimed it since.
    Lost,
    /// This worker was told to end.
    Stopped,
}

pub(super) struct Copy<'a, L: ScanRepository, M> {
    backfiller: &'a Backfiller<L, M>,
    claim: Claim,
    /// What is done, saved or about to be.
    checkpoint: Checkpoint,
    from: Option<L::Key>,
    until: L::Key,
    pace: &'a mut Pace,
    page_size: AtomicUsize,
}

/// A page that was read.
struct Read<K, E> {
    records: Vec<(K, Record<E>)>,
    /// The last key it speaks of.
    end: K,
    took: Duration,
}

/// A page of which every record was taken or has failed.
struct Landed<K> {
    outcome: Outcome<K>,
    scanned: u64,
    end: K,
}

/// The records of a page, with their keys.
type Records<S> = Vec<(<S as StampedRepository>::Key, Record<<S as StampedRepository>::Entity>)>;

type Copied<K> = Result<Landed<K>, BackfillError>;

impl<'a, L, M> Copy<'a, L, M>
where
    L: ScanRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    pub(super) fn of(
        backfiller: &'a Backfiller<L, M>,
        claim: Claim,
        pace: &'a mut Pace,
    ) -> Result<Self, BackfillError> {
        let from = claim.checkpoint.after.as_ref().or(claim.partition.after.as_ref());
        let from = from.map(|bytes| backfiller.key_of(bytes)).transpose()?;
        let until = backfiller.key_of(&claim.partition.until)?;
        let checkpoint = claim.checkpoint.clone();
        let page_size = AtomicUsize::new(backfiller.config.page_size.first().get());
        Ok(Self { backfiller, claim, checkpoint, from, until, pace, page_size })
    }

    /// Copies it, and renews the claim meanwhile. However it ends, the claim is
    /// given back.
    pub(super) async fn run(self, report: &mut BackfillReport) -> Result<Ended, BackfillError> {
        let saver = Saver { backfiller: self.backfiller, claim: &self.claim.clone() };
        let ended = self.saved_by(&saver, report).await;
        if !matches!(ended, Ok(Ended::Lost)) {
            saver.release().await;
        }
        ended
    }

    async fn saved_by(
        self,
        saver: &Saver<'_, L, M>,
        report: &mut BackfillReport,
    ) -> Result<Ended, BackfillError> {
        let Self { backfiller, mut checkpoint, from, until, pace, page_size, .. } = self;
        let (modern, tries) = (backfiller.repository.modern(), &backfiller.config.tries);
        let write = |records| apply(Arc::clone(modern), records, tries.clone()).boxed();
        let pages = pages(backfiller, pace, &page_size, from, until.clone(), write);
        let mut pages = std::pin::pin!(pages);
        let mut heartbeat = heartbeat(backfiller.config.claim_term);
        loop {
            let still_ours = tokio::select! {
                biased;
                landed = pages.next() => {
                    let Some(landed) = landed else { break };
                    let landed = landed?;
                    if let Some(error) = landed.outcome.modern_is_away() {
                        return Err(BackfillError::Modern(error));
                    }
                    saver.note_failed(&landed.outcome.failed).await?;
                    landed.count(&mut checkpoint, report, backfiller, &until);
                    saver.save(&checkpoint).await?
                }
                _ = heartbeat.tick() => saver.save(&checkpoint).await?,
            };
            if !still_ours {
                return Ok(Ended::Lost);
            }
        }
        Ok(if checkpoint.is_done { Ended::Done } else { Ended::Stopped })
    }

    /// Counts what copying it would come to.
    pub(super) async fn foresee(self, report: &mut BackfillReport) -> Result<Ended, BackfillError> {
        let Self { backfiller, mut checkpoint, from, until, pace, page_size, .. } = self;
        let (modern, tries) = (backfiller.repository.modern(), &backfiller.config.tries);
        let look = |records| foresee(Arc::clone(modern), records, tries.clone()).boxed();
        let mut pages =
            std::pin::pin!(pages(backfiller, pace, &page_size, from, until.clone(), look));
        while let Some(landed) = pages.next().await {
            landed?.count(&mut checkpoint, report, backfiller, &until);
        }
        Ok(if checkpoint.is_done { Ended::Done } else { Ended::Stopped })
    }
}

/// Three beats in each term of a claim.
fn heartbeat(term: Duration) -> Interval {
    let mut beat = interval_at(Instant::now() + term / 3, term / 3);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

/// The pages after `from` up to `until`, each worked on by a task of its own,
/// some at once, in their order. They end early if the worker is told to.
fn pages<'a, L, M, W>(
    backfiller: &'a Backfiller<L, M>,
    pace: &'a mut Pace,
    page_size: &'a AtomicUsize,
    from: Option<L::Key>,
    until: L::Key,
    work: W,
) -> impl Stream<Item = Copied<L::Key>> + Send + 'a
where
    L: ScanRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
    W: Fn(Vec<(L::Key, Record<L::Entity>)>) -> BoxFuture<'static, Outcome<L::Key>> + Send + 'a,
{
    let reader = Reader { backfiller, pace, page_size, after: from, until };
    let pages_read = stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        match reader.next().await? {
            Ok(read) => Some((Ok(read), Some(reader))),
            Err(error) => Some((Err(error), None)),
        }
    });
    let pages_worked = pages_read.map(move |page| {
        let task = page.map(|page| {
            let Read { records, end, took } = page;
            let scanned = records.len();
            (Task::spawn(work(records)), end, took, scanned)
        });
        landing(backfiller, page_size, task)
    });
    pages_worked.buffered(backfiller.config.in_flight.get())
}

/// A page that is being written; dropped, it is given up.
struct Task<K>(JoinHandle<Outcome<K>>, Instant);

impl<K: Send + 'static> Task<K> {
    fn spawn(work: BoxFuture<'static, Outcome<K>>) -> Self {
        Self(tokio::spawn(work.in_current_span()), Instant::now())
    }
}

impl<K> Drop for Task<K> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type InHand<K> = (Task<K>, K, Duration, usize);

async fn landing<L: ScanRepository, M>(
    backfiller: &Backfiller<L, M>,
    page_size: &AtomicUsize,
    task: Result<InHand<L::Key>, BackfillError>,
) -> Copied<L::Key> {
    let (mut task, end, read, scanned) = task?;
    let outcome = (&mut task.0).await.map_err(|_| BackfillError::Panicked)?;
    if let Some(records) = NonZeroUsize::new(scanned) {
        let next = backfiller.config.page_size.after(records, read + task.1.elapsed());
        page_size.store(next.get(), Ordering::Relaxed);
    }
    Ok(Landed { outcome, scanned: u64::try_from(scanned).unwrap_or(u64::MAX), end })
}

/// Reads legacy at the pace the worker is allowed.
struct Reader<'a, L: ScanRepository, M> {
    backfiller: &'a Backfiller<L, M>,
    pace: &'a mut Pace,
    page_size: &'a AtomicUsize,
    after: Option<L::Key>,
    until: L::Key,
}

impl<L, M> Reader<'_, L, M>
where
    L: ScanRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    async fn next(&mut self) -> Option<Result<Read<L::Key, L::Entity>, BackfillError>> {
        if self.after.as_ref().is_some_and(|after| *after >= self.until) {
            return None;
        }
        self.pace.proceed().await.ok()?;
        let began = Instant::now();
        let page = self.pace.unless_stopped(self.page()).await.ok()?;
        // Asked after the read, which may have taken long.
        if let Err(error) = self.backfiller.may_copy() {
            return Some(Err(error));
        }
        Some(page.map(|page| {
            let (records, end) = self.cut(page);
            self.pace.spent(u64::try_from(records.len()).unwrap_or(u64::MAX));
            self.after = Some(end.clone());
            Read { records, end, took: began.elapsed() }
        }))
    }

    async fn page(&self) -> Result<Page<L::Key, L::Entity>, BackfillError> {
        let limit = self.page_size.load(Ordering::Relaxed);
        let limit = NonZeroUsize::new(limit).unwrap_or(NonZeroUsize::MIN);
        let legacy = self.backfiller.repository.legacy();
        let scanned =
            persist(&self.backfiller.config.tries, || legacy.scan(self.after.as_ref(), limit));
        let side = Side::Legacy;
        let page = scanned.await.map_err(|source| ScanError::Failed { side, source })?;
        Ok(checked_page(side, self.after.as_ref(), page)?)
    }

    /// What of a page lies in the partition, and up to where it speaks.
    fn cut(&self, page: Page<L::Key, L::Entity>) -> (Records<L>, L::Key) {
        let Page { mut records, is_last } = page;
        let all = records.len();
        records.truncate(records.partition_point(|(key, _)| *key <= self.until));
        let is_end = is_last || records.len() < all;
        let end = match records.last() {
            Some((key, _)) if !is_end => key.clone(),
            _ => self.until.clone(),
        };
        (records, end)
    }
}

impl<K: KeyExt> Landed<K> {
    fn count<L, M>(
        self,
        checkpoint: &mut Checkpoint,
        report: &mut BackfillReport,
        backfiller: &Backfiller<L, M>,
        until: &K,
    ) where
        L: ScanRepository<Key = K>,
        M: StampedRepository<Key = K, Entity = L::Entity>,
    {
        let Outcome { copied, level, failed } = self.outcome;
        let lost = u64::try_from(failed.len()).unwrap_or(u64::MAX);
        checkpoint.is_done = self.end >= *until;
        checkpoint.after = Some(self.end.to_bytes());
        checkpoint.scanned += self.scanned;
        checkpoint.copied += copied;
        checkpoint.level += level;
        checkpoint.failed += lost;
        report.scanned += self.scanned;
        report.copied += copied;
        report.level += level;
        report.failed += lost;
        let room = backfiller.config.failures_kept.saturating_sub(report.failed_keys.len());
        report.failed_keys.extend(failed.iter().take(room).map(|(key, error)| named(key, error)));
        backfiller.meter.count(self.scanned);
        if !report.is_dry_run {
            backfiller.repository.tell(|| Event::Backfilled { copied, level, failed: lost });
            backfiller.tell_progress("running");
        }
    }
}

fn named<K: KeyExt>(key: &K, error: &StoreError) -> FailedKey {
    let hex = RecordHash::key_part(key);
    FailedKey { key: String::from_utf8_lossy(&hex).into_owned(), error: error.with_causes() }
}

/// Writes down what is done, under the claim.
struct Saver<'a, L: StampedRepository, M> {
    backfiller: &'a Backfiller<L, M>,
    claim: &'a Claim,
}

impl<L, M> Saver<'_, L, M>
where
    L: ScanRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Whether the claim still stands.
    async fn save(&self, checkpoint: &Checkpoint) -> Result<bool, BackfillError> {
        let Backfiller { checkpoints, config, .. } = self.backfiller;
        let saved =
            persist(&config.tries, || checkpoints.save(self.claim, checkpoint, config.claim_term));
        match saved.await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == StoreErrorKind::Conflict => Ok(false),
            Err(error) => Err(self.backfiller.unreachable(error)),
        }
    }

    /// What modern did not take is durable before the checkpoint passes it.
    async fn note_failed(&self, failed: &[(L::Key, StoreError)]) -> Result<(), BackfillError> {
        if failed.is_empty() {
            return Ok(());
        }
        let note = |(key, _): &(L::Key, StoreError)| RepairNote {
            key: key.to_bytes(),
            reason: "backfill_failed".to_owned(),
        };
        let notes: Vec<_> = failed.iter().map(note).collect();
        let Backfiller { repairs, config, .. } = self.backfiller;
        let done = persist(&config.tries, || repairs.note(&notes));
        done.await.map_err(BackfillError::RepairQueue)
    }

    /// Others may go on at once; if they cannot be told, when the term is over.
    async fn release(&self) {
        let Backfiller { checkpoints, config, .. } = self.backfiller;
        let _ = persist(&config.tries, || checkpoints.release(self.claim)).await;
    }
}
