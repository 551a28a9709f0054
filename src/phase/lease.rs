use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Backlog, MoveId, NodeId};
use crate::stamp::StampScope;

/// The state a node works by.
///
/// ```
/// use strangler_fig::phase::{Adopted, MigrationState};
///
/// let state = MigrationState::new("airports".parse()?);
/// assert_eq!(state.adopted(), Adopted::new(state.epoch(), state.move_id()));
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Adopted {
    /// Its epoch.
    pub epoch: u64,
    /// The move that made it.
    pub move_id: MoveId,
}

impl Adopted {
    /// The state of this epoch that this move made.
    #[must_use]
    pub const fn new(epoch: u64, move_id: MoveId) -> Self {
        Self { epoch, move_id }
    }
}

/// Where the stamps of both sides live, on one node.
///
/// ```
/// use strangler_fig::phase::Scopes;
/// use strangler_fig::stamp::StampScope;
///
/// assert!(!Scopes::default().any_process());
/// let scopes = Scopes { legacy: StampScope::Process, ..Scopes::default() };
/// assert!(scopes.any_process());
/// assert_eq!(scopes.to_string(), "legacy in the process, modern in the store");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Scopes {
    /// Of the legacy side.
    pub legacy: StampScope,
    /// Of the modern side.
    pub modern: StampScope,
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |scope| match scope {
            StampScope::Store => "in the store",
            StampScope::Process => "in the process",
        };
        write!(f, "legacy {}, modern {}", place(self.legacy), place(self.modern))
    }
}

impl Scopes {
    /// Whether a side keeps its stamps in the process.
    #[must_use]
    pub fn any_process(self) -> bool {
        [self.legacy, self.modern].contains(&StampScope::Process)
    }
}

/// What a process does in the fleet.
///
/// ```
/// use strangler_fig::phase::{NodeRole, TrackerConfig};
///
/// let backfill = TrackerConfig::default().with_role(NodeRole::Worker);
/// assert_eq!(NodeRole::default().to_string(), "serving");
/// # let _ = backfill;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NodeRole {
    /// It answers callers. Such nodes are counted against the number expected.
    #[default]
    Serving,
    /// It only copies, checks or repairs. Crossings wait for it as for any node;
    /// before [`Decommission`](super::Move::Decommission) it must have stopped.
    Worker,
    /// It stands for writers that know no phase, as if in `LegacyOnly` for ever: nothing
    /// that waits for the fleet happens while its lease is there. It adopts nothing and
    /// renews nothing, and is not counted against the number expected.
    Outside,
}

impl fmt::Display for NodeRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Serving => "serving",
            Self::Worker => "worker",
            Self::Outside => "outside",
        })
    }
}

/// What a node says of itself in the migration-state service.
///
/// Times in it are the node's own promises, never moments: no rule compares the
/// clocks of two machines. Whoever watches a lease counts on his own clock how
/// long [`renewal`](Self::renewal) has stood still.
///
/// ```
/// use strangler_fig::phase::{
///     Fleet, Incarnation, MigrationState, NodeId, NodeLease, PartName,
/// };
///
/// let state = MigrationState::new("airports".parse()?);
/// let node = NodeId { name: "node-1".parse()?, incarnation: Incarnation::random()? };
/// let starting = NodeLease::new(node);
/// let ready = starting.clone().adopting(state.adopted());
///
/// assert!(!state.has_settled(PartName::Base, &Fleet::new(vec![starting])));
/// assert!(state.has_settled(PartName::Base, &Fleet::new(vec![ready])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeLease {
    /// Whose lease.
    pub node: NodeId,
    /// The state it has adopted; `None` while it starts.
    pub adopted: Option<Adopted>,
    /// Where its stamps live.
    pub scopes: Scopes,
    /// Divergences known to this node that forbid a first `Cutover`: modern is
    /// ahead of what legacy shows.
    pub holds: u64,
    /// What it does.
    #[serde(default)]
    pub role: NodeRole,
    /// How often it was renewed: one more each time, so that a renewal shows
    /// though nothing else has changed.
    #[serde(default)]
    pub renewal: u64,
    /// How long the node means to wait between two renewals.
    #[serde(default, rename = "interval_ms", with = "millis")]
    pub interval: Duration,
    /// For how long it serves after a renewal, if it stops by itself then
    /// ([`OutagePolicy::Fenced`](super::OutagePolicy::Fenced)); `None` if it goes on.
    #[serde(default, rename = "term_ms", with = "millis_if")]
    pub term: Option<Duration>,
    /// What only this process knows to differ.
    #[serde(default)]
    pub backlog: Backlog,
}

impl NodeLease {
    /// The lease of a node that starts: nothing adopted, stamps in the stores.
    #[must_use]
    pub fn new(node: NodeId) -> Self {
        Self {
            node,
            adopted: None,
            scopes: Scopes::default(),
            holds: 0,
            role: NodeRole::default(),
            renewal: 0,
            interval: Duration::ZERO,
            term: None,
            backlog: Backlog::default(),
        }
    }

    /// The same, once the node works by this state.
    #[must_use]
    pub fn adopting(mut self, adopted: Adopted) -> Self {
        self.adopted = Some(adopted);
        self
    }

    /// The same, with stamps elsewhere than in the stores.
    #[must_use]
    pub fn with_scopes(mut self, scopes: Scopes) -> Self {
        self.scopes = scopes;
        self
    }

    /// The same, knowing of `holds` keys where modern is ahead of legacy.
    #[must_use]
    pub fn with_holds(mut self, holds: u64) -> Self {
        self.holds = holds;
        self
    }

    /// The same, of a process that does something else than serving.
    #[must_use]
    pub fn with_role(mut self, role: NodeRole) -> Self {
        self.role = role;
        self
    }
}

/// Durations as whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(it: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(it.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

mod millis_if {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks so")]
    pub(super) fn serialize<S: Serializer>(
        it: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match it {
            Some(it) => super::millis::serialize(it, to),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D>(from: D) -> Result<Option<Duration>, D::Error>
    where
        D: Deserializer<'de>,
    {
        Option::<u64>::deserialize(from).map(|millis| millis.map(Duration::from_millis))
    }
}
