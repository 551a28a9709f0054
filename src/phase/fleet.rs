use std::collections::BTreeSet;
use std::num::NonZeroU32;

use super::{NodeId, NodeLease, NodeName, NodeRole, Refused};

/// The nodes of a migration as its leases show them, handed to every decision
/// that must wait for all of them.
///
/// ```
/// use strangler_fig::phase::{
///     Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, NodeLease, Phase, Refused,
/// };
///
/// let state = MigrationState::new("airports".parse()?);
/// let node = NodeId { name: "node-1".parse()?, incarnation: Incarnation::random()? };
/// let lease = NodeLease::new(node);
/// let fleet = Fleet::new(vec![lease]);
/// assert_eq!(fleet.leases()[0].adopted, None, "it is starting");
///
/// let state = state.transition(&Move::to(Phase::Cutover), MoveId::random()?, &fleet)?;
/// let early = state.transition(&Move::to(Phase::Live), MoveId::random()?, &fleet);
/// assert!(matches!(early, Err(Refused::Unsettled { needed: 1, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Fleet {
    leases: Vec<NodeLease>,
    process_scope: Option<NodeName>,
    is_assumed_settled: bool,
}

impl Fleet {
    /// The fleet of these leases, read after the state they are held against.
    #[must_use]
    pub fn new(leases: Vec<NodeLease>) -> Self {
        Self { leases, process_scope: None, is_assumed_settled: false }
    }

    /// Accepts that the stamps of the one node `name` live in its process and
    /// are forgotten with it. Refused all the same if there are more nodes.
    ///
    /// ```
    /// use strangler_fig::phase::{Fleet, NodeName};
    ///
    /// let only: NodeName = "node-1".parse()?;
    /// let fleet = Fleet::new(Vec::new()).accepting_process_scope(only);
    /// assert!(fleet.leases().is_empty());
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    #[must_use]
    pub fn accepting_process_scope(mut self, name: NodeName) -> Self {
        self.process_scope = Some(name);
        self
    }

    /// The leases.
    #[must_use]
    pub fn leases(&self) -> &[NodeLease] {
        &self.leases
    }

    /// Whether every node works by the state of `since` or a later one, and nobody writes
    /// who works by none.
    pub(super) fn settled(&self, since: u64, nodes_expected: NonZeroU32) -> Result<(), Refused> {
        if self.is_assumed_settled {
            return Ok(());
        }
        self.without_outside_writers()?;
        // Two lives of one node are one node, and a worker is none.
        let serving = self.leases.iter().filter(|lease| lease.role == NodeRole::Serving);
        let names: BTreeSet<&NodeName> = serving.map(|lease| &lease.node.name).collect();
        let found = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let expected = nodes_expected.get();
        if found < expected {
            return Err(Refused::TooFewNodes { expected, found });
        }
        let lags = |lease: &&NodeLease| lease.adopted.is_none_or(|adopted| adopted.epoch < since);
        match self.leases.iter().find(lags) {
            None => Ok(()),
            Some(lease) => Err(Refused::Unsettled {
                node: lease.node.clone(),
                adopted: lease.adopted.map(|adopted| adopted.epoch),
                needed: since,
            }),
        }
    }

    /// Whether every writer knows the phase: what must be so before anything else counts.
    fn without_outside_writers(&self) -> Result<(), Refused> {
        match self.leases.iter().find(|lease| lease.role == NodeRole::Outside) {
            None => Ok(()),
            Some(lease) => Err(Refused::OutsideWriters { node: lease.node.clone() }),
        }
    }

    /// Whether stamps can be compared between the nodes at all.
    pub(super) fn shares_stamps(&self) -> Result<(), Refused> {
        let Some(lease) = self.leases.iter().find(|lease| lease.scopes.any_process()) else {
            return Ok(());
        };
        if self.leases.len() == 1 && self.process_scope.as_ref() == Some(&lease.node.name) {
            return Ok(());
        }
        Err(Refused::ProcessScope { node: lease.node.clone() })
    }

    /// Whether no node knows modern to be ahead of legacy.
    pub(super) fn unheld(&self) -> Result<(), Refused> {
        match self.leases.iter().find(|lease| lease.holds > 0) {
            None => Ok(()),
            Some(lease) => Err(Refused::Held { node: lease.node.clone(), holds: lease.holds }),
        }
    }

    /// Whether every process that copies, checks or repairs has stopped.
    pub(super) fn without_workers(&self) -> Result<(), Refused> {
        match self.leases.iter().find(|lease| lease.role == NodeRole::Worker) {
            None => Ok(()),
            Some(lease) => Err(Refused::WorkerRunning { node: lease.node.clone() }),
        }
    }

    /// Whether there is such a lease to lose.
    pub(super) fn may_lose(&self, node: &NodeId) -> Result<(), Refused> {
        let is_there = self.leases.iter().any(|lease| lease.node == *node);
        if is_there { Ok(()) } else { Err(Refused::NoLease { node: node.clone() }) }
    }

    /// The same fleet, as if it had settled: for plans, never for a move.
    pub(crate) fn assumed_settled(mut self) -> Self {
        self.is_assumed_settled = true;
        self
    }
}
