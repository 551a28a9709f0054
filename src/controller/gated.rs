use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde::Serialize;

use super::gate::read_within;
use super::{ChangeRequest, ClosedGate, ControllerError, Gate, GateContext, GateReading};
use crate::phase::{Evidence, Move, Phase};

/// Before which moves a gate is asked.
///
/// ```
/// use strangler_fig::controller::Before;
/// use strangler_fig::phase::{Move, Phase, Share};
///
/// let to_live = Before::Entering(Phase::Live);
/// assert!(to_live.covers(&Move::to(Phase::Live)) && to_live.covers(&Move::cohort_to(Phase::Live)));
/// let grow = Move::GrowCohort { share: Share::percent(50) };
/// assert!(Before::Growing.covers(&grow) && !to_live.covers(&grow));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Before {
    /// A part enters this phase; or keys do, because a part that is in it takes them
    /// from the other: that depends on the state, and [`covers`](Self::covers) does
    /// not see it.
    Entering(Phase),
    /// A cohort begins, or grows.
    Growing,
    /// Legacy is decommissioned.
    Decommissioning,
}

impl Before {
    /// Whether this is such a move.
    #[must_use]
    pub fn covers(self, step: &Move) -> bool {
        match (self, step) {
            (Self::Entering(phase), Move::Phase { to, .. }) => phase == *to,
            (Self::Growing, Move::StartCohort { .. } | Move::GrowCohort { .. })
            | (Self::Decommissioning, Move::Decommission) => true,
            _ => false,
        }
    }
}

/// A gate as it stood when it was asked.
///
/// ```
/// use strangler_fig::controller::{GateReading, ReadGate};
///
/// fn line(gate: &ReadGate) -> String {
///     format!("{} is {}", gate.name, gate.reading)
/// }
/// # let _ = (line, GateReading::open("fine"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReadGate {
    /// Its name.
    pub name: String,
    /// What it said.
    pub reading: GateReading,
}

/// The gates of a controller.
#[derive(Debug, Clone, Default)]
pub(super) struct Gates(Vec<(Before, Arc<dyn Gate>)>);

impl Gates {
    pub(super) fn add(&mut self, before: Before, gate: Arc<dyn Gate>) {
        self.0.push((before, gate));
    }

    /// What the gates before this move say.
    pub(super) async fn read(&self, context: GateContext<'_>, deadline: Duration) -> Vec<ReadGate> {
        let entered = entered_by_merging(context);
        let covers = |before: Before| {
            before.covers(context.step) || entered.map(Before::Entering) == Some(before)
        };
        let asked = self.0.iter().filter(|(before, _)| covers(*before));
        let asked = asked.map(|(_, gate)| async move {
            let reading = read_within(&**gate, &context, deadline).await;
            ReadGate { name: gate.name().to_owned(), reading }
        });
        join_all(asked).await
    }

    /// Whether every gate that is to be forced is one of these.
    pub(super) fn know(&self, request: &ChangeRequest) -> Result<(), ControllerError> {
        let unknown = request.forced().find(|name| !self.0.iter().any(|it| it.1.name() == *name));
        match unknown {
            None => Ok(()),
            Some(gate) => Err(ControllerError::NoSuchGate { gate: gate.to_owned() }),
        }
    }
}

/// The phase that keys enter because the other part takes them.
fn entered_by_merging(context: GateContext<'_>) -> Option<Phase> {
    let (base, cohort) = (context.state.base().phase, context.state.cohort()?.part.phase);
    let entered = match context.step {
        Move::GrowCohort { .. } => cohort,
        Move::EndCohort => base,
        _ => return None,
    };
    (base != cohort).then_some(entered)
}

/// The evidence of a move, if its gates are open or forced.
pub(super) fn evidence(
    step: &Move,
    read: Vec<ReadGate>,
    request: &ChangeRequest,
) -> Result<Vec<Evidence>, ControllerError> {
    let holds_up = |gate: &&ReadGate| !gate.reading.is_open && !request.forces(&gate.name);
    let closed: Vec<_> = read
        .iter()
        .filter(holds_up)
        .map(|gate| ClosedGate { name: gate.name.clone(), saw: gate.reading.saw.clone() })
        .collect();
    if !closed.is_empty() {
        return Err(ControllerError::Blocked { step: step.to_string(), gates: closed });
    }
    let noted =
        |gate: ReadGate| Evidence::new(&gate.name, &gate.reading.saw, !gate.reading.is_open);
    Ok(read.into_iter().map(noted).collect())
}
