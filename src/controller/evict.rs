//! Taking leases from nodes that have ended, or stopped by themselves.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, warn};

use super::controller::Seen;
use super::{ChangeRequest, ControllerError, MigrationController};
use crate::error::{StoreErrorKind, with_causes};
use crate::observe::field;
use crate::phase::{
    EvictionGround, MigrationState, MigrationStateService, Move, MoveError, NodeId, NodeLease,
    NodeName,
};

/// How many of its own intervals a node is watched before it is believed to have
/// ended, and the bounds of that.
const INTERVALS_WATCHED: u32 = 3;
/// How often it is written down anew, because others have moved meanwhile.
const MOVED_MEANWHILE_MAX: u32 = 20;
const WATCHED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));

/// The confirmation that [`MigrationController::evict`] asks for: whoever makes this
/// value says that the process of this node has ended, or its host is off.
///
/// ```
/// use strangler_fig::controller::ProcessHasEnded;
///
/// let confirmation = ProcessHasEnded::of("node-3".parse()?);
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessHasEnded {
    name: NodeName,
    life: Option<NodeId>,
}

impl ProcessHasEnded {
    /// The life of this node that does not renew its lease has ended; one that came
    /// after it, and does, stays.
    #[must_use]
    pub const fn of(node: NodeName) -> Self {
        Self { name: node, life: None }
    }

    /// This life of a node has ended.
    ///
    /// ```
    /// use strangler_fig::controller::ProcessHasEnded;
    /// use strangler_fig::phase::{Incarnation, NodeId};
    ///
    /// let node = NodeId { name: "node-3".parse()?, incarnation: Incarnation::fixed(1) };
    /// let confirmation = ProcessHasEnded::of_life(node);
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    #[must_use]
    pub fn of_life(node: NodeId) -> Self {
        Self { name: node.name.clone(), life: Some(node) }
    }

    fn means(&self, node: &NodeId) -> bool {
        self.life.as_ref().map_or(self.name == node.name, |life| life == node)
    }
}

/// What an eviction came to.
///
/// ```
/// use strangler_fig::controller::Evicted;
///
/// fn count(evicted: &Evicted) -> usize {
///     evicted.nodes.len()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evicted {
    /// The lives that lost their lease.
    pub nodes: Vec<NodeId>,
    /// The state with the record of it.
    pub state: MigrationState,
}

impl MigrationController {
    /// Takes its lease from a node whose process has ended, so that crossings need not
    /// wait for it. The node is watched for three of its intervals first, ten minutes at most: one that
    /// renews its lease has not ended, and is left alone.
    ///
    /// A node that is only stopped, and goes on later, would serve in the phase it had:
    /// that is what the confirmation rules out, and what no program can find out.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::InMemoryStateService;
    /// # use strangler_fig::phase::*;
    /// use strangler_fig::controller::{ChangeRequest, MigrationController, ProcessHasEnded};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (service, name): (_, MigrationName) = (Arc::new(InMemoryStateService::default()), "users".parse()?);
    /// # service.create(&MigrationState::new(name.clone())).await?;
    /// # let config = TrackerConfig::default();
    /// # PhaseTracker::start(service.clone(), name.clone(), "node-3".parse()?, config).await?;
    /// let controller = MigrationController::new(service, name);
    /// let request = ChangeRequest::new("ann".parse()?, "its host burnt down".parse()?);
    /// let evicted = controller.evict(ProcessHasEnded::of("node-3".parse()?), &request).await?;
    /// assert_eq!(evicted.nodes.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ControllerError::Alive`], [`ControllerError::NoLease`], and as for moves.
    ///
    /// # Cancel safety
    ///
    /// A dropped eviction may stand in the history and not be carried out: ask again.
    pub async fn evict(
        &self,
        confirmation: ProcessHasEnded,
        request: &ChangeRequest,
    ) -> Result<Evicted, ControllerError> {
        let silent = self.silent(&confirmation).await?;
        if silent.len() > 1 {
            let lives = silent.into_iter().map(|lease| lease.node).collect();
            return Err(ControllerError::SeveralLives { node: confirmation.name, lives });
        }
        let (mut nodes, mut state) = (Vec::new(), None);
        for lease in silent {
            state = Some(self.write_down(&lease, EvictionGround::ProcessEnded, request).await?);
            self.bar(&lease).await?;
            nodes.push(lease.node);
        }
        let state = state.ok_or(ControllerError::NoLease { node: confirmation.name })?;
        Ok(Evicted { nodes, state })
    }

    /// Says in the history that a node is to be evicted, if the last move has not said
    /// so: whoever did may have died before he carried it out.
    async fn write_down(
        &self,
        lease: &NodeLease,
        ground: EvictionGround,
        request: &ChangeRequest,
    ) -> Result<MigrationState, ControllerError> {
        let step = Move::Evict { node: lease.node.clone(), ground };
        for _ in 0..MOVED_MEANWHILE_MAX {
            let seen = self.look().await?;
            self.not_moved_since(request, seen.state())?;
            if seen.state().history().last().is_some_and(|last| last.step == step) {
                return Ok(seen.found.state);
            }
            match self.record(&seen, &step, request, Vec::new()).await {
                // It steers nowhere, and is in nobody's way.
                Err(MoveError::Overtaken { .. }) => {}
                moved => return moved.map_err(|error| ControllerError::of_step(&step, error)),
            }
        }
        Err(ControllerError::Overtaken { migration: self.name.clone(), by: None })
    }

    /// The leases that are meant, if they stand still while they are watched.
    async fn silent(
        &self,
        confirmation: &ProcessHasEnded,
    ) -> Result<Vec<NodeLease>, ControllerError> {
        let meant = |seen: &Seen| -> Vec<NodeLease> {
            let leases = seen.fleet.leases().iter();
            leases.filter(|lease| confirmation.means(&lease.node)).cloned().collect()
        };
        let first = meant(&self.look().await?);
        let Some(longest) = first.iter().map(|lease| lease.interval).max() else {
            return Err(ControllerError::NoLease { node: confirmation.name.clone() });
        };
        let watched = longest.saturating_mul(INTERVALS_WATCHED).clamp(WATCHED.0, WATCHED.1);
        let began = Instant::now();
        let (mut silent, mut alive) = (first, None);
        while began.elapsed() < watched {
            tokio::time::sleep(self.config.poll_interval.min(watched)).await;
            let now = meant(&self.look().await?);
            let has_renewed =
                |old: &&NodeLease| now.iter().any(|new| new.node == old.node && new != *old);
            alive = silent.iter().find(has_renewed).map(|lease| lease.node.clone()).or(alive);
            silent.retain(|lease| now.contains(lease));
            match alive {
                Some(node) if silent.is_empty() => return Err(ControllerError::Alive { node }),
                // It has given its lease back.
                None if silent.is_empty() => {
                    return Err(ControllerError::NoLease { node: confirmation.name.clone() });
                }
                _ => {}
            }
        }
        Ok(silent)
    }

    /// Carries an eviction out.
    async fn bar(&self, lease: &NodeLease) -> Result<(), ControllerError> {
        let migration = self.name.clone();
        match self.service.evict(&self.name, lease).await {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == StoreErrorKind::Conflict => {
                Err(ControllerError::Alive { node: lease.node.clone() })
            }
            Err(source) => Err(ControllerError::Service { migration, source }),
        }
    }

    /// Evicts the nodes that have stopped by themselves: fenced ones whose lease was
    /// watched, unchanged, for longer than its term.
    /// What fails is tried again with the next look.
    pub(super) async fn evict_run_out(&self) {
        let run_out = self.watched(|watch| watch.run_out(self.config.drift_margin));
        for lease in run_out {
            if let Err(error) = self.evict_one(&lease).await {
                debug!({ field::ERROR } = with_causes(&error), "not evicted yet");
            }
        }
    }

    /// Written down first, so that a controller which dies in between leaves a record.
    async fn evict_one(&self, lease: &NodeLease) -> Result<(), ControllerError> {
        let request = ChangeRequest::new(
            "migration-controller".parse().expect("it is an actor"),
            "the lease of a fenced node has run out".parse().expect("it is a reason"),
        );
        self.write_down(lease, EvictionGround::LeaseRanOut, &request).await?;
        self.bar(lease).await?;
        warn!({ field::MIGRATION } = %self.name, { field::NODE } = %lease.node, "evicted: its lease ran out");
        Ok(())
    }
}
