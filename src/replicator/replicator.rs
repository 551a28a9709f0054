use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{ReplicatorConfig, ReplicatorStatus};
use crate::error::StoreError;
use crate::event::{ChangeFeed, OutsideWriters};
use crate::observe::Event;
use crate::reconcile::RepairQueue;
use crate::repository::{MigrationRepository, ScanRepository, StampedRepository};
use crate::worker::{Meter, Pace, Progress, Throttle, WorkerControl};

/// Follows the changes that others make to legacy, and carries them over to modern.
///
/// See the [module](crate::replicator) for an example, and for why it may do so beside any traffic. It runs in the
/// legacy family and in a `Cutover` entered from it; beyond, legacy is not what counts, and it ends. Several at once are
/// harmless, and no faster.
///
/// What modern does not take, and what cannot be read, is noted in the [`RepairQueue`] before the page is settled: the
/// feed goes on, a [`Reconciler`](crate::reconcile::Reconciler) tries or parks the key, and the gate
/// [`RepairQueueEmpty`](crate::controller::RepairQueueEmpty) shows it. Where no key of a page gets an answer, a store is
/// away: nothing is noted nor settled, and the page comes again. If it has come three times in vain, the stores are asked
/// for a key that went before, or for another that legacy has, or are read by the keys of the page if it has none; where
/// they answer, it is these keys that do not go: they are noted, too.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::{InMemoryChangeFeed, InMemoryRepairQueue, InMemoryRepository};
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::replicator::Replicator;
/// # use strangler_fig::repository::MigrationRepository;
/// # use strangler_fig::worker::WorkerControl;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// # let users = MigrationRepository::new(legacy, modern, tracker)?;
/// # let feed = Arc::new(InMemoryChangeFeed::default());
/// let control = WorkerControl::new(); // to pause it, and to stop it
/// let repairs = Arc::new(InMemoryRepairQueue::default());
/// let replicator = Replicator::new(&users, feed.clone(), repairs).with_control(control);
///
/// users.legacy().plant((1, "Ada"));
/// feed.hint(1);
/// feed.spoil(*b"?", "the column is gone"); // what cannot be read holds up nothing
/// let report = replicator.catch_up(std::future::pending()).await?; // a service has `run` in a task
/// assert_eq!((report.copied, report.noted, report.is_caught_up), (1, 1, true));
/// # Ok(())
/// # }
/// ```
pub struct Replicator<F: ?Sized, L: StampedRepository, M> {
    pub(super) feed: Arc<F>,
    pub(super) repository: MigrationRepository<L, M>,
    pub(super) repairs: Arc<dyn RepairQueue>,
    pub(super) config: ReplicatorConfig,
    pub(super) outside: Option<OutsideWriters>,
    control: WorkerControl,
    throttle: Option<Arc<dyn Throttle>>,
    pub(super) meter: Meter,
    /// A key for which the stores have answered.
    witness: Mutex<Option<L::Key>>,
}

impl<F: ?Sized, L: StampedRepository, M> fmt::Debug for Replicator<F, L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replicator")
            .field("repository", &self.repository)
            .field("outside", &self.outside)
            .finish_non_exhaustive()
    }
}

impl<F, L, M> Replicator<F, L, M>
where
    F: ChangeFeed<Key = L::Key, Entity = L::Entity> + ?Sized,
    L: ScanRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Follows `feed`, the changes of the legacy side of `repository`. What does not go is noted in `repairs`.
    #[must_use]
    pub fn new(
        repository: &MigrationRepository<L, M>,
        feed: Arc<F>,
        repairs: Arc<dyn RepairQueue>,
    ) -> Self {
        Self {
            feed,
            repository: repository.clone(),
            repairs,
            config: ReplicatorConfig::default(),
            outside: None,
            control: WorkerControl::new(),
            throttle: None,
            meter: Meter::default(),
            witness: Mutex::new(None),
        }
    }

    /// The same, with given limits.
    #[must_use]
    pub fn with_config(mut self, config: ReplicatorConfig) -> Self {
        self.config = config;
        self
    }

    /// The same, told to pause and stop by `control`.
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

    /// The same, with an eye on these: if they change something in `Cutover` after they were retired, they get their
    /// place in the fleet again, before the change is settled, and nothing crosses until they are off.
    ///
    /// The feed must then tell nothing of what goes through the crate itself.
    #[must_use]
    pub fn with_outside(mut self, writers: OutsideWriters) -> Self {
        self.outside = Some(writers);
        self
    }

    /// How far it is, by the feed and the repair queue.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::{InMemoryChangeFeed, InMemoryRepairQueue, InMemoryRepository};
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::replicator::Replicator;
    /// # use strangler_fig::repository::MigrationRepository;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// # let feed = Arc::new(InMemoryChangeFeed::default());
    /// let replicator = Replicator::new(&users, feed.clone(), Arc::new(InMemoryRepairQueue::default()));
    /// feed.hint(1);
    /// assert_eq!(replicator.status().await?.lag.pending, Some(1));
    ///
    /// replicator.catch_up(std::future::pending()).await?;
    /// let status = replicator.status().await?;
    /// assert!(status.is_caught_up() && status.repairs.is_empty());
    /// assert_eq!(status.progress.records, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What the feed or the repair queue reported.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only asks.
    pub async fn status(&self) -> Result<ReplicatorStatus, StoreError> {
        let lag = self.lag().await?;
        let repairs = self.once(async { self.repairs.depth().await }).await?;
        Ok(ReplicatorStatus { lag, repairs, progress: self.progress() })
    }

    pub(super) fn witness(&self) -> MutexGuard<'_, Option<L::Key>> {
        self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many changes it has carried over, how fast, and why it waits, if it does.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.meter.progress()
    }

    pub(super) fn pace(&self) -> Pace {
        let pace = Pace::new(&self.control, &self.meter);
        pace.with_limit(self.config.rate_limit).with_throttle(self.throttle.clone())
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.config.observer {
            observer.on_event(&event());
        }
    }
}
