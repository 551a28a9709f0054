use strangler_fig::phase::{Fleet, NodeLease, Phase, SweepTicket};

use super::node::Node;
use crate::spec::{self, Spec};

/// A life of a node, by the node and its incarnation.
pub(super) type Id = (u8, u8);

/// A lease as it is stored, or on its way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Lease {
    pub(super) id: Id,
    pub(super) renewal: u8,
    pub(super) adopted: Option<Spec>,
}

impl Lease {
    /// The same as the crate's own.
    pub(super) fn document(&self) -> NodeLease {
        let (node, life) = self.id;
        let adopted = self.adopted.map(|spec| spec.state.adopted());
        let mut lease = spec::lease(usize::from(node), life, adopted);
        lease.renewal = self.renewal.into();
        lease
    }
}

/// Who moves the migration: a controller, or a guard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Driver {
    /// The state it has seen.
    pub(super) state: Option<Spec>,
    /// The leases it has seen.
    pub(super) fleet: Option<Vec<Lease>>,
}

/// A sweep under way, and what would make it worthless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sweeping {
    pub(super) ticket: SweepTicket,
    /// The epoch the fleet must have settled in.
    pub(super) needed: u64,
    /// Whether a node has answered by an earlier state since it began.
    pub(super) is_stale: bool,
}

/// How often each thing may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Budget {
    pub(super) moves: u8,
    /// Renewals that are sent.
    pub(super) renewals: u8,
    /// Renewals that arrive once more.
    pub(super) twice: u8,
    pub(super) crashes: u8,
    pub(super) evictions: u8,
    pub(super) sweeps: u8,
}

impl Budget {
    pub(super) const NONE: Self =
        Self { moves: 0, renewals: 0, twice: 0, crashes: 0, evictions: 0, sweeps: 0 };
}

/// Everything there is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Site {
    /// The states that were stored; the last is the current one.
    pub(super) current: Spec,
    pub(super) nodes: Vec<Node>,
    pub(super) leases: Vec<Lease>,
    pub(super) barred: Vec<Id>,
    /// Renewals on their way.
    pub(super) letters: Vec<Lease>,
    pub(super) drivers: Vec<Driver>,
    /// The epoch below which nobody may answer any more: a move has relied on it.
    pub(super) gate: u64,
    pub(super) sweep: Option<Sweeping>,
    pub(super) left: Budget,
    /// What has gone wrong.
    pub(super) wrong: Option<&'static str>,
}

/// The fleet that these leases show.
pub(super) fn fleet(leases: &[Lease]) -> Fleet {
    Fleet::new(leases.iter().map(Lease::document).collect())
}

impl Site {
    pub(super) fn lease(&self, id: Id) -> Option<&Lease> {
        self.leases.iter().find(|lease| lease.id == id)
    }

    pub(super) fn remove(&mut self, id: Id) {
        self.leases.retain(|lease| lease.id != id);
    }

    pub(super) fn store(&mut self, lease: Lease) {
        self.remove(lease.id);
        self.leases.push(lease);
        self.leases.sort_unstable();
    }

    /// Whether two nodes would answer from different stores now.
    pub(super) fn is_torn(&self, is_fenced: bool) -> bool {
        let answers = self.nodes.iter().filter(|node| node.is_open(is_fenced));
        let phases = answers.filter_map(|node| node.adopted).map(|spec| spec.state.base().phase);
        let mut families = phases.filter_map(Phase::family);
        families.next().is_some_and(|first| families.any(|family| family != first))
    }
}
