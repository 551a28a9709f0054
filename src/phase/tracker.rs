use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tracing::{Instrument, debug, debug_span, info, warn};

use super::node::Node;
use super::{
    Hold, Incarnation, MigrationName, MigrationState, MigrationStateService, NodeId, NodeName,
    Revision, Scopes, StateWord, TrackerConfig, TrackerError, Versioned,
};
use crate::error::StoreErrorKind;
use crate::observe::{Event, field, span};

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
    /// One adoption at a time; whether the node is closed.
    closed: Mutex<bool>,
    holds: Arc<AtomicU64>,
    node: Option<Node>,
    config: TrackerConfig,
}

impl PhaseTracker {
    /// Registers the node, reads the state, and says that it works by it.
    ///
    /// The lease comes first and is unsettled, so that from before the state is
    /// read nothing can cross without this node.
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
        let node = Node { id, name: migration, service };
        let unsettled = node.lease(None, config.scopes, 0);
        node.call(&config, node.service.renew_lease(&node.name, &unsettled)).await?;
        let state = match node.current(&config).await {
            Ok(Versioned { state, .. }) => state,
            Err(error) => return Err(node.gone(&config, error).await),
        };
        let tracker = Arc::new(Self::with(state, Some(node), config));
        match (tracker.poll().await, &tracker.node) {
            (Err(error), Some(node)) => Err(node.gone(&tracker.config, error).await),
            _ => Ok(tracker),
        }
    }

    /// A tracker that follows nobody but [`adopt`](Self::adopt): for tests, and
    /// for programs that keep the state in their own hands.
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
            node,
            config,
        }
    }

    /// The state in one word.
    ///
    /// Sequentially consistent, as is its publication: an operation whose end
    /// check misses a new state had its effects before the node told the
    /// service that it works by it.
    #[inline]
    #[must_use]
    pub fn word(&self) -> StateWord {
        StateWord::from_bits(self.word.load(Ordering::SeqCst))
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
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if state.epoch() <= self.state.load().epoch() {
            return false;
        }
        let (word, migration) = (state.word(), state.name().clone());
        self.state.store(Arc::new(state));
        self.publish(if *closed { word.closed() } else { word });
        drop(closed);
        self.tell(&Event::PhaseAdopted {
            phase: word.base().name(),
            cohort: word.cohort().map(super::Phase::name),
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
    fn close(&self) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = true;
        self.publish(self.word().closed());
    }

    /// Resolves when the word is no longer `seen`.
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
            moved.await;
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

    /// One round: reads the state, adopts it if it is newer, renews the lease.
    /// Answers the revision that was read, if there is a service.
    ///
    /// # Errors
    ///
    /// [`TrackerError`]; after any but `Evicted` and `Closed` the node goes on with
    /// what it has.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the next round does what this one left.
    pub async fn poll(&self) -> Result<Option<Revision>, TrackerError> {
        let Some(node) = &self.node else {
            return Ok(None);
        };
        if self.word().is_closed() {
            return Err(TrackerError::Closed { node: node.id.clone() });
        }
        let Versioned { revision, state } = node.current(&self.config).await?;
        self.not_older(node, &state)?;
        self.adopt(state);
        let adopted = self.state.load().adopted();
        let lease = node.lease(Some(adopted), self.config.scopes, self.holds());
        match node.call(&self.config, node.service.renew_lease(&node.name, &lease)).await {
            Err(TrackerError::Service { source, .. })
                if source.kind() == StoreErrorKind::Conflict =>
            {
                self.close();
                Err(TrackerError::Evicted { node: node.id.clone() })
            }
            renewed => renewed.map(|()| Some(revision)),
        }
    }

    /// Nobody adopts a lower epoch, or another state of the same one.
    fn not_older(&self, node: &Node, state: &MigrationState) -> Result<(), TrackerError> {
        let mine = self.state.load().adopted();
        let shown = state.adopted();
        if shown.epoch > mine.epoch || shown == mine {
            return Ok(());
        }
        let migration = node.name.clone();
        Err(TrackerError::WentBack { migration, shown: shown.epoch, adopted: mine.epoch })
    }

    /// Polls until `shutdown` resolves, or the node is evicted. The lease stays:
    /// drain the operations, then [`release`](Self::release) it.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Evicted`], [`TrackerError::Closed`]; everything else is
    /// reported and tried again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), TrackerError> {
        tokio::pin!(shutdown);
        let mut seen = None;
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => return Ok(()),
                () = self.changed(seen) => {}
                () = tokio::time::sleep(self.config.poll_interval) => {}
            }
            seen = match self.poll().instrument(debug_span!(span::POLL)).await {
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
        let source = std::error::Error::source(error).map(ToString::to_string);
        if matches!(error, TrackerError::WentBack { .. }) {
            self.tell(&Event::StateWentBack);
            warn!({ field::ERROR } = %error, "phase kept");
        } else {
            self.tell(&Event::StateUnreachable);
            debug!({ field::ERROR } = %error, source, "phase kept");
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
        self.close();
        match &self.node {
            None => Ok(()),
            Some(node) => {
                node.call(&self.config, node.service.release_lease(&node.name, &node.id)).await
            }
        }
    }

    fn tell(&self, event: &Event) {
        if let Some(observer) = &self.config.observer {
            observer.on_event(event);
        }
    }
}
