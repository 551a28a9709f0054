//! Moving: the one place that knows how a goal is reached.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strangler_fig::phase::{
    EvictionGround, Family, MigrationName, MigrationState, MigrationStateService, Move, NodeId,
    Part, PartName, Phase, Refused, Share, StepError, take_step,
};
use strangler_fig::reconcile::{Sweep, SweepReport};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep};

use crate::Outcome;
use crate::sides::Customers;

/// How long an operator waits for the fleet, and between two attempts.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(50);

/// Where the migration is to be. What is left to do follows from the state alone,
/// so that whoever finds it half done goes on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The base in this phase.
    Base(Phase),
    /// A cohort of this share in this phase.
    Cohort {
        /// How many keys.
        share: Share,
        /// Where to.
        to: Phase,
    },
    /// Every key in this phase, and no cohort.
    Whole(Phase),
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Move(Move),
    /// To show that a store is complete, which opens the crossing.
    Sweep,
}

const LADDER: [Phase; 7] = [
    Phase::LegacyOnly,
    Phase::DualWrite,
    Phase::Shadow,
    Phase::Cutover,
    Phase::Live,
    Phase::RampDown,
    Phase::ModernOnly,
];

impl Goal {
    fn next(self, state: &MigrationState) -> Option<Step> {
        match (self, state.cohort()) {
            (Self::Base(to), _) | (Self::Whole(to), None) => {
                towards(state, PartName::Base, state.base(), to)
            }
            (Self::Cohort { share, .. }, None) => Some(Step::Move(Move::StartCohort { share })),
            (Self::Cohort { to, .. }, Some(cohort)) => {
                towards(state, PartName::Cohort, cohort.part, to)
            }
            // The rest crosses into the cohort.
            (Self::Whole(_), Some(cohort)) => {
                let crosses = state.base().phase == Phase::Cutover && !state.base().modern_complete;
                let grow = Move::GrowCohort { share: Share::WHOLE };
                let is_closed = crosses && cohort.part.phase != Phase::Cutover;
                Some(if is_closed { Step::Sweep } else { Step::Move(grow) })
            }
        }
    }
}

/// One rung up or down; a crossing that nothing opened yet needs a sweep first.
fn towards(state: &MigrationState, name: PartName, part: Part, to: Phase) -> Option<Step> {
    let rank = |phase| LADDER.iter().position(|rung| *rung == phase);
    let is_closed = match part.entered_from {
        Family::Legacy => !part.modern_complete && rank(to) > rank(Phase::Cutover),
        Family::Modern => !state.legacy_complete() && rank(to) < rank(Phase::Cutover),
    };
    let next = match (rank(part.phase), rank(to)) {
        _ if part.phase == to => return None,
        _ if part.phase == Phase::Cutover && is_closed => return Some(Step::Sweep),
        (Some(here), Some(there)) if here < there => LADDER[here + 1],
        (Some(here), Some(_)) => LADDER[here - 1],
        _ => Phase::Live,
    };
    Some(Step::Move(Move::Phase { part: name, to: next }))
}

/// Moves the migration. There may be several: each looks at the state, and at
/// most one of two takes a step.
#[derive(Debug, Clone)]
pub struct Operator {
    service: Arc<dyn MigrationStateService>,
    customers: Customers,
    tell: UnboundedSender<String>,
}

impl Operator {
    /// An operator that sweeps as the process of `customers`, and says so to
    /// `tell`.
    #[must_use]
    pub fn new(
        service: Arc<dyn MigrationStateService>,
        customers: Customers,
        tell: UnboundedSender<String>,
    ) -> Self {
        Self { service, customers, tell }
    }

    /// Goes on until `goal` is reached. Whatever fails is looked at again: the
    /// fleet may settle, another operator may have taken the step.
    ///
    /// # Errors
    ///
    /// The last failure, if it takes too long.
    pub async fn reach(&self, goal: Goal) -> Outcome {
        let by = Instant::now() + PATIENCE;
        loop {
            match self.step(goal).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) if Instant::now() > by => return Err(error),
                Err(_) => sleep(RETRY).await,
            }
        }
    }

    /// Answers whether nothing is left to do.
    async fn step(&self, goal: Goal) -> Outcome<bool> {
        let name = self.migration();
        let found = self.service.current(&name).await?;
        let found = found.ok_or_else(|| StepError::NoState { migration: name.clone() })?;
        match goal.next(&found.state) {
            None => return Ok(true),
            Some(Step::Move(step)) => drop(take_step(&*self.service, &name, &step, None).await?),
            Some(Step::Sweep) => {
                let sweep = Sweep::new(&self.customers);
                let report = sweep.establish(&*self.service, std::future::pending()).await?;
                self.swept(&report);
            }
        }
        Ok(false)
    }

    /// Joins every key of both stores, in whatever phase.
    ///
    /// # Errors
    ///
    /// When a store cannot be read.
    pub async fn level(&self) -> Outcome<SweepReport<Vec<u8>>> {
        let ticket = self.customers.tracker().state().begin_sweep(&Default::default());
        let report = Sweep::new(&self.customers).run(ticket, std::future::pending()).await?;
        self.swept(&report);
        Ok(report)
    }

    fn migration(&self) -> MigrationName {
        self.customers.tracker().state().name().clone()
    }

    fn swept(&self, report: &SweepReport<Vec<u8>>) {
        let SweepReport { keys, to_modern, to_legacy, failures, .. } = report;
        // Where nobody listens, nothing is said.
        let _ = self.tell.send(format!(
            "swept {keys} keys: {to_modern} copied to modern, {to_legacy} to legacy, \
             {failures} failed"
        ));
    }
}

/// Takes the lease of a process away that has ended: nobody waits for it any
/// more, and it can never come back.
///
/// # Errors
///
/// The last failure, if it takes too long.
pub async fn evict(
    service: &dyn MigrationStateService,
    migration: &MigrationName,
    node: &NodeId,
) -> Outcome {
    let by = Instant::now() + PATIENCE;
    loop {
        match evict_once(service, migration, node).await {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > by => return Err(error),
            Err(_) => sleep(RETRY).await,
        }
    }
}

async fn evict_once(
    service: &dyn MigrationStateService,
    migration: &MigrationName,
    node: &NodeId,
) -> Outcome {
    let step = Move::Evict { node: node.clone(), ground: EvictionGround::ProcessEnded };
    match take_step(service, migration, &step, None).await {
        // It was killed before it had one. What it sent may still arrive.
        Ok(_) | Err(StepError::Refused(Refused::NoLease { .. })) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(service.evict(migration, node).await?)
}
