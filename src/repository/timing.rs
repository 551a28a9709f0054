//! What the observer is told of an operation and its times.

use std::future::Future;

use tokio::time::Instant;

use super::StampedRepository;
use super::core::{Core, outcome_of};
use crate::error::StoreError;
use crate::observe::{Event, Operation, Outcome, Role};
use crate::phase::{Family, Phase, Side};

/// When an operation began, if it is timed.
pub(super) type Started = Option<Instant>;

/// The moment a store is asked, where the operation is timed.
pub(super) fn asked(is_timed: bool) -> Started {
    is_timed.then(Instant::now)
}

/// What the answer of a side counts for. In `Cutover` both sides do, and legacy is asked first.
pub(super) fn role(phase: Phase, side: Side) -> Role {
    let primary = phase.family().map_or(Side::Legacy, Family::side);
    if side == primary { Role::Primary } else { Role::Secondary }
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Now, if somebody listens and this operation is drawn.
    pub(super) fn started(&self) -> Started {
        self.config.observer.as_ref().and_then(|_| self.sampler.draw())
    }

    pub(super) fn finished(
        &self,
        started: Started,
        operation: Operation,
        phase: Option<Phase>,
        outcome: impl FnOnce() -> Outcome,
    ) {
        self.tell(|| Event::Operated {
            operation,
            phase: phase.map_or("none", Phase::name),
            outcome: outcome(),
            duration: started.map(|started| started.elapsed()),
        });
    }

    /// Makes a call of a side, and tells how long it took. In a box of its own where it is used, so
    /// that the operations that are not timed carry nothing of it.
    pub(super) async fn timed<T>(
        &self,
        asked: (Side, Role),
        operation: Operation,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let began = Some(Instant::now());
        let answer = call.await;
        self.answered(began, asked, operation, &answer);
        answer
    }

    /// Tells how long a side took, where the operation is timed.
    pub(super) fn answered<T>(
        &self,
        asked: Started,
        (side, role): (Side, Role),
        operation: Operation,
        answer: &Result<T, StoreError>,
    ) {
        if let Some(asked) = asked {
            let outcome = answer.as_ref().map_or_else(outcome_of, |_| Outcome::Done);
            let (side, duration) = (side.name(), asked.elapsed());
            self.tell(|| Event::SideAnswered { side, role, operation, outcome, duration });
        }
    }
}
