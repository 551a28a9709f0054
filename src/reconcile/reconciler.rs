use std::future::Future;
use std::sync::Arc;

use super::rounds::Round;
use super::{
    ReconcileError, ReconcileReport, ReconcilerConfig, RepairPreview, RepairPump, RepairQueue,
};
use crate::repository::{ConflictPolicy, MigrationRepository, StampedRepository};
use crate::worker::{Meter, Pace, Progress, Throttle, WorkerControl, until};

/// Repairs the keys that may differ: takes them from the sink of this process
/// into the durable queue, and joins what is due there, each from records read
/// afresh, several at once.
///
/// A row that was changed, deleted or made after its key was noted ends as its
/// last write says: a repair holds no content from before. Of a row that is on
/// neither side modern takes a tombstone, while legacy wins every difference: an old
/// copy of it may be on its way. What fails is put off,
/// longer and longer, and parked with the reason at the limit of attempts;
/// [`retry`](Self::retry) brings it back. Nothing is dropped. Several may work on
/// one queue; each node that serves traffic needs one, or a [`RepairPump`].
///
/// While the lease of its node has run out ([`OutagePolicy::Fenced`]) it joins nothing:
/// it takes over what is noted, waits for the lease, and goes on.
///
/// Crossing depends on sweeps, never on repairs: a killed process takes with it
/// what its sink had not yet handed over.
///
/// [`OutagePolicy::Fenced`]: crate::phase::OutagePolicy::Fenced
///
/// ```
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use std::sync::Arc;
/// use strangler_fig::memory::{InMemoryRepairQueue, InMemoryRepository};
/// use strangler_fig::reconcile::{Reconciler, RepairQueue};
/// use strangler_fig::repository::DivergenceReason;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// let users = MigrationRepository::new(legacy, modern, tracker)?;
/// users.legacy().plant((1, "Ada"));
/// users.sink().note(1, DivergenceReason::LenientFailed, None);
///
/// let queue = Arc::new(InMemoryRepairQueue::default());
/// let reconciler = Reconciler::new(&users, queue.clone());
/// let report = reconciler.drain(std::future::pending()).await?;
/// assert_eq!((report.noted, report.copied), (1, 1));
/// assert!(queue.depth().await?.is_empty());
/// assert_eq!(users.modern().records(), users.legacy().records());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Reconciler<L: StampedRepository, M> {
    pub(super) repository: MigrationRepository<L, M>,
    pub(super) queue: Arc<dyn RepairQueue>,
    pub(super) pump: RepairPump<L::Key>,
    pub(super) config: ReconcilerConfig,
    pub(super) policy: ConflictPolicy<L::Key, L::Entity>,
    control: WorkerControl,
    throttle: Option<Arc<dyn Throttle>>,
    pub(super) meter: Meter,
}

/// When the work is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    Shutdown,
    NothingIsDue,
}

#[expect(
    clippy::manual_async_fn,
    reason = "`Send` is promised here once, as in `MigrationRepository`"
)]
impl<L, M> Reconciler<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// A reconciler of the stores of `repository`, with the default limits.
    #[must_use]
    pub fn new(repository: &MigrationRepository<L, M>, queue: Arc<dyn RepairQueue>) -> Self {
        Self {
            repository: repository.clone(),
            pump: RepairPump::new(repository.sink(), Arc::clone(&queue)),
            queue,
            config: ReconcilerConfig::default(),
            policy: ConflictPolicy::default(),
            control: WorkerControl::new(),
            throttle: None,
            meter: Meter::default(),
        }
    }

    /// The same, told to pause and stop by `control`: between two batches.
    #[must_use]
    pub fn with_control(mut self, control: WorkerControl) -> Self {
        self.control = control;
        self
    }

    /// The same, giving way to what `throttle` watches.
    #[must_use]
    pub fn with_throttle(mut self, throttle: Arc<dyn Throttle>) -> Self {
        self.throttle = Some(throttle);
        self
    }

    /// How many keys were repaired, put off or parked, of as many as waited when a
    /// [`drain`](Self::drain) began.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.meter.progress()
    }

    fn pace(&self) -> Pace {
        let pace = Pace::new(&self.control, &self.meter);
        pace.with_limit(self.config.rate_limit).with_throttle(self.throttle.clone())
    }

    /// The same, with given limits. [`ReconcilerConfig`] shows them.
    #[must_use]
    pub fn with_config(mut self, config: ReconcilerConfig) -> Self {
        self.config = config;
        self
    }

    /// The same, with a policy for conflicts, which are the primary's otherwise.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::{InMemoryRepairQueue, InMemoryRepository};
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::MigrationRepository;
    /// use strangler_fig::reconcile::Reconciler;
    /// use strangler_fig::repository::ConflictPolicy;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// # let queue = Arc::new(InMemoryRepairQueue::default());
    /// let careful = Reconciler::new(&users, queue).with_conflict_policy(ConflictPolicy::Park);
    /// assert_eq!(careful.drain(std::future::pending()).await?.parked, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_conflict_policy(mut self, policy: ConflictPolicy<L::Key, L::Entity>) -> Self {
        self.policy = policy;
        self
    }

    /// Repairs until `shutdown` resolves; the keys in hand are always finished. A
    /// queue that fails is tried again after a pause, for ever.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::{InMemoryRepairQueue, InMemoryRepository};
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::{DivergenceReason, MigrationRepository};
    /// use std::time::Duration;
    /// use strangler_fig::reconcile::Reconciler;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// # let queue = Arc::new(InMemoryRepairQueue::default());
    /// users.sink().note(1, DivergenceReason::Mismatch, None);
    /// let shutdown = tokio::time::sleep(Duration::from_millis(50)); // a signal, in your case
    /// let report = Reconciler::new(&users, queue).run(shutdown).await?;
    /// assert_eq!(report.level, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReconcileError::Closed`]: this node has left the fleet. The keys in its
    /// sink were taken over all the same. That legacy was decommissioned is no
    /// error: it ends, for nothing is to be repaired any more.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was taken is due again after its term, what was on its
    /// way from the sink goes back there, what was joined is joined.
    pub fn run(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<ReconcileReport, ReconcileError>> + Send {
        self.work(shutdown, Goal::Shutdown)
    }

    /// Repairs until nothing is due any more, or `shutdown` resolves. What is left
    /// in the report was put off, is parked, or in the hands of others.
    ///
    /// [`Reconciler`] shows it.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); and [`ReconcileError::Queue`] if the queue goes on
    /// failing.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub fn drain(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<ReconcileReport, ReconcileError>> + Send {
        self.work(shutdown, Goal::NothingIsDue)
    }

    /// What repairs of the keys that wait in the queue would do now. Both stores
    /// are read and nothing is written, neither there nor in the queue; keys still
    /// in the sink are not seen.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::{InMemoryRepairQueue, InMemoryRepository};
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::{DivergenceReason, MigrationRepository};
    /// use strangler_fig::reconcile::{Reconciler, RepairPump};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// # let queue = Arc::new(InMemoryRepairQueue::default());
    /// users.legacy().plant((1, "Ada"));
    /// users.sink().note(1, DivergenceReason::LenientFailed, None);
    /// RepairPump::new(users.sink(), queue.clone()).pump().await?;
    ///
    /// let preview = Reconciler::new(&users, queue).dry_run(std::future::pending()).await?;
    /// assert_eq!((preview.keys, preview.to_modern), (1, 1));
    /// assert!(preview.is_complete && users.modern().records().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`drain`](Self::drain).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub fn dry_run(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<RepairPreview<L::Key>, ReconcileError>> + Send {
        async move {
            let pace = self.pace();
            until(shutdown, pace.shutdown(), Box::pin(self.preview(pace))).await
        }
    }

    fn work(
        &self,
        shutdown: impl Future<Output = ()> + Send,
        goal: Goal,
    ) -> impl Future<Output = Result<ReconcileReport, ReconcileError>> + Send {
        async move {
            let pace = self.pace();
            until(shutdown, pace.shutdown(), Box::pin(self.rounds(pace, goal))).await
        }
    }

    async fn preview(&self, mut pace: Pace) -> Result<RepairPreview<L::Key>, ReconcileError> {
        let mut preview = RepairPreview::default();
        let mut after = None;
        while goes_on(&mut pace).await {
            if self.has_left() {
                return Err(ReconcileError::Closed { report: Box::default() });
            }
            if self.is_closed() {
                preview.is_complete = true;
                break;
            }
            if !self.may_write() {
                let pause = tokio::time::sleep(self.config.poll_interval);
                let _ = pace.unless_stopped(pause).await;
                continue;
            }
            let Some(last) = self.preview_page(after.as_deref(), &mut preview).await? else {
                preview.is_complete = true;
                break;
            };
            after = Some(last);
        }
        Ok(preview)
    }

    async fn rounds(&self, mut pace: Pace, goal: Goal) -> Result<ReconcileReport, ReconcileError> {
        let mut report = ReconcileReport::default();
        let mut failures = 0_u32;
        let mut told = None;
        self.begin(goal).await;
        while !self.is_closed() && goes_on(&mut pace).await {
            self.tell_depth_again(&mut told).await;
            if !self.may_write() {
                self.wait_for_the_lease(&pace, &mut report).await;
                continue;
            }
            let before = report.ended();
            let round = self.round(&mut report).await;
            pace.spent(report.ended() - before);
            self.meter.count(report.ended() - before);
            match round {
                Round::Busy => failures = 0,
                Round::Idle if goal == Goal::NothingIsDue => break,
                Round::Idle => {
                    failures = 0;
                    self.idle(&pace).await;
                }
                Round::QueueFailed(source) => {
                    failures = failures.saturating_add(1);
                    if goal == Goal::NothingIsDue && failures > self.config.queue_retries {
                        let report = Box::new(report);
                        return Err(ReconcileError::Queue { failures, source, report });
                    }
                    let pause = self.config.delay(failures);
                    let _ = pace.unless_stopped(tokio::time::sleep(pause)).await;
                }
            }
        }
        self.take_over(&mut report).await;
        report.left = self.depth().await;
        self.tell_depth(report.left);
        if self.has_left() {
            return Err(ReconcileError::Closed { report: Box::new(report) });
        }
        Ok(report)
    }

    /// It takes no say in the migration to tell which keys may differ.
    async fn take_over(&self, report: &mut ReconcileReport) {
        let mut errors = Vec::new();
        self.note(report, &mut errors).await;
        report.queue_errors += u64::from(!errors.is_empty());
    }

    /// A moment, in which what is noted gets into the queue all the same.
    async fn wait_for_the_lease(&self, pace: &Pace, report: &mut ReconcileReport) {
        self.take_over(report).await;
        let _ = pace.unless_stopped(tokio::time::sleep(self.config.poll_interval)).await;
    }

    /// A drain has an end, and so a time that is left.
    async fn begin(&self, goal: Goal) {
        let expected = match goal {
            Goal::NothingIsDue => self.depth().await.map(|depth| depth.waiting),
            Goal::Shutdown => None,
        };
        self.meter.begin(0, expected);
    }

    /// Until there may be something to do.
    async fn idle(&self, pace: &Pace) {
        let _ = pace
            .unless_stopped(async {
                tokio::select! {
                    biased;
                    () = self.repository.sink().filled() => {}
                    () = tokio::time::sleep(self.config.poll_interval) => {}
                }
            })
            .await;
    }
}

/// Between two batches: whether to go on.
async fn goes_on(pace: &mut Pace) -> bool {
    tokio::task::consume_budget().await;
    pace.proceed().await.is_ok()
}
