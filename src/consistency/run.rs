//! One check: what its ways of looking have in common.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::judge::{Reading, Rules};
use super::tally::Tally;
use super::{CheckMode, CheckReport, ConsistencyChecker};
use crate::error::StoreError;
use crate::observe::{Event, field};
use crate::phase::{Adopted, Scopes, Side};
use crate::repository::{SinkMark, StampedRepository};
use crate::worker::Persistence;
use crate::worker::{Pace, Stopped, WorkerControl};

/// A check under way.
pub(super) struct Run<'a, L: StampedRepository, M> {
    pub(super) checker: &'a ConsistencyChecker<L, M>,
    pub(super) pace: Pace,
    pub(super) tally: Tally<L::Key>,
    /// Mismatches that wait to be looked at again.
    pub(super) candidates: Vec<L::Key>,
    began: Instant,
    mark: SinkMark,
    adopted: Adopted,
}

impl<'a, L, M> Run<'a, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    pub(super) fn begin(checker: &'a ConsistencyChecker<L, M>, mode: CheckMode) -> Self {
        let config = &checker.config;
        checker.meter.begin(0, None);
        let pace = Pace::new(&checker.control, &checker.meter)
            .with_limit(config.budget)
            .with_throttle(checker.throttle.clone());
        Self {
            checker,
            pace,
            tally: Tally::new(mode, config.kept_max),
            candidates: Vec::new(),
            began: Instant::now(),
            mark: checker.repository.sink().mark(),
            adopted: checker.repository.tracker().state().adopted(),
        }
    }

    /// The same, told to end by a handle that outlives it.
    pub(super) fn stopped_by(mut self, stop: &WorkerControl) -> Self {
        self.pace = self.pace.with_shutdown(stop);
        self
    }

    /// Hands over the report and waits for the next cycle; whether there is none.
    pub(super) async fn end_cycle(
        self,
        began: Instant,
        on_report: &mut (impl FnMut(CheckReport<L::Key>) + Send),
    ) -> bool {
        let checker = self.checker;
        let pace = Pace::new(&checker.control, &checker.meter).with_shutdown(&self.pace.shutdown());
        on_report(self.finish());
        pace.sleep_until(began + checker.config.cycle).await.is_err()
    }

    /// The rules as of now.
    pub(super) fn rules(&self) -> Rules {
        let repository = &self.checker.repository;
        let scopes =
            Scopes { legacy: repository.legacy().scope(), modern: repository.modern().scope() };
        Rules::of(repository.tracker().state(), scopes)
    }

    /// Records that were read or digested.
    pub(super) fn spent(&mut self, records: u64) {
        self.pace.spent(records);
        self.checker.meter.count(records);
    }

    /// Reads keys of a side, page by page; one answer for each.
    pub(super) async fn read(
        &mut self,
        side: Side,
        keys: &[L::Key],
    ) -> Result<Vec<Reading<L::Entity>>, Stopped> {
        let (repository, tries) = (&self.checker.repository, &self.checker.config.tries);
        let mut answers = Vec::with_capacity(keys.len());
        for page in keys.chunks(self.checker.config.page_size.get()) {
            self.pace.proceed().await?;
            let read = async {
                match side {
                    Side::Legacy => read_page(&**repository.legacy(), page, tries).await,
                    Side::Modern => read_page(&**repository.modern(), page, tries).await,
                }
            };
            answers.extend(self.pace.unless_stopped(read).await?);
            self.spent(count(page.len()));
        }
        Ok(answers)
    }

    /// What is still open when the check ends was not settled.
    pub(super) fn finish(mut self) -> CheckReport<L::Key> {
        for key in std::mem::take(&mut self.candidates) {
            self.tally.unsettled(key);
        }
        self.tally.report.duration = self.began.elapsed();
        let report = self.tally.report.judged();
        let repository = &self.checker.repository;
        let moved = repository.tracker().state().adopted() != self.adopted;
        if shows_every_key_level(&report) && !moved {
            repository.sink().clear_until(self.mark);
        }
        tell(self.checker, &report);
        report
    }
}

/// Whether nothing noted before the check began can still differ, as after a
/// sweep that found nothing to do. What is merely tolerated is not level; and what
/// was level under the rules of another state need not be so now.
fn shows_every_key_level<K>(report: &CheckReport<K>) -> bool {
    report.mode.is_whole() && report.is_consistent() && report.tolerated == 0
}

fn tell<L: StampedRepository, M, K>(checker: &ConsistencyChecker<L, M>, report: &CheckReport<K>) {
    let (result, differences) = (report.verdict.name(), report.differences.total());
    if differences == 0 {
        debug!({ field::RESULT } = result, { field::KEYS } = report.keys, "checked");
    } else {
        warn!(
            { field::RESULT } = result,
            { field::KEYS } = report.keys,
            { field::DIFFERENCES } = differences,
            "the stores differ"
        );
    }
    if let Some(observer) = &checker.config.observer {
        observer.on_event(&Event::Checked {
            result,
            mode: report.mode.name(),
            every_key: report.mode.is_whole() && report.uncovered == 0,
            keys: report.keys,
            differences,
            open: report.unsettled + report.failed,
            duration: report.duration,
        });
    }
}

/// A call whose panic is a failure.
pub(super) async fn caught<T>(
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let panicked = |_| Err(StoreError::unavailable("the adapter panicked"));
    AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(panicked)
}

/// Reads a page; what fails in a way that may pass is read again.
async fn read_page<S: StampedRepository>(
    store: &S,
    keys: &[S::Key],
    tries: &Persistence,
) -> Vec<Reading<S::Entity>> {
    let mut answers = read_once(store, keys, tries).await;
    for pause in tries.delays() {
        let failed: Vec<_> = (0..keys.len()).filter(|at| may_pass(&answers[*at])).collect();
        if failed.is_empty() {
            break;
        }
        tokio::time::sleep(pause).await;
        let again: Vec<_> = failed.iter().map(|at| keys[*at].clone()).collect();
        for (at, answer) in failed.into_iter().zip(read_once(store, &again, tries).await) {
            answers[at] = answer;
        }
    }
    answers
}

fn may_pass<E>(reading: &Reading<E>) -> bool {
    reading.as_ref().is_err_and(StoreError::is_retryable)
}

/// Exactly one answer for each key, also of an adapter that panics, answers too few,
/// or not in time.
async fn read_once<S: StampedRepository>(
    store: &S,
    keys: &[S::Key],
    tries: &Persistence,
) -> Vec<Reading<S::Entity>> {
    let read = tries.in_time(async { store.read_many(keys).await });
    let unanswered = || Err(StoreError::unavailable("the adapter did not answer for this key"));
    let answers = AssertUnwindSafe(read).catch_unwind().await;
    let mut answers = answers.unwrap_or_else(|_| Ok(Vec::new())).unwrap_or_default();
    answers.resize_with(keys.len(), unanswered);
    answers
}

pub(super) fn count(records: usize) -> u64 {
    u64::try_from(records).unwrap_or(u64::MAX)
}

/// The legacy and the modern side, to be held by what outlives a borrow.
pub(super) fn sides<L, M>(checker: &ConsistencyChecker<L, M>) -> (&Arc<L>, &Arc<M>)
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    (checker.repository.legacy(), checker.repository.modern())
}
