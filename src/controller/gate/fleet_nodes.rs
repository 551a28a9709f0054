//! What the leases of a fleet say, for gates.

use std::collections::BTreeSet;
use std::fmt;

use super::GateContext;
use crate::phase::NodeRole;

/// How many nodes hold a lease, of how many.
#[derive(Clone, Copy)]
pub(super) struct Nodes {
    pub(super) found: usize,
    pub(super) expected: u32,
}

impl Nodes {
    /// Two lives of one node are one, and a worker is none.
    pub(super) fn of(context: &GateContext<'_>) -> Self {
        let serving = context.fleet.leases().iter().filter(|it| it.role == NodeRole::Serving);
        let names: BTreeSet<_> = serving.map(|lease| &lease.node.name).collect();
        Self { found: names.len(), expected: context.state.nodes_expected().get() }
    }

    pub(super) fn are_missing(self) -> bool {
        u32::try_from(self.found).is_ok_and(|found| found < self.expected)
    }
}

impl fmt::Display for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} nodes hold a lease", self.found, self.expected)
    }
}

/// What a node knows to differ that is in no queue yet, in words; `None`: nothing,
/// on every node, and every node is there.
pub(super) fn unqueued(context: &GateContext<'_>) -> Option<String> {
    let leases = || context.fleet.leases().iter();
    let full = leases().find(|lease| lease.backlog.has_overflowed);
    let keeps = leases().find(|lease| !lease.backlog.is_empty());
    let nodes = Nodes::of(context);
    match (full, keeps) {
        (Some(lease), _) => Some(format!(
            "a sink of node {} was full and forgot which keys: a full check or a sweep finds them",
            lease.node
        )),
        (None, Some(lease)) => Some(format!(
            "node {} knows of {} keys that are not in the queue yet",
            lease.node, lease.backlog.keys
        )),
        (None, None) => nodes.are_missing().then(|| format!("{nodes}: the others are not known")),
    }
}
