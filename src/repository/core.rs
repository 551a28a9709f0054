use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use futures::FutureExt;
use futures::future::BoxFuture;

use tracing::{debug, warn};

use super::guarded::{Purpose, is_untouched};
use super::sampler::Sampler;
use super::timing::Asked;
use super::{
    Applied, DivergenceReason, DivergenceSink, MigrationConfig, MigrationError, StampedRepository,
};
use crate::error::{StoreError, StoreErrorKind};
use crate::observe::{Event, Operation, Outcome, Redaction, field};
use crate::phase::{Bucket, Hold, Phase, PhaseTracker, Salt, Scopes, Side, StateWord};
use crate::resilience::{Admission, Aside};
use crate::stamp::{Observed, Record, Stamp, StampClock};

/// What every operation of a migration repository shares.
#[derive(Debug)]
pub(super) struct Core<L: StampedRepository, M> {
    pub(super) legacy: Arc<L>,
    pub(super) modern: Arc<M>,
    pub(super) tracker: Arc<PhaseTracker>,
    pub(super) stamps: Arc<StampClock>,
    pub(super) sink: Arc<DivergenceSink<L::Key>>,
    pub(super) config: MigrationConfig,
    pub(super) lenient: Aside,
    pub(super) shadow: Aside,
    pub(super) sampler: Sampler,
    pub(super) salt: Salt,
    /// What may be shown of contents that differ; empty: nothing.
    pub(super) redaction: OnceLock<Arc<dyn Redaction<L::Entity>>>,
}

/// A failed read: it had no effect, whatever the adapter thought.
pub(super) fn without_effect(error: StoreError) -> StoreError {
    match error.kind() {
        StoreErrorKind::Unknown => error.with_kind(StoreErrorKind::Unavailable),
        _ => error,
    }
}

/// The word of a node that may answer: one that was evicted, gave its lease back,
/// or could not renew it in time, knows that the fleet may go on without it.
#[inline]
pub(super) fn open(tracker: &PhaseTracker) -> Result<StateWord, StoreError> {
    opened(tracker, tracker.word())
}

#[inline]
fn opened(tracker: &PhaseTracker, word: StateWord) -> Result<StateWord, StoreError> {
    if word.is_closed() { Err(shut(tracker)) } else { Ok(word) }
}

#[cold]
fn shut(tracker: &PhaseTracker) -> StoreError {
    let over = tracker.is_closed_for_good();
    StoreError::unavailable(if over { MigrationError::Closed } else { MigrationError::LeaseRanOut })
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Reads one side, by its policy if it has one.
    pub(super) async fn read_side(
        &self,
        asked: impl Into<Asked>,
        key: &L::Key,
        admission: Admission,
    ) -> Result<Record<L::Entity>, StoreError> {
        let asked = asked.into();
        match self.config.policy(asked.side()) {
            None => self.read_once(asked, key).await,
            Some(policy) => self.read_by(policy, asked, key, admission).boxed().await,
        }
    }

    /// Applies to one side, by its policy if it has one. While it is under way, and
    /// after it, `in_doubt` says whether the side may hold the record without having
    /// said so.
    pub(super) async fn apply_side(
        &self,
        asked: Asked,
        key: &L::Key,
        record: &Record<L::Entity>,
        purpose: Purpose,
        in_doubt: &AtomicBool,
    ) -> Result<Applied, StoreError> {
        match self.config.policy(asked.side()) {
            None => {
                in_doubt.store(true, Ordering::Relaxed);
                let answer = self.apply_once(asked, key, record).await;
                in_doubt.store(!is_untouched(&answer), Ordering::Relaxed);
                answer
            }
            Some(policy) => {
                self.apply_by(policy, asked, key, record, purpose, in_doubt).boxed().await
            }
        }
    }

    pub(super) fn read_once<'a>(
        &'a self,
        asked: Asked,
        key: &'a L::Key,
    ) -> BoxFuture<'a, Result<Record<L::Entity>, StoreError>> {
        let read = match asked.side() {
            Side::Legacy => self.legacy.read(key),
            Side::Modern => self.modern.read(key),
        };
        self.timed(asked, Operation::Read, read)
    }

    pub(super) fn apply_once<'a>(
        &'a self,
        asked: Asked,
        key: &'a L::Key,
        record: &'a Record<L::Entity>,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        let applied = match asked.side() {
            Side::Legacy => self.legacy.apply(key, record),
            Side::Modern => self.modern.apply(key, record),
        };
        self.timed(asked, Operation::Write, applied)
    }

    /// As [`read_side`](Self::read_side); a panic of the adapter is a failure.
    pub(super) async fn read_caught(
        &self,
        asked: impl Into<Asked>,
        key: &L::Key,
    ) -> Result<Record<L::Entity>, StoreError> {
        let asked = asked.into();
        let side = asked.side();
        let read = async { self.read_side(asked, key, Admission::Ordinary).await };
        let read = AssertUnwindSafe(read).catch_unwind().await;
        read.unwrap_or_else(|_| Err(StoreError::unavailable(MigrationError::Panicked { side })))
            .map_err(|error| without_effect(self.failed_by(side, error)))
    }

    /// As [`apply_side`](Self::apply_side); a panic of the adapter leaves the
    /// effect open.
    pub(super) async fn apply_caught(
        &self,
        asked: impl Into<Asked>,
        key: &L::Key,
        record: &Record<L::Entity>,
        purpose: Purpose,
    ) -> Result<Applied, StoreError> {
        let asked = asked.into();
        let side = asked.side();
        let in_doubt = AtomicBool::new(false);
        let applied = async { self.apply_side(asked, key, record, purpose, &in_doubt).await };
        let applied = AssertUnwindSafe(applied).catch_unwind().await;
        applied
            .unwrap_or_else(|_| Err(StoreError::unknown(MigrationError::Panicked { side })))
            .map_err(|error| self.failed_by(side, error))
    }

    /// Tells which side failed, and hands the error on. What the migration refuses by
    /// itself is no failure of a side; a panic of its adapter is.
    pub(super) fn failed_by(&self, side: Side, error: StoreError) -> StoreError {
        let own = error.downcast_ref::<MigrationError>();
        let is_its = own.is_none_or(|own| matches!(own, MigrationError::Panicked { .. }));
        if is_its && matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::Unknown) {
            self.tell(|| Event::SideFailed { side: side.name() });
        }
        error
    }

    pub(super) fn scopes(&self) -> Scopes {
        Scopes { legacy: self.legacy.scope(), modern: self.modern.scope() }
    }

    /// The phase of `key` under `word`, without hashing while there is no cohort.
    pub(super) fn phase(&self, word: StateWord, key: &L::Key) -> Phase {
        let bucket = if word.has_cohort() { Bucket::of(key, self.salt) } else { Bucket::FIRST };
        word.phase_of(bucket)
    }

    /// The phase of `key` now: the end check.
    pub(super) fn phase_now(&self, key: &L::Key) -> Result<Phase, StoreError> {
        open(&self.tracker).map(|word| self.phase(word, key))
    }

    /// The phase of `key` if it can be served now, which is the rule.
    pub(super) fn served(&self, key: &L::Key) -> Option<Phase> {
        let word = self.tracker.word();
        let phase = self.phase(word, key);
        (phase != Phase::Halted && !word.is_closed()).then_some(phase)
    }

    /// The phase of `key` once it can be served: `Halted` is waited out, within
    /// bounds.
    pub(super) async fn serving(&self, key: &L::Key) -> Result<Phase, StoreError> {
        let word = self.tracker.word();
        let halted = |word| self.phase(word, key) == Phase::Halted;
        let word = self.unhalted(word, halted).await?;
        Ok(self.phase(word, key))
    }

    /// The word once queries can be answered, as [`serving`](Self::serving).
    pub(super) async fn answering(&self) -> Result<StateWord, StoreError> {
        let word = self.tracker.word();
        if word.query_side().is_some() && !word.is_closed() {
            return Ok(word);
        }
        self.unhalted(word, |word| word.query_side().is_none()).boxed().await
    }

    /// Waits until `halted` no longer says so of the state.
    pub(super) async fn unhalted(
        &self,
        mut word: StateWord,
        halted: impl Fn(StateWord) -> bool + Send,
    ) -> Result<StateWord, StoreError> {
        let moved = async {
            while halted(word) && !word.is_closed() {
                self.tracker.moved_from(word).await;
                word = self.tracker.word();
            }
            opened(&self.tracker, word)
        };
        let waited = self.config.halted_wait;
        let halted = |_| StoreError::unavailable(MigrationError::Halted { waited });
        tokio::time::timeout(waited, moved).await.map_err(halted)?
    }

    /// A stamp above one that a store showed.
    pub(super) fn stamp_above(&self, seen: Stamp) -> Result<Stamp, StoreError> {
        self.observe(seen);
        self.stamps
            .above(seen)
            .map_err(|error| StoreError::rejected(MigrationError::Exhausted(error)))
    }

    pub(super) fn observe(&self, seen: Stamp) {
        if self.stamps.observe(seen) == Observed::Drifted {
            self.tell(|| Event::StampDrifted);
            warn!({ field::STAMP } = %seen, "a stored stamp is beyond the allowed drift");
        }
    }

    pub(super) fn diverged(&self, key: L::Key, reason: DivergenceReason, hold: Option<Hold>) {
        self.sink.note(key, reason, hold);
        self.tell(|| Event::Diverged { reason: reason.name() });
        warn!({ field::REASON } = %reason, "the stores may differ in a key");
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.config.observer {
            observer.on_event(&event());
        }
    }

    pub(super) fn rerun(&self, operation: Operation, from: Phase, to: Phase) {
        self.tell(|| Event::Rerun { operation, from: from.name(), to: to.name() });
        debug!({ field::FROM } = %from, { field::TO } = %to, { field::OPERATION } = ?operation, "the phase moved; running again");
    }
}

/// How a failed operation is told to the observer.
pub(super) fn outcome_of(error: &StoreError) -> Outcome {
    match error.kind() {
        StoreErrorKind::Rejected | StoreErrorKind::Conflict => Outcome::Refused,
        StoreErrorKind::Unavailable => Outcome::Failed,
        StoreErrorKind::Unknown => Outcome::Unknown,
    }
}
