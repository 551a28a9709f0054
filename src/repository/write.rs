//! The write: rules R5 to R7 of `docs/PROTOCOL.md`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::FutureExt;
use tracing::{Instrument, debug_span};

use super::core::{Core, outcome_of};
use super::guarded::Purpose;
use super::lenient::{Change, Held};
use super::timing::{Asked, role};
use super::{Applied, DivergenceReason, MigrationError, StampedRepository};
use crate::error::{StoreError, StoreErrorKind};
use crate::observe::{Operation, Outcome, Role, span};
use crate::phase::{Family, Phase, Side, WritePlan, write_must_rerun};
use crate::stamp::{Record, Stamp};

/// What the stores may know of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Touch {
    /// No store has taken it.
    None,
    /// A store answered `Stored` or `Unknown`: the stamp is fixed for good.
    Touched,
}

/// A write on its way. Dropped before its end, it notes its key if a store may
/// have been touched.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Write<'a, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    core: &'a Arc<Core<L, M>>,
    is_timed: bool,
    change: Held<L::Key, L::Entity>,
    touch: Touch,
    /// Whether the first store, which is being asked, may have taken it.
    in_doubt: AtomicBool,
    /// Whether the phase asked for the other store too.
    dual: bool,
    /// Whether it began in the legacy family, where nobody reads modern.
    from_legacy: bool,
    /// Whether it runs where modern is read, now.
    beyond_legacy: bool,
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Saves `value`, or deletes.
    pub(super) async fn write(
        self: &Arc<Self>,
        key: L::Key,
        value: Option<L::Entity>,
    ) -> Result<(), StoreError> {
        let started = self.started();
        let mut phase = None;
        let span = debug_span!(span::WRITE);
        let answer = if span.is_disabled() {
            self.write_through(key, value, started.is_some(), &mut phase).await
        } else {
            self.write_through(key, value, started.is_some(), &mut phase)
                .boxed()
                .instrument(span)
                .await
        };
        self.finished(started, Operation::Write, phase, || match &answer {
            Ok(()) => Outcome::Done,
            Err(error) => outcome_of(error),
        });
        answer
    }

    async fn write_through(
        self: &Arc<Self>,
        key: L::Key,
        value: Option<L::Entity>,
        is_timed: bool,
        phase: &mut Option<Phase>,
    ) -> Result<(), StoreError> {
        let record = Record { stamp: Stamp::ZERO, value };
        let mut write = Write {
            core: self,
            is_timed,
            change: Held::Own(Change { key, record }),
            touch: Touch::None,
            in_doubt: AtomicBool::new(false),
            dual: false,
            from_legacy: false,
            beyond_legacy: false,
        };
        for _ in 0..self.config.attempts_max.get() {
            let planned = match self.served(&write.change.key) {
                Some(phase) => phase,
                None => match self.serving(&write.change.key).boxed().await {
                    Ok(phase) => phase,
                    Err(error) => return Err(write.failed(error)),
                },
            };
            *phase = Some(planned);
            if let Err(error) = write.run(planned).await {
                return Err(write.failed(error));
            }
            let now = match self.phase_now(&write.change.key) {
                Ok(now) => now,
                Err(closed) => return Err(write.failed(closed)),
            };
            if !write_must_rerun(planned, now) {
                write.finish();
                return Ok(());
            }
            self.rerun(Operation::Write, planned, now);
        }
        let attempts = self.config.attempts_max.get();
        Err(write.failed(StoreError::unknown(MigrationError::Unsettled { attempts })))
    }
}

impl<L, M> Write<'_, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    async fn run(&mut self, phase: Phase) -> Result<(), StoreError> {
        let plan = WritePlan::of(phase);
        self.dual |= !matches!(plan, WritePlan::Single(_));
        self.from_legacy |= phase.family() == Some(Family::Legacy);
        self.beyond_legacy = phase.family() != Some(Family::Legacy);
        match plan {
            WritePlan::Single(side) => {
                self.stamp_now();
                self.apply_first(self.asked(side, Role::Primary)).await
            }
            WritePlan::Lenient(side) => {
                self.stamp_now();
                self.apply_first(self.asked(side, Role::Primary)).await?;
                self.apply_leniently(side.other()).await;
                Ok(())
            }
            WritePlan::Strict => {
                let [legacy, modern] =
                    [Side::Legacy, Side::Modern].map(|side| self.asked(side, role(phase, side)));
                self.stamp_above_modern(modern).await?;
                self.apply_first(legacy).await?;
                self.apply_to_modern(modern).await
            }
            WritePlan::Wait => unreachable!("a write is planned once `Halted` has ended"),
        }
    }

    fn asked(&self, side: Side, role: Role) -> Asked {
        Asked::new(side, role, self.is_timed)
    }

    fn set_stamp(&mut self, stamp: Stamp) {
        let Held::Own(change) = &mut self.change else {
            unreachable!("an untouched write has shared its record with nobody");
        };
        change.record.stamp = stamp;
    }

    fn stamp_now(&mut self) {
        if self.touch != Touch::Touched {
            self.set_stamp(self.core.stamps.now());
        }
    }

    /// What modern shows must not outlive a strict write that follows it.
    async fn stamp_above_modern(&mut self, modern: Asked) -> Result<(), StoreError> {
        if self.touch != Touch::Touched {
            let shown = self.core.read_caught(modern, &self.change.key).await?;
            self.set_stamp(self.core.stamp_above(shown.stamp)?);
        }
        Ok(())
    }

    /// The store that decides: untouched, the write takes a larger stamp until it
    /// is stored; touched, a larger stamp means that a later write overtook it.
    async fn apply_first(&mut self, asked: Asked) -> Result<(), StoreError> {
        for _ in 0..self.core.config.attempts_max.get() {
            match self.ask_first(asked).await? {
                Applied::Stale(stored) if self.is_overtaken_untouched(stored) => {
                    self.set_stamp(self.core.stamp_above(stored)?);
                }
                applied => {
                    self.touch = Touch::Touched;
                    return self.taken(applied);
                }
            }
        }
        let attempts = self.core.config.attempts_max.get();
        Err(StoreError::unavailable(MigrationError::Contended { attempts }))
    }

    /// The write's own stamp in the store is the write itself: a call that the
    /// adapter, or somebody between, has made twice.
    fn is_overtaken_untouched(&self, stored: Stamp) -> bool {
        self.touch != Touch::Touched && stored != self.change.record.stamp
    }

    /// One call, during which a dropped write may have touched the store.
    ///
    /// A call that was made again after a try in doubt, and finds a later stamp, leaves
    /// the write in doubt: the try was overtaken, or that stamp was there before it.
    async fn ask_first(&mut self, asked: Asked) -> Result<Applied, StoreError> {
        let is_touched = self.touch == Touch::Touched;
        let purpose = if is_touched { Purpose::Rest } else { Purpose::Write };
        let (core, Change { key, record }) = (self.core, &*self.change);
        let answer = match core.apply_side(asked, key, record, purpose, &self.in_doubt).await {
            Ok(Applied::Stale(stored))
                if !is_touched && *self.in_doubt.get_mut() && stored != record.stamp =>
            {
                Err(StoreError::unknown(MigrationError::OvertakenInDoubt))
            }
            answer => answer.map_err(|error| core.failed_by(asked.side(), error)),
        };
        if answer.as_ref().is_err_and(|error| !error.kind().is_definite()) {
            self.touch = Touch::Touched;
        }
        *self.in_doubt.get_mut() = false;
        answer
    }

    async fn apply_to_modern(&mut self, modern: Asked) -> Result<(), StoreError> {
        let Change { key, record } = &*self.change;
        let applied = self.core.apply_caught(modern, key, record, Purpose::Rest).await?;
        self.taken(applied)
    }

    /// A store that shows a later stamp was reached by a later write, which counts
    /// as this one applied and overtaken. Only a write that has left the legacy
    /// family under way, to `Cutover` or whatever came after it, cannot rely on
    /// that: it did not read modern's stamp, and modern may have been ahead since
    /// before any key was read there.
    fn taken(&self, applied: Applied) -> Result<(), StoreError> {
        let Applied::Stale(stored) = applied else { return Ok(()) };
        self.core.observe(stored);
        let is_overtaken = stored != self.change.record.stamp;
        if is_overtaken && self.from_legacy && self.beyond_legacy {
            return Err(StoreError::unknown(MigrationError::OvertakenOnItsWay));
        }
        Ok(())
    }

    /// The caller waits a moment; then the rest goes on without it. From here on
    /// the rest looks after the key itself.
    async fn apply_leniently(&mut self, side: Side) {
        let change = self.change.share();
        let mut rest = Arc::clone(self.core).follow(side, change, self.is_timed).boxed();
        if rest.as_mut().now_or_never().is_some() {
            return;
        }
        self.touch = Touch::None;
        self.core.wait_a_moment(side, rest).boxed().await;
        self.touch = Touch::Touched;
    }

    /// The write ends without success: in doubt if a store may hold it, and then
    /// its key is noted.
    fn failed(mut self, error: StoreError) -> StoreError {
        if self.touch == Touch::None {
            return error;
        }
        self.note(DivergenceReason::WriteUnknown);
        self.finish();
        error.with_kind(StoreErrorKind::Unknown)
    }

    /// Nothing is left to look after.
    fn finish(&mut self) {
        self.touch = Touch::None;
    }

    /// Notes the key if a phase of this write, or the one now, writes to both.
    fn note(&mut self, reason: DivergenceReason) {
        let now = self.core.phase_now(&self.change.key).map(WritePlan::of);
        if self.dual || !matches!(now, Ok(WritePlan::Single(_))) {
            self.core.diverged(self.change.key.clone(), reason, None);
        }
    }
}

impl<L, M> Drop for Write<'_, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    fn drop(&mut self) {
        if self.touch != Touch::None || *self.in_doubt.get_mut() {
            self.note(DivergenceReason::WriteDropped);
        }
    }
}
