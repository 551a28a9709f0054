use std::fmt;
use std::sync::Arc;

use super::{BackfillConfig, CheckpointStore, JobName, WorkerName};
use crate::reconcile::RepairQueue;
use crate::repository::{MigrationRepository, StampedRepository};
use crate::worker::{Meter, Pace, Progress, Throttle, WorkerControl};

/// Copies legacy to modern, page by page, while traffic runs.
///
/// A record is applied with the stamp it has: it can neither overwrite a newer
/// one nor bring a deleted one back, so that it may run in any phase, be stopped
/// at any moment and be run again. It ends at the last key that legacy held when
/// the job was begun; whoever adds keys beyond that writes them as their phase
/// asks, and a [`Sweep`](crate::reconcile::Sweep) finds what they left out.
///
/// Several processes may run one job: each claims partitions of it under a lease.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryRepository};
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::backfill::Backfiller;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// let users = MigrationRepository::new(legacy, modern, tracker)?;
/// users.legacy().plant((1, "Ada".to_owned()));
///
/// let checkpoints = Arc::new(InMemoryCheckpointStore::default());
/// let repairs = Arc::new(InMemoryRepairQueue::default());
/// let backfiller = Backfiller::new(&users, checkpoints, repairs, "users".parse()?);
/// assert_eq!(backfiller.dry_run(std::future::pending()).await?.copied, 1);
///
/// let report = backfiller.run(std::future::pending()).await?;
/// assert!(report.is_done && report.copied == 1);
/// assert_eq!(users.modern().records(), users.legacy().records());
/// # Ok(())
/// # }
/// ```
pub struct Backfiller<L: StampedRepository, M> {
    pub(super) repository: MigrationRepository<L, M>,
    pub(super) checkpoints: Arc<dyn CheckpointStore>,
    pub(super) repairs: Arc<dyn RepairQueue>,
    pub(super) job: JobName,
    pub(super) config: BackfillConfig,
    pub(super) boundaries: Vec<L::Key>,
    pub(super) worker: WorkerName,
    control: WorkerControl,
    throttle: Option<Arc<dyn Throttle>>,
    pub(super) meter: Meter,
}

impl<L: StampedRepository, M> fmt::Debug for Backfiller<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backfiller")
            .field("job", &self.job)
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}

impl<L, M> Backfiller<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// A backfill of the stores of `repository`, with the default limits. What
    /// modern does not take is noted in `repairs`; a run ends if modern is away.
    #[must_use]
    pub fn new(
        repository: &MigrationRepository<L, M>,
        checkpoints: Arc<dyn CheckpointStore>,
        repairs: Arc<dyn RepairQueue>,
        job: JobName,
    ) -> Self {
        Self {
            repository: repository.clone(),
            checkpoints,
            repairs,
            job,
            config: BackfillConfig::default(),
            boundaries: Vec::new(),
            worker: WorkerName::made(repository.tracker().node()),
            control: WorkerControl::new(),
            throttle: None,
            meter: Meter::default(),
        }
    }

    /// The same, with given limits.
    #[must_use]
    pub fn with_config(mut self, config: BackfillConfig) -> Self {
        self.config = config;
        self
    }

    /// Cuts the job into partitions, each ending with one of these keys, so that
    /// several processes can share it. Whoever begins the job decides;
    /// [`DigestRepository::split`](crate::repository::DigestRepository::split)
    /// finds keys that divide a store evenly.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryRepository};
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::MigrationRepository;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// # let checkpoints = Arc::new(InMemoryCheckpointStore::default());
    /// # let repairs = Arc::new(InMemoryRepairQueue::default());
    /// use std::num::NonZeroUsize;
    /// use strangler_fig::backfill::Backfiller;
    /// use strangler_fig::repository::{DigestRepository, KeyRange};
    ///
    /// (0..10).for_each(|id| users.legacy().plant((id, "Ada")));
    /// let five = NonZeroUsize::new(5).expect("it is not zero");
    /// let cuts = users.legacy().split(&KeyRange::all(), five).await?;
    /// let report = Backfiller::new(&users, checkpoints, repairs, "users".parse()?)
    ///     .with_boundaries(cuts)
    ///     .run(std::future::pending())
    ///     .await?;
    /// assert_eq!((report.partitions, report.copied), (2, 10));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_boundaries(mut self, boundaries: Vec<L::Key>) -> Self {
        self.boundaries = boundaries;
        self
    }

    /// The name it claims partitions under, instead of one of its own making: a
    /// worker that is started again under the same name goes on at once with what
    /// it held, and need not wait for the claim of its former life to run out. Of
    /// two workers that run at once under one name, one ends with
    /// [`BackfillError::NameTaken`](super::BackfillError::NameTaken).
    #[must_use]
    pub fn with_worker_name(mut self, name: WorkerName) -> Self {
        self.worker = name;
        self
    }

    /// The same, told to pause and stop by `control`.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryRepository};
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::MigrationRepository;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// # let checkpoints = Arc::new(InMemoryCheckpointStore::default());
    /// # let repairs = Arc::new(InMemoryRepairQueue::default());
    /// use strangler_fig::backfill::Backfiller;
    /// use strangler_fig::worker::WorkerControl;
    ///
    /// users.legacy().plant((1, "Ada"));
    /// let control = WorkerControl::new();
    /// let backfiller = Backfiller::new(&users, checkpoints, repairs, "users".parse()?)
    ///     .with_control(control.clone());
    /// control.stop();
    /// let report = backfiller.run(std::future::pending()).await?;
    /// assert!(!report.is_done);
    /// assert_eq!(backfiller.progress().records, 0);
    /// # Ok(())
    /// # }
    /// ```
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

    /// How far the run has come: its own records, and those that the checkpoints
    /// counted before it.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.meter.progress()
    }

    pub(super) fn pace(&self) -> Pace {
        Pace::new(&self.control, &self.meter)
            .with_limit(self.config.rate_limit)
            .with_throttle(self.throttle.clone())
    }
}
