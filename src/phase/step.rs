use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{NodeId, PartName, Phase, Share, SweepEvidence};

/// One step of a migration. Whether it is allowed now,
/// [`MigrationState::transition`](super::MigrationState::transition) decides.
///
/// ```
/// use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, PartName, Phase};
///
/// let to = Phase::Shadow;
/// assert_eq!(Move::to(to), Move::Phase { part: PartName::Base, to });
/// assert_eq!(Move::cohort_to(to), Move::Phase { part: PartName::Cohort, to });
///
/// let state = MigrationState::new("airports".parse()?);
/// let three = Move::ExpectNodes(3.try_into()?);
/// let state = state.transition(&three, MoveId::random()?, &Fleet::default())?;
/// assert_eq!(state.nodes_expected().get(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Move {
    /// A part goes to another phase.
    Phase {
        /// Which part.
        part: PartName,
        /// Where to.
        to: Phase,
    },
    /// A cohort of this share begins, as a copy of the base.
    StartCohort {
        /// More than nothing, less than everything.
        share: Share,
    },
    /// The cohort takes more keys from the base; all of them make it the base.
    GrowCohort {
        /// More than it has.
        share: Share,
    },
    /// The cohort's keys return to the base.
    EndCohort,
    /// A sweep has shown that nothing is missing.
    Complete(SweepEvidence),
    /// This number of nodes must hold a lease before anything that waits for the
    /// fleet.
    ExpectNodes(NonZeroU32),
    /// A node loses its lease, for good, by
    /// [`MigrationStateService::evict`](super::MigrationStateService::evict). It is
    /// written down before: if the node comes back meanwhile, it keeps its lease.
    Evict {
        /// Which life of it.
        node: NodeId,
        /// What makes that safe.
        ground: EvictionGround,
    },
    /// The point of no return: the way back is given up, and tombstones may go.
    Decommission,
}

/// What makes an eviction safe: a node that still serves must not lose its lease.
///
/// ```
/// use strangler_fig::phase::EvictionGround;
///
/// assert_eq!(EvictionGround::ProcessEnded.to_string(), "its process has ended");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EvictionGround {
    /// An operator says that its process has ended.
    ProcessEnded,
    /// The lease of a node that stops by itself was watched, unchanged, for longer
    /// than its term.
    LeaseRanOut,
}

impl fmt::Display for EvictionGround {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProcessEnded => "its process has ended",
            Self::LeaseRanOut => "its lease has run out",
        })
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phase { part: PartName::Base, to } => write!(f, "to {to}"),
            Self::Phase { part: PartName::Cohort, to } => write!(f, "cohort to {to}"),
            Self::StartCohort { share } => write!(f, "cohort of {share} begins"),
            Self::GrowCohort { share } => write!(f, "cohort grows to {share}"),
            Self::EndCohort => f.write_str("cohort ends"),
            Self::Complete(_) => f.write_str("a sweep was clean"),
            Self::ExpectNodes(nodes) => write!(f, "{nodes} nodes are expected"),
            Self::Evict { node, ground } => write!(f, "evict {node}: {ground}"),
            Self::Decommission => f.write_str("decommission legacy"),
        }
    }
}

impl Move {
    /// What kind of move it is, in a word or two.
    ///
    /// ```
    /// use strangler_fig::phase::{Move, Phase, Share};
    ///
    /// assert_eq!(Move::to(Phase::Shadow).name(), "phase");
    /// assert_eq!(Move::StartCohort { share: Share::percent(5) }.name(), "cohort_started");
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Phase { .. } => "phase",
            Self::StartCohort { .. } => "cohort_started",
            Self::GrowCohort { .. } => "cohort_grown",
            Self::EndCohort => "cohort_ended",
            Self::Complete(_) => "swept",
            Self::ExpectNodes(_) => "nodes_expected",
            Self::Evict { .. } => "evicted",
            Self::Decommission => "decommissioned",
        }
    }

    /// The base goes to `to`.
    #[must_use]
    pub const fn to(to: Phase) -> Self {
        Self::Phase { part: PartName::Base, to }
    }

    /// Whether it changes the phase of a key: what two operators must not do against
    /// each other, and what no sweep may span.
    ///
    /// ```
    /// use strangler_fig::phase::{Move, Phase};
    ///
    /// assert!(Move::to(Phase::Shadow).steers());
    /// assert!(!Move::ExpectNodes(std::num::NonZeroU32::MIN).steers());
    /// ```
    #[must_use]
    pub const fn steers(&self) -> bool {
        !matches!(self, Self::Complete(_) | Self::ExpectNodes(_) | Self::Evict { .. })
    }

    /// The cohort goes to `to`.
    #[must_use]
    pub const fn cohort_to(to: Phase) -> Self {
        Self::Phase { part: PartName::Cohort, to }
    }
}

/// Why a move is not allowed now.
///
/// ```
/// use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase, Refused};
///
/// let state = MigrationState::new("airports".parse()?);
/// let refused = state.transition(&Move::to(Phase::Live), MoveId::random()?, &Fleet::default());
/// let (from, to) = (Phase::LegacyOnly, Phase::Live);
/// assert_eq!(refused, Err(Refused::NotAMove { from, to }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// No rule leads from here to there in one move.
    #[error("{from} does not lead to {to} in one move")]
    NotAMove {
        /// Where the part is.
        from: Phase,
        /// Where it should go.
        to: Phase,
    },
    /// A node does not work by the current phase yet. One that stopped renewing
    /// blocks until it returns or is evicted.
    #[error(
        "node {node} has not settled: {}, needed is epoch {needed}",
        adopted.map_or("it starts".to_owned(), |epoch| format!("it is at epoch {epoch}"))
    )]
    Unsettled {
        /// Which node.
        node: NodeId,
        /// The epoch it has adopted.
        adopted: Option<u64>,
        /// The epoch it must have adopted.
        needed: u64,
    },
    /// Nodes are missing.
    #[error(
        "{found} {} a lease, {expected} {} expected",
        if *found == 1 { "node holds" } else { "nodes hold" },
        if *expected == 1 { "is" } else { "are" }
    )]
    TooFewNodes {
        /// As the state says.
        expected: u32,
        /// As the leases show.
        found: u32,
    },
    /// Writers that know no phase still write to legacy, and would miss every move.
    #[error("writers outside the crate ({node}) have not been switched off")]
    OutsideWriters {
        /// The lease that stands for them.
        node: NodeId,
    },
    /// R2: no sweep has shown that modern is complete.
    #[error("modern is not known to be complete: sweep in this cutover first")]
    ModernIncomplete,
    /// R3, R4: legacy lacks what was written since it was left behind.
    #[error("legacy is not known to be complete: sweep in a cutover first")]
    LegacyIncomplete,
    /// Modern is ahead of what legacy shows, for keys never in `Cutover`.
    #[error("node {node} knows {holds} keys where modern is ahead of legacy: repair them first")]
    Held {
        /// Which node.
        node: NodeId,
        /// How many.
        holds: u64,
    },
    /// Stamps of this node are forgotten with its process.
    #[error("node {node} keeps stamps in its process: run one node and accept it by name")]
    ProcessScope {
        /// Which node.
        node: NodeId,
    },
    /// The state store has gone back to an older state, or was moved on from one.
    #[error(
        "node {node} works by a state that epoch {epoch} does not come from: the state store went back"
    )]
    StateWentBack {
        /// Which node.
        node: NodeId,
        /// The epoch the store shows.
        epoch: u64,
    },
    /// No epoch is left: the state was not made by moves.
    #[error("the epoch of the state cannot grow any more")]
    EpochExhausted,
    /// There is no cohort to move.
    #[error("there is no cohort")]
    NoCohort,
    /// There is a cohort in the way.
    #[error("there is a cohort: let it grow to the whole or end it first")]
    CohortExists,
    /// A cohort cannot begin here.
    #[error("a cohort cannot begin in {phase}")]
    CohortForbidden {
        /// The phase of the base.
        phase: Phase,
    },
    /// A cohort only grows, and is neither nothing nor everything.
    #[error("a cohort of {share} is no step: it begins within the whole and only grows")]
    ShareOutOfRange {
        /// The share asked for.
        share: Share,
    },
    /// Two parts in `Cutover` that came from different families stay two.
    #[error("base and cohort entered cutover from different families")]
    EnteredFromDiffers,
    /// After the move neither store could answer queries over all keys.
    #[error("after this move no store would hold every record for queries")]
    NoStoreForQueries,
    /// Somebody still copies, checks or repairs.
    #[error("node {node} still copies, checks or repairs: stop it first")]
    WorkerRunning {
        /// Which process.
        node: NodeId,
    },
    /// There is no such lease to take away.
    #[error("node {node} holds no lease")]
    NoLease {
        /// Which life of which node.
        node: NodeId,
    },
    /// Legacy is decommissioned from `ModernOnly` only.
    #[error("legacy is decommissioned from modern_only, not from {phase}")]
    NotModernOnly {
        /// Where the base stands.
        phase: Phase,
    },
    /// Legacy was decommissioned: there is no way back.
    #[error("legacy was decommissioned: nothing moves any more")]
    Decommissioned,
    /// Tombstones keep what they bury from coming back.
    #[error("tombstones stay until legacy is decommissioned")]
    NotDecommissioned,
    /// The state has moved since the sweep began.
    #[error(
        "the sweep began under the move of epoch {began}, that of epoch {epoch} came: sweep again"
    )]
    SweepOutdated {
        /// When the sweep began.
        began: u64,
        /// Now.
        epoch: u64,
    },
    /// The sweep began before any part had settled in `Cutover`.
    #[error("no part had settled in cutover when the sweep began")]
    SweepWithoutCutover,
    /// The sweep left keys behind.
    #[error("the sweep left {failures} failures and {conflicts} conflicts behind")]
    SweepUnclean {
        /// Keys that could not be joined.
        failures: u64,
        /// Conflicts that could not be resolved.
        conflicts: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_node_is_no_many() {
        let told = |expected, found| Refused::TooFewNodes { expected, found }.to_string();
        assert_eq!(told(3, 0), "0 nodes hold a lease, 3 are expected");
        assert_eq!(told(2, 1), "1 node holds a lease, 2 are expected");
        assert_eq!(told(1, 0), "0 nodes hold a lease, 1 is expected");
    }

    #[test]
    fn the_ground_of_an_eviction_reads_as_words() {
        assert_eq!(EvictionGround::ProcessEnded.to_string(), "its process has ended");
        assert_eq!(EvictionGround::LeaseRanOut.to_string(), "its lease has run out");
    }
}
