//! How a tracker follows the service: rounds, one after the other.

use std::future::Future;
use std::sync::PoisonError;

use tokio::time::Instant;
use tracing::{Instrument, debug, debug_span, warn};

use super::node::Node;
use super::{
    Adopted, MigrationState, NodeRole, PhaseTracker, Revision, Standing, TrackerError,
    TrackerHealth, Versioned,
};
use crate::error::{StoreErrorKind, with_causes};
use crate::observe::{Event, field, span};

/// How the rounds went.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    followed: Option<Instant>,
    failures: u32,
    error: Option<String>,
    went_back: bool,
    evicted: bool,
}

impl Rounds {
    fn note<T>(&mut self, round: &Result<T, TrackerError>) {
        match round {
            // Nobody follows who was evicted.
            Ok(_) => *self = Self { followed: Some(Instant::now()), ..Self::default() },
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.error = Some(with_causes(error));
                self.went_back = error.went_back();
                self.evicted |= matches!(error, TrackerError::Evicted { .. });
            }
        }
    }
}

impl PhaseTracker {
    /// One round: reads the state, adopts it if it is newer, renews the lease.
    /// Answers the revision that was read, if there is a service. Of two at once, one
    /// waits for the other.
    ///
    /// # Errors
    ///
    /// [`TrackerError`]; after any but `Evicted`, `Closed` and `Decommissioned` the
    /// node goes on with what it has.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the next round does what this one left.
    pub async fn poll(&self) -> Result<Option<Revision>, TrackerError> {
        let Some(node) = &self.node else {
            return Ok(None);
        };
        let _alone = self.alone.lock().await;
        if self.is_closed_for_good() {
            return Err(TrackerError::Closed { node: node.id.clone() });
        }
        let round = self.round(node).await;
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner).note(&round);
        round.map(Some)
    }

    async fn round(&self, node: &Node) -> Result<Revision, TrackerError> {
        let read = node.current(&self.config).await.and_then(|found| {
            self.may_follow(node, &found.state)?;
            Ok(found)
        });
        match read {
            Ok(Versioned { revision, state }) => {
                self.adopt(state);
                self.still_has_a_part(node)?;
                self.renew(node).await.map(|()| revision)
            }
            // The service answers, and what it shows is wrong: whoever moves it must
            // see what this node works by.
            Err(error) if error.is_wrong_state() => match self.renew(node).await {
                Err(evicted @ TrackerError::Evicted { .. }) => Err(evicted),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    fn still_has_a_part(&self, node: &Node) -> Result<(), TrackerError> {
        match self.is_closed_for_good() {
            false => Ok(()),
            true if self.state().is_decommissioned() && self.config.role == NodeRole::Worker => {
                Err(TrackerError::Decommissioned { migration: node.name.clone() })
            }
            true => Err(TrackerError::Closed { node: node.id.clone() }),
        }
    }

    async fn renew(&self, node: &Node) -> Result<(), TrackerError> {
        let mut lease = node.lease(&self.config).adopting(self.published());
        (lease.holds, lease.backlog) = (self.holds(), self.backlog());
        let sent = self.sending();
        match node.call(&self.config, node.service.renew_lease(&node.name, &lease)).await {
            Err(TrackerError::Service { source, .. })
                if source.kind() == StoreErrorKind::Conflict =>
            {
                self.close();
                Err(TrackerError::Evicted { node: node.id.clone() })
            }
            renewed => {
                renewed?;
                self.renewed(sent);
                Ok(())
            }
        }
    }

    /// Nobody adopts a lower epoch, another state of the same one, or one with
    /// another past.
    fn may_follow(&self, node: &Node, state: &MigrationState) -> Result<(), TrackerError> {
        let (Adopted { epoch, move_id }, shown) = (self.state().adopted(), state.adopted());
        let migration = node.name.clone();
        match state.history().made(epoch, move_id) {
            Some(false) if shown.epoch > epoch => Err(TrackerError::Forked { migration, epoch }),
            _ if shown.epoch > epoch || shown == (Adopted { epoch, move_id }) => Ok(()),
            _ => Err(TrackerError::WentBack { migration, shown: shown.epoch, adopted: epoch }),
        }
    }

    /// How it stands to the service, and how the last rounds went.
    ///
    /// See [`TrackerHealth`] for an example.
    #[must_use]
    pub fn health(&self) -> TrackerHealth {
        let rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = match &self.node {
            _ if self.is_closed_for_good() && rounds.evicted => Standing::Evicted,
            _ if self.is_closed_for_good() => Standing::Closed,
            None => Standing::Detached,
            Some(_) if self.is_fenced() => Standing::Fenced,
            Some(_) if rounds.went_back => Standing::WentBack,
            Some(_) if rounds.failures > 0 => Standing::CutOff,
            Some(_) => Standing::Following,
        };
        TrackerHealth {
            node: self.node().cloned(),
            standing,
            adopted: self.state().adopted(),
            followed_ago: rounds.followed.map(|at| at.elapsed()),
            failures: rounds.failures,
            error: rounds.error.clone(),
            holds: self.holds(),
            backlog: self.backlog(),
        }
    }

    /// Polls until `shutdown` resolves, or the node is evicted. The lease stays:
    /// drain the operations, then [`release`](Self::release) it.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Evicted`], [`TrackerError::Closed`], and of a worker
    /// [`TrackerError::Decommissioned`]; everything else is reported and tried again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), TrackerError> {
        tokio::pin!(shutdown);
        let mut seen = None;
        loop {
            let hinted = tokio::select! {
                biased;
                () = &mut shutdown => return Ok(()),
                () = self.changed(seen) => true,
                () = tokio::time::sleep(self.config.poll_interval) => false,
            };
            seen = match self.poll().instrument(debug_span!(span::POLL)).await {
                // A hint of nothing: the next poll comes without one.
                Ok(revision) if hinted && revision == seen => None,
                Ok(revision) => revision,
                Err(error) if !error.is_retryable() => return Err(error),
                Err(error) => {
                    self.report(&error);
                    // No hint hurries what has just failed.
                    None
                }
            };
        }
    }

    async fn changed(&self, seen: Option<Revision>) {
        match (&self.node, seen) {
            (Some(node), Some(seen)) => node.service.changed(&node.name, seen).await,
            _ => std::future::pending().await,
        }
    }

    fn report(&self, error: &TrackerError) {
        let causes = with_causes(error);
        if error.went_back() {
            self.tell(&Event::StateWentBack);
            warn!({ field::ERROR } = causes, "phase kept");
        } else {
            self.tell(&Event::StateUnreachable);
            debug!({ field::ERROR } = causes, "phase kept");
        }
        if self.is_fenced() {
            self.tell(&Event::LeaseRanOut);
            warn!("no operation is answered: the lease has run out");
        }
    }

    /// Gives the lease back, once no operation is left on this node.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::InMemoryStateService;
    /// # use strangler_fig::phase::{MigrationState, MigrationStateService, PhaseTracker, TrackerConfig};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let service = Arc::new(InMemoryStateService::default());
    /// # service.create(&MigrationState::new("airports".parse()?)).await?;
    /// let (name, node) = ("airports".parse()?, "node-1".parse()?);
    /// let tracker = PhaseTracker::start(service, name, node, TrackerConfig::default()).await?;
    /// tracker.poll().await?; // one round by hand
    /// tracker.run(std::future::ready(())).await?; // until told to stop
    /// tracker.release().await?;
    /// assert!(tracker.poll().await.is_err(), "it has no part in the migration any more");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TrackerError::Held`] while this node knows keys where modern is ahead of
    /// legacy: repair them first, or the knowledge goes with the node.
    /// [`TrackerError::Witness`] where the state store went back: the lease stays, for
    /// it keeps controllers from moving on; evict it when the store is restored.
    /// [`TrackerError::Service`], [`TrackerError::TimedOut`]: the lease may
    /// stand, and blocks crossings until it is released or evicted.
    ///
    /// # Cancel safety
    ///
    /// A dropped release may have closed this node and may have given the lease back.
    /// Call it again.
    pub async fn release(&self) -> Result<(), TrackerError> {
        if self.holds() > 0 {
            // The lease goes on, and says what it holds up.
            self.poll().await?;
            return Err(TrackerError::Held { holds: self.holds() });
        }
        let is_witness = self.rounds.lock().unwrap_or_else(PoisonError::into_inner).went_back;
        self.close();
        if let (Some(node), true) = (&self.node, is_witness) {
            return Err(TrackerError::Witness { migration: node.name.clone() });
        }
        // A renewal on its way would bring the lease back.
        let _alone = self.alone.lock().await;
        match &self.node {
            None => Ok(()),
            Some(node) => {
                node.call(&self.config, node.service.release_lease(&node.name, &node.id)).await
            }
        }
    }
}
