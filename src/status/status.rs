use std::cmp::Reverse;
use std::fmt::Write as _;

use serde::Serialize;

use super::plain::{TEXT_MAX, capped};
use super::{
    Authority, BackfillStatus, BreakerStatus, ComparisonStatus, DifferenceStatus, NodeStanding,
    OutboxStatus, PartStanding, PastMove, PercentileStatus, RepairStatus, ReplicationStatus,
    SagaStatuses, SweepStatus, TrafficStatus, VerificationStatus, Way,
};
use crate::consistency::CheckReport;
use crate::controller::{ControllerStatus, Rate, Verification};
use crate::observe::{Standing, severity};
use crate::phase::{NodeRole, Phase, Side};
use crate::reconcile::RepairDepth;
use crate::resilience::CircuitBreaker;
use crate::worker::Progress;

/// How many warnings are kept.
const WARNINGS_MAX: usize = 20;

/// Where a migration stands: all of it, as values.
///
/// Made by a [`StatusBoard`](super::StatusBoard); what no event tells is added here. What nobody told is `None` or empty,
/// and each output says so. Its texts are cut to a length; escaping is the outputs' part.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::memory::{InMemoryRepository, InMemoryStateService};
/// # use strangler_fig::phase::{MigrationName, MigrationState, MigrationStateService};
/// use strangler_fig::controller::MigrationController;
/// use strangler_fig::status::StatusBoard;
/// use strangler_fig::worker::{Eta, Progress};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (service, name): (_, MigrationName) = (Arc::new(InMemoryStateService::default()), "users".parse()?);
/// # service.create(&MigrationState::new(name.clone())).await?;
/// # let controller = MigrationController::new(service, name);
/// # let board = StatusBoard::default();
/// let status = board.status(&controller.status().await?).with_backfill(&Progress::new(7));
/// let json: serde_json::Value = serde_json::from_str(&status.to_json())?;
/// assert_eq!(json["parts"][0]["authority"], "legacy");
/// assert_eq!(json["backfill"]["line"], "7 records, rate unknown, ETA unknown");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// Which migration.
    pub migration: String,
    /// The epoch of its state.
    pub epoch: u64,
    /// Which phase it is in and which store counts; with a cohort, for how many of the keys each.
    pub headline: String,
    /// When this was looked at, in Unix milliseconds.
    pub as_of_unix_ms: u64,
    /// The base and, if there is one, the cohort.
    pub parts: Vec<PartStanding>,
    /// Whether legacy holds every record that may be read anywhere.
    pub legacy_complete: bool,
    /// Whether the way back was given up.
    pub is_decommissioned: bool,
    /// Who answers queries over all keys; `None` while halted.
    pub query_side: Option<Side>,
    /// What comes next, and what blocks it.
    pub next: Way,
    /// The way back.
    pub back: Way,
    /// Whether the stores were found to be the same.
    pub verification: VerificationStatus,
    /// What comparisons came to.
    pub comparisons: ComparisonStatus,
    /// How long calls took, of the primary and of the secondary.
    pub latencies: Vec<PercentileStatus>,
    /// What this process did.
    pub traffic: TrafficStatus,
    /// What waits to be repaired; `None`: nobody has told.
    pub repairs: Option<RepairStatus>,
    /// How far the backfill has come.
    pub backfill: Option<BackfillStatus>,
    /// How the sweep stands that runs, or ran last.
    pub sweep: Option<SweepStatus>,
    /// What waits in the outbox.
    pub outbox: Option<OutboxStatus>,
    /// How far replication is behind.
    pub replication: Option<ReplicationStatus>,
    /// Circuit breakers that have turned, by name, of one name the worst first.
    pub breakers: Vec<BreakerStatus>,
    /// How many more there are.
    pub breakers_left_out: usize,
    /// Sagas, by where they stand.
    pub sagas: Option<SagaStatuses>,
    /// What the last check found to differ.
    pub differences: Option<DifferenceStatus>,
    /// How many serving nodes must hold a lease.
    pub nodes_expected: u32,
    /// How many do.
    pub nodes_serving: u32,
    /// The nodes, those that need a look first.
    pub nodes: Vec<NodeStanding>,
    /// How many more there are.
    pub nodes_left_out: usize,
    /// What an operator should look at.
    pub warnings: Vec<String>,
    /// How many more there are.
    pub warnings_left_out: usize,
    /// The last moves, the newest last.
    pub history: Vec<PastMove>,
}

impl MigrationStatus {
    pub(super) fn of(controller: &ControllerStatus, now_unix_ms: u64) -> Self {
        let serving = controller.nodes.iter().filter(|node| node.role == NodeRole::Serving);
        // Two lives of one node are one node.
        let serving: std::collections::BTreeSet<_> = serving.map(|node| &node.node.name).collect();
        let parts: Vec<_> = controller.parts.iter().map(PartStanding::of).collect();
        let warnings = controller.warnings.iter().take(WARNINGS_MAX);
        let (nodes, nodes_left_out) = NodeStanding::all(controller);
        Self {
            migration: controller.migration.to_string(),
            epoch: controller.epoch,
            headline: headline(&parts),
            as_of_unix_ms: now_unix_ms,
            parts,
            legacy_complete: controller.legacy_complete,
            is_decommissioned: controller.is_decommissioned,
            query_side: controller.query_side,
            next: Way::of(&controller.next),
            back: Way::of(&controller.back),
            verification: VerificationStatus::never(std::time::Duration::MAX, None),
            comparisons: ComparisonStatus::none(Rate::ZERO),
            latencies: Vec::new(),
            traffic: TrafficStatus::default(),
            repairs: None,
            backfill: None,
            sweep: None,
            outbox: None,
            replication: None,
            breakers: Vec::new(),
            breakers_left_out: 0,
            sagas: None,
            differences: None,
            nodes_expected: controller.nodes_expected,
            nodes_serving: u32::try_from(serving.len()).unwrap_or(u32::MAX),
            nodes,
            nodes_left_out,
            warnings: warnings.map(|warning| capped(warning, TEXT_MAX)).collect(),
            warnings_left_out: controller.warnings.len().saturating_sub(WARNINGS_MAX),
            history: PastMove::all(controller.history.iter()),
        }
    }

    /// The same with what the last verification is worth, `None`: there was none.
    #[must_use]
    pub fn with_verification(mut self, last: Option<Verification>) -> Self {
        if let Some(last) = last {
            self.verification = self.verification.judged(last, self.as_of_unix_ms, &self.history);
        }
        self
    }

    /// The same with what a check has found to differ; see [`DifferenceStatus::of`].
    #[must_use]
    pub fn with_differences<K>(mut self, report: &CheckReport<K>) -> Self {
        self.differences = Some(DifferenceStatus::of(report));
        self
    }

    /// The same with how far a backfill has come that runs now; of one that has told of its end that is known better.
    #[must_use]
    pub fn with_backfill(mut self, progress: &Progress) -> Self {
        let has_ended = |known: &BackfillStatus| {
            known.state != "running" && known.progress.records == progress.records
        };
        if !self.backfill.as_ref().is_some_and(has_ended) {
            let now = std::time::Duration::ZERO;
            self.backfill = Some(BackfillStatus::of(progress, "running", now));
        }
        self
    }

    /// The same with what waits in a repair queue now.
    #[must_use]
    pub fn with_repairs(mut self, depth: RepairDepth) -> Self {
        self.repairs = Some(RepairStatus::now(depth));
        self
    }

    /// The same with the sagas of a journal.
    #[must_use]
    pub fn with_sagas(mut self, sagas: SagaStatuses) -> Self {
        self.sagas = Some(sagas);
        self
    }

    /// The same with a breaker as it is now: no event tells of one that has never turned.
    ///
    /// ```
    /// # use strangler_fig::status::MigrationStatus;
    /// use strangler_fig::resilience::CircuitBreaker;
    ///
    /// fn with_both(status: MigrationStatus, sides: [&CircuitBreaker; 2]) -> MigrationStatus {
    ///     sides.into_iter().fold(status, MigrationStatus::with_breaker)
    /// }
    /// ```
    #[must_use]
    pub fn with_breaker(mut self, breaker: &CircuitBreaker) -> Self {
        let (state, turns) = (breaker.state().name(), breaker.generation());
        let (breaker, instance) = (breaker.name(), breaker.instance());
        self.breakers.retain(|known| known.instance != instance);
        self.breakers.push(BreakerStatus::of(Standing { breaker, instance, state, turns }));
        let worst_first = |it: &BreakerStatus| (it.breaker.clone(), Reverse(severity(it.state)));
        self.breakers.sort_by_key(worst_first);
        self
    }

    /// The phase of the base: of all keys where there is no cohort, else of those that are not in it, which may be few.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.parts.first().map_or(Phase::LegacyOnly, |part| part.phase)
    }

    /// Which store counts for the base; `parts` has the cohort's, too.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority::of(self.phase())
    }
}

/// The part with the most keys first.
fn headline(parts: &[PartStanding]) -> String {
    let mut parts: Vec<_> = parts.iter().collect();
    parts.sort_by_key(|part| Reverse(part.keys));
    let mut text = String::new();
    for (place, PartStanding { keys, phase, authority, .. }) in parts.iter().enumerate() {
        let _ = match (place, parts.len()) {
            (_, 1) => write!(text, "{phase}, {authority}"),
            (0, _) => write!(text, "{keys} of the keys {phase}, {authority}"),
            (_, _) => write!(text, "; {keys} {phase}, {authority}"),
        };
    }
    text
}
