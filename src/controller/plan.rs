use std::fmt;

use serde::Serialize;

use super::controller::Seen;
use super::path::{self, Next};
use super::{ControllerError, GateContext, MigrationController, ReadGate, Target};
use crate::phase::{Fleet, MigrationState, Move, MoveId, Refused};

/// More steps than any way has.
const STEPS_MAX: usize = 32;

/// A step of a plan.
///
/// ```
/// use strangler_fig::controller::PlannedStep;
///
/// fn is_free(step: &PlannedStep) -> bool {
///     step.refused.is_none() && step.gates.iter().all(|gate| gate.reading.is_open)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlannedStep {
    /// What is to be done, in words.
    pub step: String,
    /// Whether it is a sweep of all keys.
    pub is_sweep: bool,
    /// Whether it must wait until every node works by the step before it.
    pub waits_for_fleet: bool,
    /// What the rules say against it: for the first step now, for a later one as far
    /// as that can be told.
    pub refused: Option<String>,
    /// The gates before it, as they stand now.
    pub gates: Vec<ReadGate>,
}

/// The way to a target, without a step being taken.
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
/// let plan = MigrationController::new(service, name).plan(Phase::Live).await?;
/// let steps: Vec<_> = plan.steps.iter().map(|step| step.step.as_str()).collect();
/// assert_eq!(steps, ["to dual_write", "to shadow", "to cutover", "sweep every key", "to live"]);
/// assert!(plan.steps[3].waits_for_fleet && plan.dead_end.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// Where to, in words.
    pub target: String,
    /// What is to be done, in its order; nothing if it is there.
    pub steps: Vec<PlannedStep>,
    /// Why the way ends before the target, if it does.
    pub dead_end: Option<String>,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.target)?;
        if self.steps.is_empty() && self.dead_end.is_none() {
            f.write_str(" nothing is to be done")?;
        }
        for (number, step) in self.steps.iter().enumerate() {
            write!(f, "\n  {}. {step}", number + 1)?;
        }
        match &self.dead_end {
            Some(why) => write!(f, "\n  no way on: {why}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PlannedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.step)?;
        if self.waits_for_fleet {
            f.write_str(" (once the fleet has settled)")?;
        }
        if let Some(refused) = &self.refused {
            write!(f, "\n       now: {refused}")?;
        }
        for ReadGate { name, reading } in &self.gates {
            write!(f, "\n       gate {name}: {reading}")?;
        }
        Ok(())
    }
}

/// The state after a step, if the fleet were settled and sweeps were clean.
fn assumed(state: &MigrationState, step: &Next, fleet: &Fleet) -> Result<MigrationState, Refused> {
    let settled = fleet.clone().assumed_settled();
    let step = match step {
        Next::Take(step) => step.clone(),
        _ => Move::Complete(state.begin_sweep_in_cutover(&settled)?.finish(0, 0)),
    };
    state.transition(&step, MoveId::fixed(0), &settled)
}

/// What the rules say of a step with the fleet as it is.
fn refusal(state: &MigrationState, step: &Next, fleet: &Fleet) -> Option<Refused> {
    match step {
        Next::Take(step) => state.transition(step, MoveId::fixed(0), fleet).err(),
        _ => state.begin_sweep_in_cutover(fleet).err(),
    }
}

fn waits_for_fleet(state: &MigrationState, step: &Next) -> bool {
    let refused = refusal(state, step, &Fleet::default());
    matches!(refused, Some(Refused::TooFewNodes { .. } | Refused::Unsettled { .. }))
}

impl MigrationController {
    /// Says what [`advance_to`](Self::advance_to) would do, step by step: each move,
    /// each gate as it stands now, and what blocks it. Nothing is moved.
    ///
    /// # Errors
    ///
    /// [`ControllerError`]: the state could not be read.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn plan(&self, target: impl Into<Target> + Send) -> Result<Plan, ControllerError> {
        let (seen, target) = (self.look().await?, target.into());
        let course = |state: &MigrationState| path::toward(state, target);
        Ok(self.planned(&seen, target.to_string(), course, true, STEPS_MAX).await)
    }

    /// The same for [`roll_back`](Self::roll_back): which steps are taken at once, and
    /// which wait.
    ///
    /// # Errors
    ///
    /// As [`plan`](Self::plan).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn plan_back(&self) -> Result<Plan, ControllerError> {
        let seen = self.look().await?;
        Ok(self.planned_back(&seen).await)
    }

    pub(super) async fn planned_back(&self, seen: &Seen) -> Plan {
        match path::behind(seen.state()) {
            Ok(target) => {
                let course = |state: &MigrationState| path::toward(state, target);
                self.planned(seen, target.to_string(), course, false, STEPS_MAX).await
            }
            Err(no_way) => Plan {
                target: "back".to_owned(),
                steps: Vec::new(),
                dead_end: Some(no_way.to_string()),
            },
        }
    }

    /// What [`advance`](Self::advance) would do.
    pub(super) async fn planned_next(&self, seen: &Seen) -> Plan {
        self.planned(seen, "onward".to_owned(), path::ahead, true, 1).await
    }

    async fn planned(
        &self,
        seen: &Seen,
        target: String,
        course: impl Fn(&MigrationState) -> Next + Send + Sync,
        gated: bool,
        steps_max: usize,
    ) -> Plan {
        let mut plan = Plan { target, steps: Vec::new(), dead_end: None };
        let mut state = seen.state().clone();
        while plan.steps.len() < steps_max {
            let next = course(&state);
            match &next {
                Next::Arrived => return plan,
                Next::NoWay(why) => {
                    plan.dead_end = Some(why.to_string());
                    return plan;
                }
                Next::Take(_) | Next::Sweep => {}
            }
            let mut step = self.planned_step(seen, &state, &next, gated).await;
            let after = assumed(&state, &next, &seen.fleet);
            if let (Err(refused), None) = (&after, &step.refused) {
                step.refused = Some(refused.to_string());
            }
            plan.steps.push(step);
            match after {
                Ok(after) => state = after,
                Err(refused) => {
                    plan.dead_end = Some(refused.to_string());
                    return plan;
                }
            }
        }
        plan
    }

    async fn planned_step(
        &self,
        seen: &Seen,
        state: &MigrationState,
        next: &Next,
        gated: bool,
    ) -> PlannedStep {
        let is_first = state == seen.state();
        let refused = refusal(state, next, &seen.fleet).filter(|_| is_first);
        let (words, readings) = match next {
            Next::Take(step) if gated && path::leads_forward(state, step) => {
                let context = GateContext { state: seen.state(), fleet: &seen.fleet, step };
                (step.to_string(), self.gates.read(context, self.config.gate_timeout).await)
            }
            Next::Take(step) => (step.to_string(), Vec::new()),
            _ => ("sweep every key".to_owned(), Vec::new()),
        };
        PlannedStep {
            step: words,
            is_sweep: *next == Next::Sweep,
            waits_for_fleet: waits_for_fleet(state, next),
            refused: refused.map(|refused| refused.to_string()),
            gates: readings,
        }
    }
}
