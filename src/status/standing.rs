use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::clock::seconds;
use crate::controller::{ControllerStatus, NodeStatus, PartStatus};
use crate::phase::{Family, NodeRole, PartName, Phase, Share};

/// How many nodes are shown one by one.
const NODES_MAX: usize = 50;

/// Which store counts for a part of the keys.
///
/// ```
/// use strangler_fig::phase::Phase;
/// use strangler_fig::status::Authority;
///
/// assert_eq!(Authority::of(Phase::Shadow), Authority::Legacy);
/// assert_eq!(Authority::of(Phase::Cutover).to_string(), "both stores are authoritative");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Authority {
    /// Legacy does.
    Legacy,
    /// Modern does.
    Modern,
    /// Both do, on the bridge.
    Both,
    /// Neither: nothing is answered.
    Nobody,
}

impl Authority {
    /// In this phase.
    #[must_use]
    pub const fn of(phase: Phase) -> Self {
        match (phase.family(), phase) {
            (Some(Family::Legacy), _) => Self::Legacy,
            (Some(Family::Modern), _) => Self::Modern,
            (None, Phase::Halted) => Self::Nobody,
            (None, _) => Self::Both,
        }
    }

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
            Self::Both => "both",
            Self::Nobody => "nobody",
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Legacy => "legacy is authoritative",
            Self::Modern => "modern is authoritative",
            Self::Both => "both stores are authoritative",
            Self::Nobody => "nothing is answered",
        })
    }
}

/// Where a part of the keys stands, and which store counts for it.
///
/// ```
/// use strangler_fig::status::PartStanding;
///
/// fn line(part: &PartStanding) -> String {
///     format!("{}: {}, {}", part.keys, part.phase, part.authority)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PartStanding {
    /// Base or cohort.
    pub part: PartName,
    /// How many of all keys, in basis points.
    pub keys: Share,
    /// Its phase.
    pub phase: Phase,
    /// Which store counts.
    pub authority: Authority,
    /// The epoch that brought it here.
    pub since_epoch: u64,
    /// Whether a sweep has shown that modern holds all of it.
    pub modern_complete: bool,
    /// Whether every node works by it.
    pub is_settled: bool,
}

impl PartStanding {
    pub(super) fn of(part: &PartStatus) -> Self {
        let width = part.to.basis_points().saturating_sub(part.from.basis_points());
        Self {
            part: part.part,
            keys: Share::new(width).unwrap_or(Share::WHOLE),
            phase: part.phase,
            authority: Authority::of(part.phase),
            since_epoch: part.since_epoch,
            modern_complete: part.modern_complete,
            is_settled: part.is_settled,
        }
    }
}

/// What is known of a node.
///
/// ```
/// use strangler_fig::status::NodeStanding;
///
/// fn is_late(node: &NodeStanding) -> bool {
///     node.is_silent || !node.is_settled
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NodeStanding {
    /// Which life of which node.
    pub node: String,
    /// Whether it serves, or copies and repairs.
    pub role: NodeRole,
    /// The epoch it works by; `None` while it starts.
    pub epoch: Option<u64>,
    /// Whether that is new enough for every part.
    pub is_settled: bool,
    /// Whether it does not renew its lease.
    pub is_silent: bool,
    /// How long ago it renewed its lease, as far as the controller has seen.
    #[serde(rename = "renewed_ago_seconds", with = "seconds::or_null")]
    pub renewed_ago: Option<Duration>,
    /// Keys that forbid a first `Cutover`.
    pub holds: u64,
    /// Keys that only it knows to differ.
    pub backlog: u64,
}

impl NodeStanding {
    fn of(node: &NodeStatus) -> Self {
        Self {
            node: node.node.to_string(),
            role: node.role,
            epoch: node.adopted.map(|adopted| adopted.epoch),
            is_settled: node.is_settled,
            is_silent: node.is_silent,
            renewed_ago: node.renewed_ago,
            holds: node.holds,
            backlog: node.backlog.keys,
        }
    }

    /// Those that need a look first, as many as are shown; and how many there are besides.
    pub(super) fn all(status: &ControllerStatus) -> (Vec<Self>, usize) {
        let mut nodes: Vec<_> = status.nodes.iter().map(Self::of).collect();
        nodes.sort_by_key(|node| (!node.is_silent, node.is_settled));
        let left_out = nodes.len().saturating_sub(NODES_MAX);
        nodes.truncate(NODES_MAX);
        (nodes, left_out)
    }
}
