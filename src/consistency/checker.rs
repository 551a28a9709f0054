use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tracing::{Instrument, info_span};

use super::run::{Run, count};
use super::sample::Sampler;
use super::{CheckMode, CheckReport, CheckerConfig, Comparator, Exact, Sample};
use crate::observe::span;
use crate::reconcile::RepairQueue;
use crate::repository::{MigrationRepository, ScanRepository, StampedRepository};
use crate::worker::{Meter, Progress, Stopped, Throttle, WorkerControl, until};

/// Compares the two sides of a migration, beside the traffic.
///
/// It repairs nothing: differences go into the report, and into a
/// [`RepairQueue`] if it is given one. Every check ends with a report, whatever
/// fails; what could not be looked at stands in it.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// # use std::time::Duration;
/// use strangler_fig::consistency::{CheckerConfig, ConsistencyChecker, FieldComparator, Sample};
/// use strangler_fig::phase::Share;
/// use strangler_fig::worker::WorkerControl;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// # let users = MigrationRepository::new(legacy, modern, tracker)?;
/// # for user in [(1, "Ada"), (2, "Grace")] { users.save(user).await?; }
/// users.modern().plant((1, "Ada"));
/// users.modern().plant((2, "grace"));
///
/// let control = WorkerControl::new(); // to pause it, and to stop it
/// let checker = ConsistencyChecker::new(&users)
///     .with_config(CheckerConfig::default().with_settling(Duration::from_secs(5)))
///     .with_comparator(FieldComparator::new().showing(|_, value| value.to_owned()))
///     .with_control(control);
///
/// let report = checker.full(std::future::pending()).await;
/// assert_eq!((report.keys, report.differences.total()), (2, 2)); // both lack their stamps
/// assert_eq!(report.kept[1].fields[0].to_string(), r#"[1]: "Grace" in legacy, "grace" in modern"#);
///
/// // A part, the same on both sides; some keys; what an earlier check had found.
/// let tenth = Sample::of(Share::percent(10), 7);
/// assert!(checker.sampled(tenth, std::future::pending()).await.keys <= 2);
/// assert!(checker.keys([3], std::future::pending()).await.is_consistent());
/// users.join(&1).await?;
/// users.join(&2).await?;
/// assert!(checker.earlier(&report, std::future::pending()).await.is_consistent());
/// assert_eq!(checker.progress().records, 4);
/// # Ok(())
/// # }
/// ```
///
/// # How a difference is confirmed
///
/// The source is the primary of the key's part. It is read, then after
/// [`settling`](CheckerConfig::with_settling) the target, then the source again.
/// Only a source that showed the same record twice, with a target that still
/// differs, makes a difference; a target level with either reading makes none; a
/// source that moved is looked at again, and after some rounds called unsettled.
/// Where writes may reach the target first, as where both sides must take them,
/// the target has to show the same record twice as well.
pub struct ConsistencyChecker<L: StampedRepository, M> {
    pub(super) repository: MigrationRepository<L, M>,
    pub(super) config: CheckerConfig,
    pub(super) comparator: Arc<dyn Comparator<L::Entity>>,
    pub(super) control: WorkerControl,
    pub(super) queue: Option<Arc<dyn RepairQueue>>,
    pub(super) throttle: Option<Arc<dyn Throttle>>,
    pub(super) meter: Meter,
}

impl<L: StampedRepository, M> fmt::Debug for ConsistencyChecker<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsistencyChecker")
            .field("repository", &self.repository)
            .field("config", &self.config)
            .field("comparator", &self.comparator)
            .finish_non_exhaustive()
    }
}

impl<L, M> ConsistencyChecker<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// A checker of the stores of `repository`, with the default limits and
    /// [`Exact`] comparison.
    #[must_use]
    pub fn new(repository: &MigrationRepository<L, M>) -> Self {
        Self {
            repository: repository.clone(),
            config: CheckerConfig::default(),
            comparator: Arc::new(Exact),
            control: WorkerControl::new(),
            queue: None,
            throttle: None,
            meter: Meter::default(),
        }
    }

    /// The same, with given limits.
    #[must_use]
    pub fn with_config(mut self, config: CheckerConfig) -> Self {
        self.config = config;
        self
    }

    /// The same, with other ideas of what differs.
    #[must_use]
    pub fn with_comparator(mut self, comparator: impl Comparator<L::Entity>) -> Self {
        self.comparator = Arc::new(comparator);
        self
    }

    /// The same, paused and stopped by `control`. A checker that was stopped
    /// checks nothing any more.
    #[must_use]
    pub fn with_control(mut self, control: WorkerControl) -> Self {
        self.control = control;
        self
    }

    /// The same; confirmed differences are noted in `queue`, under the name of
    /// their kind.
    #[must_use]
    pub fn with_repair_queue(mut self, queue: Arc<dyn RepairQueue>) -> Self {
        self.queue = Some(queue);
        self
    }

    /// The same, giving way to `throttle` before each page.
    #[must_use]
    pub fn with_throttle(mut self, throttle: Arc<dyn Throttle>) -> Self {
        self.throttle = Some(throttle);
        self
    }

    /// How far the check under way has come: records of both sides.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.meter.progress()
    }
}

impl<L, M> ConsistencyChecker<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Checks given keys, by reading them.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: neither side is changed. Differences that were noted [in a queue](Self::with_repair_queue) stay noted.
    pub fn keys(
        &self,
        keys: impl IntoIterator<Item = L::Key>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = CheckReport<L::Key>> + Send {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup();
        async move { self.check_keys(Run::begin(self, CheckMode::Keys), keys, shutdown).await }
    }

    /// Checks what an earlier check left open: its differences, its unsettled and
    /// its failed keys. What its report did not keep is not seen.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: neither side is changed. Differences that were noted [in a queue](Self::with_repair_queue) stay noted.
    pub fn earlier(
        &self,
        report: &CheckReport<L::Key>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = CheckReport<L::Key>> + Send {
        let mut run = Run::begin(self, CheckMode::Earlier);
        for reason in not_kept(report) {
            run.tally.uncovered(None, None, reason);
        }
        let differing = report.kept.iter().map(|it| &it.key);
        let failed = report.failed_keys.iter().map(|it| &it.key);
        let mut keys: Vec<_> =
            differing.chain(&report.unsettled_keys).chain(failed).cloned().collect();
        keys.sort_unstable();
        keys.dedup();
        async move { self.check_keys(run, keys, shutdown).await }
    }

    async fn check_keys(
        &self,
        mut run: Run<'_, L, M>,
        keys: Vec<L::Key>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> CheckReport<L::Key> {
        let stop = run.pace.shutdown();
        let work = async {
            if run.look_and_confirm(keys).await == Err(Stopped) {
                run.tally.uncovered(None, None, super::merge::STOPPED.to_owned());
            }
            run.finish()
        };
        until(shutdown, stop, Box::pin(work.instrument(info_span!(span::CHECK)))).await
    }
}

#[expect(
    clippy::manual_async_fn,
    reason = "`Send` is promised here once, as in `MigrationRepository`"
)]
impl<L, M> ConsistencyChecker<L, M>
where
    L: ScanRepository,
    M: ScanRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Checks every key, by scans of both sides in the order of their keys.
    ///
    /// It ends at the last key that a side held when it began. When it was clean,
    /// what was noted in the [sink](MigrationRepository::sink) before it began is
    /// forgotten: every key was level since.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: neither side is changed, and nothing of the sink is forgotten. Differences that were noted [in a
    /// queue](Self::with_repair_queue) stay noted.
    pub fn full(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = CheckReport<L::Key>> + Send {
        self.scanned(CheckMode::Full, None, shutdown)
    }

    /// Checks a part of the keys, the same on both sides. Both are scanned from
    /// end to end nevertheless: a scan cannot leave keys out. What it spares is
    /// looking again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: neither side is changed. Differences that were noted [in a queue](Self::with_repair_queue) stay noted.
    pub fn sampled(
        &self,
        sample: Sample,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = CheckReport<L::Key>> + Send {
        self.scanned(CheckMode::Sampled(sample), Some(Sampler::of(sample)), shutdown)
    }

    fn scanned(
        &self,
        mode: CheckMode,
        sampler: Option<Sampler>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = CheckReport<L::Key>> + Send {
        async move {
            let mut run = Run::begin(self, mode);
            let stop = run.pace.shutdown();
            let work = async {
                // Told to stop, it has written down what it did not see.
                if run.merge_all(sampler).await.is_ok() {
                    let _ = run.confirm().await;
                }
                run.finish()
            };
            until(shutdown, stop, Box::pin(work.instrument(info_span!(span::CHECK)))).await
        }
    }
}

/// What an earlier report counted without keeping the key.
fn not_kept<K>(report: &CheckReport<K>) -> Vec<String> {
    let beyond = |what: &str, counted: u64, kept: usize| {
        let lost = counted.saturating_sub(count(kept));
        (lost > 0).then(|| format!("{lost} {what} the earlier report did not keep"))
    };
    let differences = beyond("differences", report.differences.total(), report.kept.len());
    let unsettled = beyond("unsettled keys", report.unsettled, report.unsettled_keys.len());
    let failed = beyond("failed keys", report.failed, report.failed_keys.len());
    let unseen = beyond("ranges not seen,", report.uncovered, 0);
    [differences, unsettled, failed, unseen].into_iter().flatten().collect()
}
