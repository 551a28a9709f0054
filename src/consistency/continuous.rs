//! Checks, one after the other, until told to stop.

use std::future::Future;

use tokio::time::Instant;
use tracing::{Instrument, info_span};

use super::run::Run;
use super::{CheckMode, CheckReport, ConsistencyChecker};
use crate::observe::span;
use crate::repository::{DigestRepository, ScanRepository};
use crate::worker::{WorkerControl, until};

#[expect(
    clippy::manual_async_fn,
    reason = "`Send` is promised here once, as in `MigrationRepository`"
)]
impl<L, M> ConsistencyChecker<L, M>
where
    L: ScanRepository,
    M: ScanRepository<Key = L::Key, Entity = L::Entity>,
{
    /// [Checks every key](Self::full) again and again, a
    /// [cycle](super::CheckerConfig::with_cycle) after the last began, or when it
    /// ends if that takes longer. Hands over each report, that of a cycle cut
    /// short too, and answers how many there were.
    ///
    /// ```
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::MigrationRepository;
    /// use std::num::NonZeroU64;
    /// use std::time::Duration;
    /// use strangler_fig::consistency::{CheckerConfig, ConsistencyChecker, Verdict};
    /// use strangler_fig::worker::RateLimit;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// let gentle = CheckerConfig::default()
    ///     .with_rate_limit(RateLimit::per_second(NonZeroU64::try_from(2_000)?))
    ///     .with_cycle(Duration::from_secs(600));
    /// let checker = ConsistencyChecker::new(&users).with_config(gentle);
    ///
    /// let half_an_hour = tokio::time::sleep(Duration::from_secs(1_799));
    /// let mut verdicts = Vec::new();
    /// let cycles = checker.continuous(|report| verdicts.push(report.verdict), half_an_hour).await;
    /// assert_eq!((cycles, verdicts), (3, vec![Verdict::Consistent; 3]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: neither side is changed. Differences that were noted [in a queue](Self::with_repair_queue) stay noted,
    /// and what a clean cycle forgot of the sink stays forgotten.
    pub fn continuous(
        &self,
        mut on_report: impl FnMut(CheckReport<L::Key>) + Send,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = u64> + Send {
        async move {
            let stop = WorkerControl::new();
            let cycles = async {
                for cycle in 1.. {
                    let began = Instant::now();
                    let mut run = Run::begin(self, CheckMode::Full).stopped_by(&stop);
                    if run.merge_all(None).await.is_ok() {
                        let _ = run.confirm().await;
                    }
                    if run.end_cycle(began, &mut on_report).await {
                        return cycle;
                    }
                }
                u64::MAX
            };
            until(shutdown, stop.clone(), Box::pin(cycles.instrument(info_span!(span::CHECK))))
                .await
        }
    }
}

#[expect(
    clippy::manual_async_fn,
    reason = "`Send` is promised here once, as in `MigrationRepository`"
)]
impl<L, M> ConsistencyChecker<L, M>
where
    L: DigestRepository,
    M: DigestRepository<Key = L::Key, Entity = L::Entity>,
{
    /// As [`continuous`](Self::continuous), each cycle [by
    /// digests](Self::digest).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: neither side is changed. Differences that were noted [in a queue](Self::with_repair_queue) stay noted,
    /// and what a clean cycle forgot of the sink stays forgotten.
    pub fn continuous_digest(
        &self,
        mut on_report: impl FnMut(CheckReport<L::Key>) + Send,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = u64> + Send {
        async move {
            let stop = WorkerControl::new();
            let cycles = async {
                for cycle in 1.. {
                    let began = Instant::now();
                    let mut run = Run::begin(self, CheckMode::Digest).stopped_by(&stop);
                    if run.digest_all().await.is_ok() {
                        let _ = run.confirm().await;
                    }
                    if run.end_cycle(began, &mut on_report).await {
                        return cycle;
                    }
                }
                u64::MAX
            };
            until(shutdown, stop.clone(), Box::pin(cycles.instrument(info_span!(span::CHECK))))
                .await
        }
    }
}
