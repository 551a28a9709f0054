//! What the observer is told of an operation and its times.

use tokio::time::Instant;

use super::StampedRepository;
use super::core::{Core, outcome_of};
use crate::error::StoreError;
use crate::observe::{Event, Operation, Outcome, Role};
use crate::phase::{Family, Phase, Side};
use crate::stamp::Record;

/// When an operation began, if it is timed.
pub(super) type Started = Option<Instant>;

/// The moment a store is asked, where the operation is timed.
pub(super) fn asked(started: Started) -> Started {
    started.map(|_| Instant::now())
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

    /// Reads a side, and tells how long it took.
    pub(super) async fn read_timed(
        &self,
        (side, role): (Side, Role),
        key: &L::Key,
        started: Started,
    ) -> Result<Record<L::Entity>, StoreError> {
        let asked = asked(started);
        let answer = self.read_caught(side, key).await;
        self.answered(asked, (side, role), Operation::Read, &answer);
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
