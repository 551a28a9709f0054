use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Duration, Instant, sleep, timeout};
use tracing::warn;

use super::inner::{Inner, late};
use super::replay::Replayed;
use super::{DualWriter, ReplayError, ReplayReport};
use crate::error::StoreError;
use crate::observe::field;

/// After so many failures in a row a drain gives up.
const FAILURES_MAX: u32 = 5;
/// How long the journal may answer nothing at all before that: the first look of one in files may take minutes, and goes
/// on while it is asked again.
const SILENCE_MAX: Duration = Duration::from_secs(300);
/// How many requests one call of a purge takes.
const PURGE: NonZeroUsize = NonZeroUsize::new(256).expect("it is not zero");
/// How long that may take.
const PURGE_DEADLINE: Duration = Duration::from_secs(600);
/// How often it is looked whether something can be purged, and whether others have parked something.
const CARE_INTERVAL: Duration = Duration::from_secs(30);

/// Sends again what was written down and not finished: after a crash, a lost answer, a side that was away.
///
/// Several may run, in one process or in many: the journal gives each request to one of them. What fails is put
/// off, longer each time, and delays no other; what fails for too long is parked and told, for an operator to look at: also
/// what a process has parked that died before it could tell. It empties and forgets what has been closed for long.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::gateway::Upstream;
/// # use strangler_fig::gateway::dual::RequestJournal;
/// # use strangler_fig::phase::NodeId;
/// # use strangler_fig::stamp::StampClock;
/// use strangler_fig::gateway::dual::{DualWriter, ReplayError};
///
/// async fn catch_up(writer: &DualWriter) -> Result<(), ReplayError> {
///     let report = writer.replayer().drain(std::future::pending()).await?;
///     println!("{} requests were half done", report.done);
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct RequestReplayer(Arc<Inner>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Shutdown,
    NothingIsDue,
}

/// What is under way, and what came of all before.
struct Work {
    /// In tasks of their own, so that a journal that hangs holds up none of them.
    running: JoinSet<Replayed>,
    report: ReplayReport,
    failing: Failing,
    last: Option<StoreError>,
    /// How many requests were purged by it; aside, so that a journal that is slow at that delays no request.
    caring: JoinSet<usize>,
    care_at: Instant,
}

/// How the journal has failed since it last said what is due.
#[derive(Debug, Default, Clone, Copy)]
struct Failing {
    failures: u32,
    /// In how many of them it said nothing, and since when.
    silences: u32,
    silent_since: Option<Instant>,
}

impl Failing {
    const fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.silent_since = None;
    }

    fn was_silent(&mut self, since: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.silences = self.silences.saturating_add(1);
        self.silent_since.get_or_insert(since);
    }

    /// Whether a drain gives up.
    fn is_hopeless(&self, now: Instant) -> bool {
        let is_silent = |since| now.saturating_duration_since(since) >= SILENCE_MAX;
        self.failures.saturating_sub(self.silences) >= FAILURES_MAX
            || self.silent_since.is_some_and(is_silent)
    }
}

impl RequestReplayer {
    pub(super) fn new(writer: &DualWriter) -> Self {
        Self(Arc::clone(&writer.0))
    }

    /// Sends until `shutdown` resolves; what is in hand is finished. A journal that fails is tried again
    /// after a pause, for ever.
    ///
    /// # Errors
    ///
    /// None, as long as there is none that no pause can help.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was taken is due again after its term.
    pub async fn run(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<ReplayReport, ReplayError> {
        self.work(pin!(shutdown), Goal::Shutdown).await
    }

    /// Sends until nothing is due any more, or `shutdown` resolves. What is put off, or held by others, is left.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Journal`] if that fails five times in a row, or has not answered for five minutes: no call of it
    /// within [`with_journal_deadline`](super::DualWriteConfig::with_journal_deadline).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn drain(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<ReplayReport, ReplayError> {
        self.work(pin!(shutdown), Goal::NothingIsDue).await
    }

    async fn work(
        &self,
        mut shutdown: Pin<&mut (impl Future<Output = ()> + Send)>,
        goal: Goal,
    ) -> Result<ReplayReport, ReplayError> {
        let (running, report) = (JoinSet::new(), ReplayReport::default());
        let (caring, care_at) = (JoinSet::new(), Instant::now());
        let failing = Failing::default();
        let mut work = Work { running, report, failing, last: None, caring, care_at };
        loop {
            let found = self.take(&mut work).await;
            if work.caring.is_empty() && work.care_at <= Instant::now() {
                let inner = Arc::clone(&self.0);
                work.caring.spawn(async move { inner.care().await });
            }
            if goal == Goal::NothingIsDue {
                if found == Some(0) && work.running.is_empty() && work.caring.is_empty() {
                    return Ok(work.report);
                }
                if work.failing.is_hopeless(Instant::now()) {
                    work.finish().await;
                    break;
                }
            }
            // Whoever found something looks again as soon as there is room.
            let is_full = work.running.len() >= self.0.config.concurrency.get();
            let pause = match found {
                Some(1..) if !is_full => Duration::ZERO,
                _ => self.0.config.poll_interval,
            };
            tokio::select! {
                biased;
                () = &mut shutdown => {
                    work.finish().await;
                    return Ok(work.report);
                }
                Some(ended) = work.running.join_next() => work.count(ended),
                Some(purged) = work.caring.join_next() => work.cared(purged),
                () = sleep(pause) => {}
            }
        }
        let Work { report, failing: Failing { failures, .. }, last, .. } = work;
        let source = last.unwrap_or_else(|| StoreError::unavailable("the journal failed"));
        Err(ReplayError::Journal { failures, source, report })
    }

    /// Takes as much as there is room for; answers how much, if the journal did.
    async fn take(&self, work: &mut Work) -> Option<usize> {
        let inner = &self.0;
        let room = inner.config.concurrency.get().saturating_sub(work.running.len());
        let Some(room) = NonZeroUsize::new(room) else { return Some(0) };
        let term = inner.config.claim_term();
        let began = Instant::now();
        let taken = inner.journal.take(&inner.node, room, term);
        let error = match timeout(inner.config.journal_deadline, taken).await {
            Ok(Ok(taken)) => {
                work.failing = Failing::default();
                let until = began + term;
                let found = taken.len();
                for (claim, record) in taken {
                    let inner = Arc::clone(inner);
                    work.running.spawn(async move { inner.replay(claim, record, until).await });
                }
                return Some(found);
            }
            Ok(Err(error)) => {
                work.failing.failed();
                error
            }
            Err(_) => {
                work.failing.was_silent(began);
                late()
            }
        };
        let text = error.with_causes();
        warn!({ field::ERROR } = text, "the journal does not say what is due");
        work.report.journal_errors += 1;
        work.last = Some(error);
        None
    }
}

impl Inner {
    /// Empties and forgets some of what has been closed for long, and tells of what others have parked.
    async fn care(&self) -> usize {
        if let Err(error) = self.look_for_parked().await {
            let text = error.with_causes();
            warn!({ field::ERROR } = text, "the journal does not say what is parked");
        }
        let purged = self.journal.purge(self.config.retention, PURGE);
        // In a task of its own: it may take longer than what somebody waits for.
        match timeout(PURGE_DEADLINE, purged).await {
            Ok(Ok(purged)) => purged,
            Ok(Err(error)) => {
                let text = error.with_causes();
                warn!({ field::ERROR } = text, "the journal does not purge");
                0
            }
            Err(_) => {
                warn!("the journal does not purge within {PURGE_DEADLINE:?}");
                0
            }
        }
    }
}

impl Work {
    fn count(&mut self, ended: Result<Replayed, JoinError>) {
        let report = &mut self.report;
        // A task that has panicked leaves its request to the next claim.
        let counter = match ended.unwrap_or(Replayed::Lost) {
            Replayed::Done => &mut report.done,
            Replayed::Refused => &mut report.refused,
            Replayed::Parked => &mut report.parked,
            Replayed::PutOff => &mut report.put_off,
            Replayed::Lost => &mut report.lost,
        };
        *counter += 1;
    }

    /// Where there is more to purge, the next round goes on with it.
    fn cared(&mut self, purged: Result<usize, JoinError>) {
        let purged = purged.unwrap_or(0);
        self.report.purged += purged as u64;
        let is_all = purged < PURGE.get();
        self.care_at = Instant::now() + if is_all { CARE_INTERVAL } else { Duration::ZERO };
    }

    async fn finish(&mut self) {
        while let Some(ended) = self.running.join_next().await {
            self.count(ended);
        }
    }
}
