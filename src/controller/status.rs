use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::controller::Seen;
use super::{ControllerError, MigrationController, Plan};
use crate::clock::seconds;
use crate::phase::{
    Adopted, Backlog, Family, MigrationName, MoveHistory, NodeId, NodeLease, NodeRole, Part,
    PartName, Phase, Scopes, Share, Side,
};

/// Where a part of the keys stands.
///
/// ```
/// use strangler_fig::controller::PartStatus;
///
/// fn line(part: &PartStatus) -> String {
///     format!("{} to {}: {}", part.from, part.to, part.phase)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PartStatus {
    /// Base or cohort.
    pub part: PartName,
    /// Its buckets begin here.
    pub from: Share,
    /// And end before this.
    pub to: Share,
    /// Its phase.
    pub phase: Phase,
    /// The family it came from.
    pub entered_from: Family,
    /// The epoch that brought it here.
    pub since_epoch: u64,
    /// Whether a sweep has shown that modern holds all of it.
    pub modern_complete: bool,
    /// Whether every node works by it.
    pub is_settled: bool,
}

/// What is known of a node.
///
/// ```
/// use strangler_fig::controller::NodeStatus;
///
/// fn is_suspicious(node: &NodeStatus) -> bool {
///     node.is_silent || !node.is_settled
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NodeStatus {
    /// Which life of which node.
    pub node: NodeId,
    /// Whether it serves, or copies and repairs.
    pub role: NodeRole,
    /// The state it works by; `None` while it starts.
    pub adopted: Option<Adopted>,
    /// Whether that is new enough for every part.
    pub is_settled: bool,
    /// How long ago it renewed its lease, as this controller has seen it; `None`: it
    /// has not been seen to, yet.
    #[serde(rename = "renewed_ago_seconds", with = "seconds::or_null")]
    pub renewed_ago: Option<Duration>,
    /// Whether it was not seen to renew it for three of its intervals.
    pub is_silent: bool,
    /// How long it means to wait between two renewals.
    #[serde(rename = "interval_seconds", with = "seconds")]
    pub interval: Duration,
    /// For how long it serves without a renewal; `None`: it goes on.
    #[serde(rename = "term_seconds", with = "seconds::or_null")]
    pub term: Option<Duration>,
    /// Where its stamps live.
    pub scopes: Scopes,
    /// Keys that forbid a first `Cutover`.
    pub holds: u64,
    /// Keys that only it knows to differ.
    pub backlog: Backlog,
}

/// All there is to know before a move, for people and for programs.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::controller::MigrationController;
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::{MigrationName, MigrationState, MigrationStateService, Phase};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (service, name): (_, MigrationName) = (Arc::new(InMemoryStateService::default()), "users".parse()?);
/// service.create(&MigrationState::new(name.clone())).await?;
/// let status = MigrationController::new(service, name).status().await?;
/// assert_eq!((status.epoch, status.parts[0].phase), (0, Phase::LegacyOnly));
/// assert_eq!(status.next.steps[0].step, "to dual_write");
/// assert!(serde_json::to_string(&status)?.contains("\"legacy_complete\":true"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ControllerStatus {
    /// Which migration.
    pub migration: MigrationName,
    /// The epoch of its state.
    pub epoch: u64,
    /// The revision it is stored under.
    pub revision: u64,
    /// The base and, if there is one, the cohort.
    pub parts: Vec<PartStatus>,
    /// Whether legacy holds every record that may be read anywhere.
    pub legacy_complete: bool,
    /// Whether `RampDown` or `ModernOnly` was ever entered.
    pub has_left_legacy: bool,
    /// Whether the way back was given up.
    pub is_decommissioned: bool,
    /// Who answers queries over all keys; `None` while halted.
    pub query_side: Option<Side>,
    /// How many serving nodes must hold a lease.
    pub nodes_expected: u32,
    /// Every lease.
    pub nodes: Vec<NodeStatus>,
    /// What [`advance`](MigrationController::advance) would do.
    pub next: Plan,
    /// What [`roll_back`](MigrationController::roll_back) would do.
    pub back: Plan,
    /// The last moves, the newest last.
    pub history: MoveHistory,
    /// What an operator should look at.
    pub warnings: Vec<String>,
}

impl MigrationController {
    /// Where the migration stands, who works by it, what comes next and what blocks it.
    ///
    /// # Errors
    ///
    /// [`ControllerError`]: the state or the leases could not be read.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn status(&self) -> Result<ControllerStatus, ControllerError> {
        let seen = self.look().await?;
        let state = seen.state();
        let nodes: Vec<_> =
            seen.fleet.leases().iter().map(|lease| self.node_status(&seen, lease)).collect();
        Ok(ControllerStatus {
            migration: self.name.clone(),
            epoch: state.epoch(),
            revision: seen.found.revision.0,
            parts: parts(&seen),
            legacy_complete: state.legacy_complete(),
            has_left_legacy: state.has_left_legacy(),
            is_decommissioned: state.is_decommissioned(),
            query_side: state.query_side(),
            nodes_expected: state.nodes_expected().get(),
            next: self.planned_next(&seen).await,
            back: self.planned_back(&seen).await,
            history: state.history().clone(),
            warnings: warnings(&seen, &nodes),
            nodes,
        })
    }

    fn node_status(&self, seen: &Seen, lease: &NodeLease) -> NodeStatus {
        let (renewed_ago, unchanged) = self.watched(|watch| {
            (watch.renewed_ago(&lease.node), watch.unchanged(&lease.node).unwrap_or_default())
        });
        NodeStatus {
            node: lease.node.clone(),
            role: lease.role,
            adopted: lease.adopted,
            is_settled: is_settled(seen, lease),
            renewed_ago,
            is_silent: lease.role != NodeRole::Outside
                && unchanged > (lease.interval.saturating_mul(3)).max(Duration::from_secs(1)),
            interval: lease.interval,
            term: lease.term,
            scopes: lease.scopes,
            holds: lease.holds,
            backlog: lease.backlog,
        }
    }
}

fn is_settled(seen: &Seen, lease: &NodeLease) -> bool {
    let state = seen.state();
    let since = [PartName::Base, PartName::Cohort].into_iter().filter_map(|part| state.part(part));
    let since = since.map(|part| part.since_epoch).max().unwrap_or(0);
    lease.adopted.is_some_and(|adopted| adopted.epoch >= since)
}

fn parts(seen: &Seen) -> Vec<PartStatus> {
    let state = seen.state();
    let share = state.cohort().map_or(Share::NONE, |cohort| cohort.share);
    let status = |part: PartName, from: Share, to: Share, is: Part| PartStatus {
        part,
        from,
        to,
        phase: is.phase,
        entered_from: is.entered_from,
        since_epoch: is.since_epoch,
        modern_complete: is.modern_complete,
        is_settled: state.has_settled(part, &seen.fleet),
    };
    let base = status(PartName::Base, share, Share::WHOLE, state.base());
    let cohort =
        state.cohort().map(|cohort| status(PartName::Cohort, Share::NONE, share, cohort.part));
    [Some(base), cohort].into_iter().flatten().collect()
}

fn warnings(seen: &Seen, nodes: &[NodeStatus]) -> Vec<String> {
    let state = seen.state();
    let mut warnings = Vec::new();
    if let Err(refused) = state.not_behind(&seen.fleet) {
        warnings.push(format!("{refused}; nothing moves until the newest state is restored"));
    }
    let recorded = state.history().last().map_or(0, |record| record.epoch);
    if recorded < state.epoch() {
        warnings.push(format!("epoch {} was made by a move that nobody recorded", state.epoch()));
    }
    for node in nodes {
        if node.role == NodeRole::Outside {
            warnings.push(format!(
                "writers outside the crate ({}) have not been switched off: nothing crosses",
                node.node
            ));
        }
        if node.is_silent {
            warnings.push(format!("node {} does not renew its lease", node.node));
        }
        if node.holds > 0 {
            warnings.push(format!(
                "node {} knows {} keys where modern is ahead of legacy",
                node.node, node.holds
            ));
        }
        if node.backlog.has_overflowed {
            warnings.push(format!("node {} has forgotten which keys differ: sweep", node.node));
        }
    }
    warnings
}

impl fmt::Display for NodeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.adopted {
            _ if self.role == NodeRole::Outside => write!(f, "{} outside", self.node)?,
            Some(adopted) => write!(f, "{} epoch {}", self.node, adopted.epoch)?,
            None => write!(f, "{} starting", self.node)?,
        }
        if self.role == NodeRole::Worker {
            f.write_str(", worker")?;
        }
        if self.is_silent {
            f.write_str(", silent")?;
        }
        if self.holds > 0 {
            write!(f, ", {} holds", self.holds)?;
        }
        if self.backlog.keys > 0 {
            write!(f, ", backlog {}", self.backlog.keys)?;
        }
        Ok(())
    }
}

impl fmt::Display for ControllerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "migration {}, epoch {}", self.migration, self.epoch)?;
        for part in &self.parts {
            let (name, settled) = match part.part {
                PartName::Base => ("base  ", part.is_settled),
                PartName::Cohort => ("cohort", part.is_settled),
            };
            let settled = if settled { "settled" } else { "not settled" };
            let complete = if part.modern_complete { ", modern complete" } else { "" };
            let (from, to) = (part.from, part.to);
            writeln!(f, "{name}  {from} to {to}: {}, {settled}{complete}", part.phase)?;
        }
        let legacy = if self.legacy_complete { "complete" } else { "not complete" };
        let side = self.query_side.map_or("nobody", Side::name);
        writeln!(f, "legacy  {legacy}; queries go to {side}")?;
        if self.is_decommissioned {
            writeln!(f, "legacy  decommissioned: there is no way back")?;
        }
        // Two lives of one node are one node.
        let serving = self.nodes.iter().filter(|node| node.role == NodeRole::Serving);
        let serving: BTreeSet<_> = serving.map(|node| &node.node.name).collect();
        writeln!(f, "nodes   {} serving, {} expected", serving.len(), self.nodes_expected)?;
        for node in &self.nodes {
            writeln!(f, "        {node}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning {warning}")?;
        }
        writeln!(f, "next    {}", self.next)?;
        write!(f, "back    {}", self.back)
    }
}
