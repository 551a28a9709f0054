use std::future::Future;
use std::sync::Arc;

use tracing::{Instrument, debug, info_span};

use super::attempt::{Left, Mended, attempt};
use super::copy::copy;
use super::sweep_told::told;
use super::tally::Tally;
use super::{SweepConfig, SweepError, SweepReport};
use crate::error::StoreError;
use crate::observe::{field, span};
use crate::phase::{
    Bucket, Fleet, MigrationState, MigrationStateService, Move, MoveError, Scopes, Side,
    SweepTicket, take_step,
};
use crate::repository::{
    ConflictPolicy, Join, JoinRule, MigrationRepository, ScanRepository, StampedRepository,
};
use crate::stamp::Record;
use crate::worker::{
    Meter, Pace, Progress, ReadOrder, Stopped, Throttle, Walk, Window, WorkerControl,
};

/// Joins every key of both stores, in both directions where that is allowed,
/// comparing the contents of equal stamps.
///
/// It runs beside the traffic: a join can neither overwrite a newer record nor
/// bring a deleted one back. It ends at the last key that a store held when it
/// began: whoever adds keys beyond that, writes them as their phase asks. Memory
/// is a page of each side and the keys that failed.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{Fleet, MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::reconcile::Sweep;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let legacy = InMemoryRepository::new(|user: &(u32, String)| user.0);
/// # let modern = InMemoryRepository::new(|user: &(u32, String)| user.0);
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// legacy.plant((1, "Ada".to_owned()));
/// let users = MigrationRepository::new(legacy, modern, tracker)?;
///
/// let ticket = users.tracker().state().begin_sweep(&Fleet::default());
/// let report = Sweep::new(&users).run(ticket, std::future::pending()).await?;
/// assert_eq!((report.keys, report.to_modern, report.is_clean()), (1, 1, true));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sweep<L: StampedRepository, M> {
    repository: MigrationRepository<L, M>,
    config: SweepConfig,
    policy: ConflictPolicy<L::Key, L::Entity>,
    control: WorkerControl,
    throttle: Option<Arc<dyn Throttle>>,
    meter: Meter,
}

impl<L, M> Sweep<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// A sweep of the stores of `repository`, with the default limits.
    #[must_use]
    pub fn new(repository: &MigrationRepository<L, M>) -> Self {
        Self {
            repository: repository.clone(),
            config: SweepConfig::default(),
            policy: ConflictPolicy::default(),
            control: WorkerControl::new(),
            throttle: None,
            meter: Meter::default(),
        }
    }

    /// The same, with given limits.
    ///
    /// ```
    /// # use std::num::NonZeroUsize;
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::phase::{Fleet, MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::MigrationRepository;
    /// use strangler_fig::reconcile::{Sweep, SweepConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// # let ticket = users.tracker().state().begin_sweep(&Fleet::default());
    /// let gentle = SweepConfig::default().with_page_size(NonZeroUsize::MIN);
    /// let sweep = Sweep::new(&users).with_config(gentle);
    /// assert!(sweep.run(ticket, std::future::pending()).await?.is_clean());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_config(mut self, config: SweepConfig) -> Self {
        self.config = config;
        self
    }

    /// The same, with a policy for conflicts: that of the
    /// [`Reconciler`](super::Reconciler), or the sweep settles what that one leaves
    /// to somebody. A conflict that is left so is one that remains.
    ///
    /// ```
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::phase::{Fleet, MigrationState, PhaseTracker};
    /// # use strangler_fig::reconcile::Sweep;
    /// # use strangler_fig::repository::{ConflictPolicy, MigrationRepository};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// # let ticket = users.tracker().state().begin_sweep(&Fleet::default());
    /// let careful = Sweep::new(&users).with_conflict_policy(ConflictPolicy::Park);
    /// assert_eq!(careful.run(ticket, std::future::pending()).await?.settled, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_conflict_policy(mut self, policy: ConflictPolicy<L::Key, L::Entity>) -> Self {
        self.policy = policy;
        self
    }

    /// The same, told to pause and stop by `control`. A move of the state while it
    /// pauses interrupts it like any other.
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

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.meter.progress()
    }
}

#[expect(
    clippy::manual_async_fn,
    reason = "`Send` is promised here once, as in `MigrationRepository`"
)]
impl<L, M> Sweep<L, M>
where
    L: ScanRepository,
    M: ScanRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Sweeps and, if nothing was left behind, records in `service` that the
    /// parts settled in `Cutover` are complete.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::{InMemoryRepository, InMemoryStateService};
    /// # use strangler_fig::phase::*;
    /// # use strangler_fig::reconcile::Sweep;
    /// # use strangler_fig::repository::MigrationRepository;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let (name, node): (MigrationName, _) = ("users".parse()?, "node-1".parse()?);
    /// # let service = Arc::new(InMemoryStateService::default());
    /// # service.create(&MigrationState::new(name.clone())).await?;
    /// # let tracker = PhaseTracker::start(service.clone(), name.clone(), node, TrackerConfig::default()).await?;
    /// # let users = MigrationRepository::new(legacy, modern, tracker.clone())?;
    /// take_step(&*service, &name, &Move::to(Phase::Cutover), None).await?;
    /// tracker.poll().await?;
    /// let report = Sweep::new(&users).establish(&*service, std::future::pending()).await?;
    /// tracker.poll().await?;
    /// assert!(report.is_clean() && tracker.state().base().modern_complete);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SweepError`]; a sweep that was not clean is refused by the state.
    ///
    /// # Cancel safety
    ///
    /// A dropped sweep has recorded nothing, or all; begin again.
    pub fn establish(
        &self,
        service: &dyn MigrationStateService,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<SweepReport<L::Key>, SweepError>> + Send {
        async move {
            let name = self.repository.tracker().state().name().clone();
            let failed = |source| MoveError::Service { migration: name.clone(), source };
            let found = service.current(&name).await.map_err(failed)?;
            let found = found.ok_or_else(|| MoveError::NoState { migration: name.clone() })?;
            let fleet = Fleet::new(service.leases(&name).await.map_err(failed)?);
            let ticket = found.state.begin_sweep_in_cutover(&fleet).map_err(MoveError::from)?;
            let report = self.run(ticket, shutdown).await?;
            take_step(service, &name, &Move::Complete(report.evidence), None).await?;
            Ok(report)
        }
    }

    /// Sweeps all keys under `ticket`, taken before.
    ///
    /// [`Sweep`] shows it.
    ///
    /// # Errors
    ///
    /// [`SweepError`]: not every key was seen.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was joined is joined.
    pub fn run(
        &self,
        ticket: SweepTicket,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<SweepReport<L::Key>, SweepError>> + Send {
        async move {
            let swept = self
                .sweep(ticket)
                .instrument(info_span!(span::SWEEP, { field::EPOCH } = ticket.steered().epoch));
            let swept = async {
                tokio::select! {
                    biased;
                    () = shutdown => Err(SweepError::Stopped),
                    report = swept => report,
                }
            };
            // On the heap: it is large, and not the caller's to carry.
            told(&self.repository, &self.meter, Box::pin(swept)).await
        }
    }

    async fn sweep(&self, ticket: SweepTicket) -> Result<SweepReport<L::Key>, SweepError> {
        let mark = self.repository.sink().mark();
        let mut tally = Tally::new();
        self.join_all(ticket, &mut tally).await?;
        self.join_again(ticket, &mut tally).await?;
        self.uninterrupted(ticket)?;
        let report = tally.report(ticket);
        if report.is_clean() {
            self.repository.sink().clear_until(mark);
        }
        debug!({ field::REPORT } = %report, "swept");
        Ok(report)
    }

    async fn join_all(
        &self,
        ticket: SweepTicket,
        tally: &mut Tally<L::Key>,
    ) -> Result<(), SweepError> {
        let mut pace = Pace::new(&self.control, &self.meter)
            .with_limit(self.config.rate_limit)
            .with_throttle(self.throttle.clone());
        self.meter.begin(0, None);
        let (legacy, modern) = (self.repository.legacy(), self.repository.modern());
        let order = ReadOrder::ModernFirst;
        let begun = Walk::begin(legacy, modern, order, self.config.tries.clone());
        let mut walk = pace.unless_stopped(begun).await.map_err(stopped)??;
        loop {
            pace.proceed().await.map_err(stopped)?;
            let next = pace.unless_stopped(walk.next(self.config.page_size)).await;
            let Some(window) = next.map_err(stopped)?? else { return Ok(()) };
            // Asked after the reads: by the rule of an earlier phase, a window could
            // be joined into a side that takes nothing any more.
            let state = self.uninterrupted(ticket)?;
            let records = u64::try_from(window.records()).unwrap_or(u64::MAX);
            self.join_window(&state, window, ticket, tally).await?;
            pace.spent(records);
            self.meter.count(records);
        }
    }

    fn uninterrupted(&self, ticket: SweepTicket) -> Result<Arc<MigrationState>, SweepError> {
        let tracker = self.repository.tracker();
        let state = tracker.state();
        if state.is_decommissioned() {
            return Err(SweepError::Decommissioned);
        }
        if state.steered() == ticket.steered() && tracker.may_copy() {
            return Ok(state);
        }
        let (began, now) = (ticket.steered().epoch, state.steered().epoch);
        Err(SweepError::Interrupted { began, now })
    }

    /// Copies go in batches. What is no plain copy, or was not taken, is read
    /// afresh and joined by itself.
    async fn join_window(
        &self,
        state: &MigrationState,
        window: Window<L::Key, L::Entity>,
        ticket: SweepTicket,
        tally: &mut Tally<L::Key>,
    ) -> Result<(), SweepError> {
        let (mut to_legacy, mut to_modern, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        let absent = Record::absent();
        for (key, legacy, modern) in window.lent() {
            tally.keys += 1;
            let (legacy, modern) = (legacy.unwrap_or(&absent), modern.unwrap_or(&absent));
            match self.rule(state, key).decide(legacy, modern) {
                Join::Level => {}
                Join::Copy { from: Side::Modern } => to_legacy.push((key.clone(), modern.clone())),
                Join::Copy { from: Side::Legacy } => to_modern.push((key.clone(), legacy.clone())),
                Join::Settle { .. } | Join::Stuck => alone.push(key.clone()),
            }
        }
        drop(window);
        let ((legacy, modern), tries) = (self.sides(), &self.config.tries);
        tally.to_legacy += copy(legacy, to_legacy, tries, &mut alone).await;
        tally.to_modern += copy(modern, to_modern, tries, &mut alone).await;
        for key in alone {
            // Each may take as long as its stores let it.
            self.uninterrupted(ticket)?;
            self.join_alone(key, tally).await;
        }
        Ok(())
    }

    fn sides(&self) -> (&L, &M) {
        (self.repository.legacy(), self.repository.modern())
    }

    fn rule(&self, state: &MigrationState, key: &L::Key) -> JoinRule {
        let scopes = Scopes {
            legacy: self.repository.legacy().scope(),
            modern: self.repository.modern().scope(),
        };
        JoinRule::of(state, Bucket::of(key, state.salt()), scopes)
    }

    async fn join_alone(&self, key: L::Key, tally: &mut Tally<L::Key>) {
        let joined = self.config.tries.in_time(attempt(&self.repository, &key, &self.policy)).await;
        match joined.unwrap_or_else(|late| Err(Left::Failed(late))) {
            Ok(Mended::Level | Mended::Copied) => {}
            Ok(Mended::Settled) => tally.settled += 1,
            Err(Left::Failed(error)) => tally.fail(key, error, self.config.failures_kept),
            Err(Left::Panicked) => tally.fail(key, panicked(), self.config.failures_kept),
            Err(_) => tally.stick(key, self.config.failures_kept),
        }
    }

    /// What failed, or was in conflict, is joined again from fresh reads.
    async fn join_again(
        &self,
        ticket: SweepTicket,
        tally: &mut Tally<L::Key>,
    ) -> Result<(), SweepError> {
        for pause in self.config.tries.delays() {
            let pause = pause.max(tally.hint());
            let open = tally.take_open();
            if open.is_empty() {
                break;
            }
            tokio::time::sleep(pause).await;
            for key in open {
                self.uninterrupted(ticket)?;
                self.join_alone(key, tally).await;
            }
        }
        Ok(())
    }
}

fn stopped(Stopped: Stopped) -> SweepError {
    SweepError::Stopped
}

fn panicked() -> StoreError {
    StoreError::unknown("the join panicked")
}
