use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tracing::info;

use super::backlog::KeepsBacklog;
use super::fence::{Fence, Sent};
use super::follow::Rounds;
use super::node::Node;
use super::{
    Adopted, Backlog, Hold, Incarnation, MigrationName, MigrationState, MigrationStateService,
    NodeId, NodeName, NodeRole, Scopes, StateWord, TrackerConfig, TrackerError,
};
use crate::observe::{Event, field};

/// One node's copy of the state, and the node's lease.
///
/// Operations read the copy, one atomic word, and never wait for the service;
/// while it is unreachable the phase stays as it is. [`run`](Self::run) polls,
/// adopts what is newer and only then tells the service so: a node is settled
/// when its lease says it is.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::{
///     MigrationName, MigrationState, MigrationStateService, Move, Phase, PhaseTracker,
///     TrackerConfig, take_step,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (name, node): (MigrationName, _) = ("airports".parse()?, "node-1".parse()?);
/// let (service, config) = (Arc::new(InMemoryStateService::default()), TrackerConfig::default());
/// service.create(&MigrationState::new(name.clone())).await?;
///
/// let tracker = PhaseTracker::start(service.clone(), name.clone(), node, config).await?;
/// take_step(&*service, &name, &Move::to(Phase::Shadow), None).await?;
/// tracker.poll().await?; // one round of `run`
/// assert_eq!(tracker.state().base().phase, Phase::Shadow);
///
/// let following = Arc::clone(&tracker);
/// let worker = tokio::spawn(async move { following.run(std::future::pending()).await });
/// # worker.abort();
/// # Ok(())
/// # }
/// ```
///
/// Without a service, in a test:
///
/// ```
/// # use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase, PhaseTracker};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let state = MigrationState::new("airports".parse()?);
/// # let next = state.transition(&Move::to(Phase::Shadow), MoveId::random()?, &Fleet::default())?;
/// let tracker = PhaseTracker::detached(state.clone());
/// let seen = tracker.word();
/// assert!(tracker.adopt(next) && !tracker.adopt(state));
/// tracker.moved_from(seen).await; // at once: it has moved
/// assert_eq!(tracker.word().base(), Phase::Shadow);
///
/// assert!(!tracker.scopes().any_process(), "its stamps live in the stores");
/// let hold = tracker.hold(); // modern is ahead of legacy in some key
/// assert!(tracker.holds() == 1 && tracker.release().await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PhaseTracker {
    word: AtomicU64,
    state: ArcSwap<MigrationState>,
    /// Wakes in the order of waiting, so that simulations repeat.
    moved: Notify,
    /// One adoption at a time; whether the node is closed for good.
    closed: Mutex<bool>,
    holds: Arc<AtomicU64>,
    backlogs: Mutex<Vec<Weak<dyn KeepsBacklog>>>,
    fence: Option<Fence>,
    pub(super) rounds: Mutex<Rounds>,
    /// Held by who talks to the service about the lease: one after the other, or an
    /// older lease would replace a newer one.
    pub(super) alone: tokio::sync::Mutex<()>,
    pub(super) node: Option<Node>,
    pub(super) config: TrackerConfig,
}

impl PhaseTracker {
    /// Registers the node, reads the state, and says that it works by it.
    ///
    /// The lease comes first and is unsettled, so that from before the state is
    /// read nothing can cross without this node. A node does not start by a state
    /// that another has left behind already: the store went back.
    ///
    /// # Errors
    ///
    /// [`TrackerError`]: no state, no start.
    ///
    /// # Cancel safety
    ///
    /// A dropped start, or one that loses the service half way, may leave an
    /// unsettled lease, which blocks crossings until it is evicted.
    pub async fn start(
        service: Arc<dyn MigrationStateService>,
        migration: MigrationName,
        node: NodeName,
        config: TrackerConfig,
    ) -> Result<Arc<Self>, TrackerError> {
        let incarnation = config.incarnation.map_or_else(Incarnation::random, Ok)?;
        let id = NodeId { name: node, incarnation };
        let node = Node::new(id, migration, service);
        let unsettled = node.lease(&config);
        node.call(&config, node.service.renew_lease(&node.name, &unsettled)).await?;
        let state = match node.first_state(&config).await {
            Ok(state) => state,
            Err(error) => return Err(node.gone(&config, error).await),
        };
        if state.is_decommissioned() && config.role == NodeRole::Worker {
            let over = TrackerError::Decommissioned { migration: node.name.clone() };
            return Err(node.gone(&config, over).await);
        }
        let tracker = Arc::new(Self::with(state, Some(node), config));
        match (tracker.poll().await, &tracker.node) {
            (Err(error), Some(node)) => Err(node.gone(&tracker.config, error).await),
            _ => Ok(tracker),
        }
    }

    /// A tracker that follows nobody but [`adopt`](Self::adopt): for tests, and
    /// for programs that keep the state in their own hands. Beside a fleet it is
    /// wrong: by a new state legacy wins, also over what the fleet has written since
    /// it crossed.
    #[must_use]
    pub fn detached(state: MigrationState) -> Arc<Self> {
        Arc::new(Self::with(state, None, TrackerConfig::default()))
    }

    /// The same for sides whose stamps live elsewhere than in the stores.
    ///
    /// ```
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker, Scopes, TrackerConfig};
    /// # use strangler_fig::stamp::StampScope;
    /// let scopes = Scopes { legacy: StampScope::Process, ..Scopes::default() };
    /// let config = TrackerConfig::default().with_scopes(scopes);
    /// let tracker = PhaseTracker::detached_with(MigrationState::new("airports".parse()?), config);
    /// assert_eq!(tracker.scopes(), scopes);
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    #[must_use]
    pub fn detached_with(state: MigrationState, config: TrackerConfig) -> Arc<Self> {
        Arc::new(Self::with(state, None, config))
    }

    fn with(state: MigrationState, node: Option<Node>, config: TrackerConfig) -> Self {
        Self {
            word: AtomicU64::new(state.word().to_bits()),
            state: ArcSwap::from_pointee(state),
            moved: Notify::new(),
            closed: Mutex::new(false),
            holds: Arc::default(),
            backlogs: Mutex::default(),
            fence: node.as_ref().and(config.term()).map(Fence::new),
            rounds: Mutex::default(),
            alone: tokio::sync::Mutex::default(),
            node,
            config,
        }
    }

    /// The state in one word.
    ///
    /// Sequentially consistent, as is its publication: an operation whose end
    /// check misses a new state had its effects before the node told the
    /// service that it works by it. Closed while the lease of a node that stops by
    /// itself has run out: the clock is read after the word, so that a word that is
    /// open was so at a moment of this call.
    #[inline]
    #[must_use]
    pub fn word(&self) -> StateWord {
        let word = StateWord::from_bits(self.word.load(Ordering::SeqCst));
        match &self.fence {
            Some(fence) if fence.has_run_out() => word.closed(),
            _ => word,
        }
    }

    /// The whole state.
    #[must_use]
    pub fn state(&self) -> Arc<MigrationState> {
        self.state.load_full()
    }

    /// The key of this node's lease; `None` if it follows no service.
    #[must_use]
    pub fn node(&self) -> Option<&NodeId> {
        self.node.as_ref().map(|node| &node.id)
    }

    /// Where this node's stamps live.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        self.config.scopes
    }

    /// Takes up `state` if it is newer than what is there; answers whether.
    ///
    /// Operations in flight need not end first: each one checks the state again
    /// before it answers.
    pub fn adopt(&self, state: MigrationState) -> bool {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if state.epoch() <= self.state.load().epoch() {
            return false;
        }
        let (word, migration) = (state.word(), state.name().clone());
        *closed |= state.is_decommissioned() && self.config.role == NodeRole::Worker;
        self.state.store(Arc::new(state));
        self.publish(if *closed { word.closed() } else { word });
        drop(closed);
        self.tell(&Event::PhaseAdopted {
            phase: word.base().name(),
            cohort: word.cohort().map(super::Phase::name),
            cohort_share: f64::from(word.share().basis_points()) / 10_000.0,
            epoch: word.epoch(),
        });
        info!(
            { field::MIGRATION } = %migration,
            { field::NODE } = self.node().map(tracing::field::display),
            { field::PHASE } = %word.base(),
            { field::EPOCH } = word.epoch(),
            "adopted"
        );
        true
    }

    fn publish(&self, word: StateWord) {
        self.word.store(word.to_bits(), Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Refuses every operation from now on.
    pub(super) fn close(&self) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = true;
        self.publish(self.word().closed());
    }

    /// What operations work by: not a state that is being taken up.
    pub(super) fn published(&self) -> Adopted {
        let _alone = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        self.state.load().adopted()
    }

    /// Whether copies between the stores may be made: not by a node that is closed or
    /// fenced, nor once legacy was decommissioned.
    pub(crate) fn may_copy(&self) -> bool {
        !self.word().is_closed() && !self.state.load().is_decommissioned()
    }

    pub(crate) fn is_closed_for_good(&self) -> bool {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A renewal is about to be sent.
    pub(super) fn sending(&self) -> Option<Sent> {
        self.fence.as_ref().map(Fence::sending)
    }

    /// It was acknowledged; who waits for the word to move may go on.
    pub(super) fn renewed(&self, sent: Option<Sent>) {
        if let (Some(fence), Some(sent)) = (&self.fence, sent) {
            fence.renewed(sent);
            self.moved.notify_waiters();
        }
    }

    /// Whether operations are refused for now: the node's lease has run out, and it
    /// was started with [`OutagePolicy::Fenced`](super::OutagePolicy::Fenced).
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.fence.as_ref().is_some_and(Fence::has_run_out)
    }

    /// Resolves when the word is no longer `seen`: the state was replaced, or the
    /// node closed; or its lease ran out, or was renewed after that.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn moved_from(&self, seen: StateWord) {
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            moved.as_mut().enable();
            if self.word() != seen {
                return;
            }
            match &self.fence {
                Some(fence) if !fence.has_run_out() => {
                    let _ = tokio::time::timeout(fence.left(), moved).await;
                }
                _ => moved.await,
            }
        }
    }

    /// Forbids a first `Cutover`, by way of the node's next lease, until the
    /// hold is dropped.
    ///
    /// See [`Hold`] for an example.
    pub fn hold(&self) -> Hold {
        Hold::new(&self.holds)
    }

    /// How many holds there are.
    #[must_use]
    pub fn holds(&self) -> u64 {
        self.holds.load(Ordering::Relaxed)
    }

    /// Its backlog stands in the node's lease from now on, for as long as it lives.
    pub(crate) fn counts(&self, keeper: Weak<dyn KeepsBacklog>) {
        self.backlogs.lock().unwrap_or_else(PoisonError::into_inner).push(keeper);
    }

    /// What only this process knows to differ.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        let mut keepers = self.backlogs.lock().unwrap_or_else(PoisonError::into_inner);
        keepers.retain(|keeper| keeper.strong_count() > 0);
        let living = keepers.iter().filter_map(Weak::upgrade);
        living.fold(Backlog::default(), |sum, keeper| sum.and(keeper.backlog()))
    }

    pub(super) fn tell(&self, event: &Event) {
        if let Some(observer) = &self.config.observer {
            observer.on_event(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sink;

    impl KeepsBacklog for Sink {
        fn backlog(&self) -> Backlog {
            Backlog { keys: 1, has_overflowed: false }
        }
    }

    #[test]
    fn a_sink_that_is_gone_is_forgotten() {
        let tracker = PhaseTracker::detached(MigrationState::new("m".parse().unwrap()));
        let sinks: [Arc<dyn KeepsBacklog>; 2] = [Arc::new(Sink), Arc::new(Sink)];
        for sink in &sinks {
            tracker.counts(Arc::downgrade(sink));
        }
        assert_eq!(tracker.backlog().keys, 2);
        let [gone, _kept] = sinks;
        drop(gone);
        assert_eq!(tracker.backlog().keys, 1);
        assert_eq!(tracker.backlogs.lock().unwrap().len(), 1, "nothing is kept of it");
    }
}
