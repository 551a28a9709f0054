//! What the observer is told of an operation and its times.

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::StampedRepository;
use super::core::{Core, outcome_of};
use crate::error::StoreError;
use crate::observe::{Event, Operation, Outcome, Role};
use crate::phase::{Family, Phase, Side};

/// When an operation began, if it is timed.
pub(super) type Started = Option<Instant>;

/// A side that is asked, and what its answer counts for if the operation is timed.
///
/// In one byte: two fields are stored apart and read back together, for which a processor
/// has to wait. It made each write 8 ns slower.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked(u8);

impl Asked {
    const MODERN: u8 = 1;
    const SECONDARY: u8 = 1 << 1;
    const TIMED: u8 = 1 << 2;

    pub(super) fn new(side: Side, role: Role, is_timed: bool) -> Self {
        let role = if role == Role::Secondary { Self::SECONDARY } else { 0 };
        let timed = if is_timed { Self::TIMED } else { 0 };
        Self(Self::from(side).0 | role | timed)
    }

    pub(super) fn side(self) -> Side {
        if self.0 & Self::MODERN == 0 { Side::Legacy } else { Side::Modern }
    }

    fn is_timed(self) -> bool {
        self.0 & Self::TIMED != 0
    }

    fn role(self) -> Role {
        if self.0 & Self::SECONDARY == 0 { Role::Primary } else { Role::Secondary }
    }
}

/// One whose time nobody is told.
impl From<Side> for Asked {
    fn from(side: Side) -> Self {
        Self(if side == Side::Modern { Self::MODERN } else { 0 })
    }
}

/// What the answer of a side counts for. In `Cutover` both sides do, and legacy's write comes first.
pub(super) fn role(phase: Phase, side: Side) -> Role {
    let primary = phase.family().map_or(Side::Legacy, Family::side);
    if side == primary { Role::Primary } else { Role::Secondary }
}

/// A call of a side under way. Dropped before its answer, it tells the time it was given, or
/// times would be those of the calls that came back.
struct Stopwatch<'a, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    core: &'a Core<L, M>,
    asked: Asked,
    operation: Operation,
    began: Instant,
    outcome: Outcome,
}

impl<L, M> Stopwatch<'_, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    async fn until_answered<T>(mut self, outcome: fn(&T) -> Outcome, call: BoxFuture<'_, T>) -> T {
        let answer = call.await;
        self.outcome = outcome(&answer);
        answer
    }
}

impl<L, M> Drop for Stopwatch<'_, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    fn drop(&mut self) {
        // An observer that panics now would end the process.
        if !std::thread::panicking() {
            let Self { asked, operation, outcome, .. } = *self;
            let (side, role, duration) = (asked.side().name(), asked.role(), self.began.elapsed());
            self.core.tell(|| Event::SideAnswered { side, role, operation, outcome, duration });
        }
    }
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

    /// A call of a side; if its operation is timed, it tells how long it took.
    pub(super) fn timed<'a, T: Send + 'a>(
        &'a self,
        asked: Asked,
        operation: Operation,
        call: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        self.timed_as(asked, operation, told, call)
    }

    /// The same, of an answer that is told as `outcome` says.
    pub(super) fn timed_as<'a, T: Send + 'a>(
        &'a self,
        asked: Asked,
        operation: Operation,
        outcome: fn(&T) -> Outcome,
        call: BoxFuture<'a, T>,
    ) -> BoxFuture<'a, T> {
        if asked.is_timed() { self.watched(asked, operation, outcome, call) } else { call }
    }

    /// Never inlined: the calls that are not timed carry nothing of it.
    #[inline(never)]
    fn watched<'a, T: Send + 'a>(
        &'a self,
        asked: Asked,
        operation: Operation,
        outcome: fn(&T) -> Outcome,
        call: BoxFuture<'a, T>,
    ) -> BoxFuture<'a, T> {
        let began = Instant::now();
        let watch = Stopwatch { core: self, asked, operation, began, outcome: Outcome::Unknown };
        watch.until_answered(outcome, call).boxed()
    }
}

fn told<T>(answer: &Result<T, StoreError>) -> Outcome {
    answer.as_ref().map_or_else(outcome_of, |_| Outcome::Done)
}
