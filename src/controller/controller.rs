use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::deadline::Deadlined;
use super::gated::Gates;
use super::path::{self, Next};
use super::watch::LeaseWatch;
use super::{
    Advanced, Before, ChangeRequest, ControllerConfig, ControllerError, Gate, Sweeper, Target,
};
use crate::observe::Event;
use crate::phase::{
    Adopted, Fleet, MigrationName, MigrationState, MigrationStateService, Move, Share, Versioned,
};

/// What was seen in one look: the state, and then the fleet.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) found: Versioned,
    pub(super) fleet: Fleet,
}

impl Seen {
    pub(super) const fn state(&self) -> &MigrationState {
        &self.found.state
    }
}

/// Moves a migration: the operator's hand, and the automation's.
///
/// Every move is one `compare_and_set`, recorded with its actor, its reason and what
/// the gates saw. The controller keeps nothing that matters: one that dies between
/// two steps is resumed by another, and of two at once one makes each move. Ask
/// [`as_of`](ChangeRequest::as_of) what you saw, and it makes no other. The rules of the
/// protocol stand in the state's own transition; no request waives them.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::controller::{ChangeRequest, MigrationController};
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::memory::InMemoryStateService;
/// # use strangler_fig::phase::{
/// #     MigrationName, MigrationState, MigrationStateService, Phase, PhaseTracker, Share,
/// #     TrackerConfig,
/// # };
/// # use strangler_fig::reconcile::Sweep;
/// # use strangler_fig::repository::MigrationRepository;
/// #
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
/// let name: MigrationName = "users".parse()?;
/// let service = Arc::new(InMemoryStateService::default());
/// service.create(&MigrationState::new(name.clone())).await?;
///
/// // A node, here in the same process.
/// let (node, config) = ("node-1".parse()?, TrackerConfig::default());
/// let tracker = PhaseTracker::start(service.clone(), name.clone(), node, config).await?;
/// let users = MigrationRepository::new(legacy, modern, tracker.clone())?;
/// tokio::spawn(async move { tracker.run(std::future::pending()).await });
///
/// let controller = MigrationController::new(service, name)
///     .with_sweeper(Arc::new(Sweep::new(&users)));
/// let request = ChangeRequest::new("ann".parse()?, "OPS-12: users move".parse()?);
/// controller.advance_to(Phase::DualWrite, &request).await?;
/// controller.set_share(Share::percent(10), &request).await?;
/// let advanced = controller.advance_to(Phase::Live, &request).await?;
/// assert_eq!(advanced.state.base().phase, Phase::Live);
///
/// let back = controller.roll_back(&request).await?;
/// assert_eq!(back.state.base().phase, Phase::DualWrite);
/// let last = back.state.history().last().expect("moves are recorded");
/// assert_eq!(last.reason.as_ref().map(|reason| reason.as_str()), Some("OPS-12: users move"));
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// A dropped call may have made the move it was at, never a part of one. Look at the
/// [`status`](Self::status), or ask again: whoever comes next goes on from there.
pub struct MigrationController {
    pub(super) service: Deadlined,
    pub(super) name: MigrationName,
    pub(super) config: ControllerConfig,
    pub(super) gates: Gates,
    pub(super) sweeper: Option<Arc<dyn Sweeper>>,
    pub(super) watch: Mutex<LeaseWatch>,
}

impl fmt::Debug for MigrationController {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MigrationController")
            .field("name", &self.name)
            .field("config", &self.config)
            .field("gates", &self.gates)
            .finish_non_exhaustive()
    }
}

impl MigrationController {
    /// A controller of the migration `name`, without gates of its own.
    #[must_use]
    pub fn new(service: Arc<dyn MigrationStateService>, name: MigrationName) -> Self {
        let config = ControllerConfig::default();
        Self {
            service: Deadlined::new(service, config.call_timeout),
            name,
            config,
            gates: Gates::default(),
            sweeper: None,
            watch: Mutex::default(),
        }
    }

    /// The same, with given limits.
    #[must_use]
    pub fn with_config(mut self, config: ControllerConfig) -> Self {
        self.service = self.service.with_deadline(config.call_timeout);
        self.config = config;
        self
    }

    /// The same, asking `gate` before such moves when it goes forward. On the way back
    /// no gate is asked.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use strangler_fig::controller::{Before, FleetSettled, MigrationController};
    /// use strangler_fig::memory::InMemoryStateService;
    /// use strangler_fig::phase::Phase;
    ///
    /// let service = Arc::new(InMemoryStateService::default());
    /// let controller = MigrationController::new(service, "users".parse()?)
    ///     .with_gate(Before::Entering(Phase::Cutover), Arc::new(FleetSettled));
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    #[must_use]
    pub fn with_gate(mut self, before: Before, gate: Arc<dyn Gate>) -> Self {
        self.gates.add(before, gate);
        self
    }

    /// The same, with somebody to sweep where the way leads through a sweep.
    #[must_use]
    pub fn with_sweeper(mut self, sweeper: Arc<dyn Sweeper>) -> Self {
        self.sweeper = Some(sweeper);
        self
    }

    /// Takes the next step of the way to `ModernOnly`: a move, or a sweep. With a
    /// cohort, the cohort leads up to `Live`, and then the base follows.
    ///
    /// # Errors
    ///
    /// [`ControllerError`]: `Blocked` names the gates, `Refused` the rule, `Waiting`
    /// the node it waits for.
    pub async fn advance(&self, request: &ChangeRequest) -> Result<Advanced, ControllerError> {
        self.gates.know(request)?;
        self.drive(request, path::ahead, true, Some(1)).await
    }

    /// Goes on, step by step, until the migration is at `target`, forward or back.
    ///
    /// It waits for the fleet where a rule asks for that, and sweeps where the way
    /// leads through a sweep. It stops at a closed gate, unless that may be closed by
    /// what a fenced node knew that has ended: such a node is evicted first. And it
    /// stops when somebody else moves the migration.
    ///
    /// # Errors
    ///
    /// [`ControllerError`]: the steps taken before stand in the history.
    pub async fn advance_to(
        &self,
        target: impl Into<Target> + Send,
        request: &ChangeRequest,
    ) -> Result<Advanced, ControllerError> {
        self.gates.know(request)?;
        let target = target.into();
        self.drive(request, |state| path::toward(state, target), true, None).await
    }

    /// Brings every part back into the legacy family, where modern goes on following
    /// in `DualWrite`; what is there already goes one phase back. No gate is asked.
    ///
    /// Inside the family, and out of a `Cutover` that was entered from it, that is
    /// one move, at once (R1). From `Live` it waits until the fleet has settled in
    /// `Cutover` (R3): some polls. Once `RampDown` was entered, it takes a sweep too.
    /// [`plan_back`](Self::plan_back) says which, and what it waited for stands in
    /// the answer.
    ///
    /// # Errors
    ///
    /// [`ControllerError`]: of kind `Waiting`, evict the node it names if its process
    /// has ended, and ask again.
    ///
    /// # Cancel safety
    ///
    /// As for every move; but look at the state before asking again, and ask
    /// [`as_of`](ChangeRequest::as_of) its epoch: from the legacy family, where it ends,
    /// the same goes one phase further.
    pub async fn roll_back(&self, request: &ChangeRequest) -> Result<Advanced, ControllerError> {
        self.roll_back_since(None, request).await
    }

    /// The same, decided about the state `since`: of two who decide so at once, the later
    /// one must not go a phase further.
    pub(super) async fn roll_back_since(
        &self,
        since: Option<Adopted>,
        request: &ChangeRequest,
    ) -> Result<Advanced, ControllerError> {
        // It goes where the first look says, wherever others have gone by then.
        let target = OnceLock::new();
        let course = |state: &MigrationState| match target.get_or_init(|| path::behind(state)) {
            Ok(target) => path::toward(state, *target),
            Err(no_way) => Next::NoWay(*no_way),
        };
        self.drive_since(since, request, course, false, None).await
    }

    /// Leaves a modern store that is gone (R4): every part in `Live` stops in
    /// `Halted`, which answers nothing; once the fleet has settled there, all goes on
    /// in `LegacyOnly`. It needs nothing from modern.
    ///
    /// # Errors
    ///
    /// [`ControllerError`]: `Refused` where legacy is not complete. Of kind `Waiting`
    /// the migration is halted: evict the node it names and ask again, or go back to
    /// `Live` by [`advance_to`](Self::advance_to).
    pub async fn halt(&self, request: &ChangeRequest) -> Result<Advanced, ControllerError> {
        self.halt_since(None, request).await
    }

    /// The same, decided about the state `since`.
    pub(super) async fn halt_since(
        &self,
        since: Option<Adopted>,
        request: &ChangeRequest,
    ) -> Result<Advanced, ControllerError> {
        self.drive_since(since, request, path::rescue, false, None).await
    }

    /// Lets a cohort of this share begin or grow; no share takes all of it back into
    /// the base, the whole makes it the base. It never shrinks otherwise.
    ///
    /// # Errors
    ///
    /// [`ControllerError`]: `Refused` where the keys that change sides could not make
    /// that move.
    pub async fn set_share(
        &self,
        share: Share,
        request: &ChangeRequest,
    ) -> Result<Advanced, ControllerError> {
        self.gates.know(request)?;
        let course = |state: &MigrationState| match state.cohort() {
            Some(cohort) if cohort.share == share => Next::Arrived,
            None if share == Share::NONE || share == Share::WHOLE => Next::Arrived,
            Some(_) if share == Share::NONE => Next::Take(Move::EndCohort),
            Some(_) => Next::Take(Move::GrowCohort { share }),
            None => Next::Take(Move::StartCohort { share }),
        };
        self.drive(request, course, true, Some(1)).await
    }

    /// Sets how many nodes must hold a lease before anything that waits for the fleet.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::controller::{ChangeRequest, MigrationController};
    /// # use strangler_fig::memory::InMemoryStateService;
    /// # use strangler_fig::phase::{MigrationName, MigrationState, MigrationStateService};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (service, name): (_, MigrationName) = (Arc::new(InMemoryStateService::default()), "users".parse()?);
    /// # service.create(&MigrationState::new(name.clone())).await?;
    /// # let controller = MigrationController::new(service, name);
    /// let request = ChangeRequest::new("ann".parse()?, "two more nodes".parse()?);
    /// let state = controller.expect_nodes(6.try_into()?, &request).await?.state;
    /// assert_eq!(state.nodes_expected().get(), 6);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ControllerError`].
    pub async fn expect_nodes(
        &self,
        nodes: std::num::NonZeroU32,
        request: &ChangeRequest,
    ) -> Result<Advanced, ControllerError> {
        let course = |state: &MigrationState| match state.nodes_expected() {
            expected if expected == nodes => Next::Arrived,
            _ => Next::Take(Move::ExpectNodes(nodes)),
        };
        self.drive(request, course, false, Some(1)).await
    }

    /// Gives up the way back, for good: from `ModernOnly`, once the fleet has settled
    /// there and every worker has stopped. From then on legacy may be taken away, and
    /// tombstones purged when [`MigrationState::tombstones_may_go`] says so.
    ///
    /// # Errors
    ///
    /// [`ControllerError`].
    pub async fn decommission(
        &self,
        confirmation: GiveUpTheWayBack,
        request: &ChangeRequest,
    ) -> Result<Advanced, ControllerError> {
        self.gates.know(request)?;
        let GiveUpTheWayBack(confirmed) = confirmation;
        if confirmed != self.name {
            let migration = self.name.clone();
            return Err(ControllerError::NotConfirmed { confirmed, migration });
        }
        let course = |state: &MigrationState| {
            if state.is_decommissioned() { Next::Arrived } else { Next::Take(Move::Decommission) }
        };
        self.drive(request, course, true, Some(1)).await
    }

    /// One look at the state and then at the fleet, which is what every decision needs.
    ///
    /// If a move and its adoption came in between, it looks once more: else nodes seem
    /// to be ahead of the state, as where the store went back.
    pub(super) async fn look(&self) -> Result<Seen, ControllerError> {
        let seen = self.look_again().await;
        if seen.is_err() {
            self.watched(LeaseWatch::begin_anew);
        }
        seen
    }

    async fn look_again(&self) -> Result<Seen, ControllerError> {
        let seen = self.look_once().await?;
        let epoch = seen.state().epoch();
        let mut adopted = seen.fleet.leases().iter().filter_map(|lease| lease.adopted);
        if adopted.any(|adopted| adopted.epoch > epoch) {
            return self.look_once().await;
        }
        Ok(seen)
    }

    async fn look_once(&self) -> Result<Seen, ControllerError> {
        let failed = |source| ControllerError::Service { migration: self.name.clone(), source };
        let found = self.service.current(&self.name).await.map_err(failed)?;
        let found =
            found.ok_or_else(|| ControllerError::NoState { migration: self.name.clone() })?;
        let leases = self.service.leases(&self.name).await.map_err(failed)?;
        self.watched(|watch| watch.look(&leases));
        let fleet = match &self.config.process_scope {
            Some(node) => Fleet::new(leases).accepting_process_scope(node.clone()),
            None => Fleet::new(leases),
        };
        Ok(Seen { found, fleet })
    }

    pub(super) fn watched<T>(&self, look: impl FnOnce(&mut LeaseWatch) -> T) -> T {
        look(&mut self.watch.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn tell(&self, event: &Event) {
        if let Some(observer) = &self.config.observer {
            observer.on_event(event);
        }
    }
}

/// The confirmation that [`MigrationController::decommission`] asks for: the migration,
/// by name.
///
/// ```
/// use strangler_fig::controller::GiveUpTheWayBack;
///
/// let confirmation = GiveUpTheWayBack::of("users".parse()?);
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiveUpTheWayBack(MigrationName);

impl GiveUpTheWayBack {
    /// Legacy of this migration is to be left for good.
    #[must_use]
    pub const fn of(migration: MigrationName) -> Self {
        Self(migration)
    }
}
