//! The lenient side of a write: awaited a moment, then finished aside; its
//! failure fails nobody, and is noted.

use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::FutureExt;
use tracing::{Instrument, debug_span};

use super::core::Core;
use super::guarded::Purpose;
use super::timing::Asked;
use super::{Applied, DivergenceReason, StampedRepository};
use crate::error::{StoreError, StoreErrorKind};
use crate::observe::{Event, LenientOutcome, Role, field, link_current, span};
use crate::phase::Side;
use crate::stamp::{Record, Stamp};

/// The key and the record that are written.
pub(super) struct Change<K, E> {
    pub(super) key: K,
    pub(super) record: Record<E>,
}

/// A write's change: on the heap only once the lenient side shares it.
pub(super) enum Held<K, E> {
    Own(Change<K, E>),
    Shared(Arc<Change<K, E>>),
    /// On its way from the one to the other.
    Moving,
}

impl<K, E> Held<K, E> {
    pub(super) fn share(&mut self) -> Arc<Change<K, E>> {
        let shared = match std::mem::replace(self, Self::Moving) {
            Self::Own(change) => Arc::new(change),
            Self::Shared(shared) => shared,
            Self::Moving => unreachable!("nothing sees it on its way"),
        };
        *self = Self::Shared(Arc::clone(&shared));
        shared
    }
}

impl<K, E> Deref for Held<K, E> {
    type Target = Change<K, E>;

    fn deref(&self) -> &Change<K, E> {
        match self {
            Self::Own(change) => change,
            Self::Shared(shared) => shared,
            Self::Moving => unreachable!("nothing sees it on its way"),
        }
    }
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// The lenient side of a write, to its end.
    pub(super) async fn follow(
        self: Arc<Self>,
        side: Side,
        change: Arc<Change<L::Key, L::Entity>>,
        is_timed: bool,
    ) {
        let watch = self.unfinished(&change.key);
        let (key, record) = (&change.key, &change.record);
        let in_doubt = AtomicBool::new(false);
        let asked = Asked::new(side, Role::Secondary, is_timed);
        let applied =
            async { self.apply_side(asked, key, record, Purpose::Lenient, &in_doubt).await };
        let outcome = match AssertUnwindSafe(applied).catch_unwind().await {
            Ok(Ok(Applied::Stored)) => LenientOutcome::Applied,
            Ok(Ok(Applied::Stale(stored))) => {
                self.overtaken(side, &change, stored).boxed().await;
                LenientOutcome::Applied
            }
            Ok(Err(error)) => {
                let error = self.failed_by(side, error);
                self.diverged(change.key.clone(), lenient_reason(&error), None);
                LenientOutcome::Failed
            }
            Err(_panic) => {
                self.diverged(change.key.clone(), DivergenceReason::LenientPanicked, None);
                LenientOutcome::Panicked
            }
        };
        watch.all_is_well();
        self.tell(|| Event::Lenient { side: side.name(), outcome });
    }

    /// `side` shows a later stamp than this write's. That is as it should be if
    /// the other side does too; if that still shows this write, `side` holds what
    /// it never had, and the key is noted.
    async fn overtaken(&self, side: Side, change: &Change<L::Key, L::Entity>, stored: Stamp) {
        self.observe(stored);
        if stored == change.record.stamp {
            return;
        }
        let suspicion = self.suspect(side, &change.key);
        let shown = self.read_caught(side.other(), &change.key).await;
        if shown.is_ok_and(|record| record.stamp != change.record.stamp) {
            suspicion.all_is_well();
        }
    }

    /// Waits for the lenient side, but not for long.
    pub(super) async fn wait_a_moment(
        self: &Arc<Self>,
        side: Side,
        mut rest: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) {
        if tokio::time::timeout(self.config.lenient_wait, &mut rest).await.is_err() {
            self.finish_aside(side, rest);
        }
    }

    /// Lets the lenient side finish without the caller, or gives it up.
    pub(super) fn finish_aside(
        self: &Arc<Self>,
        side: Side,
        rest: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) {
        let core = Arc::clone(self);
        let begun = self.lenient.run(move || {
            let bounded = async move {
                if tokio::time::timeout(core.config.lenient_deadline, rest).await.is_err() {
                    let outcome = LenientOutcome::TimedOut;
                    core.tell(|| Event::Lenient { side: side.name(), outcome });
                }
            };
            let span = debug_span!(parent: None, span::ASIDE, { field::SIDE } = side.name());
            link_current(&span);
            bounded.instrument(span)
        });
        if !begun {
            let outcome = LenientOutcome::Saturated;
            self.tell(|| Event::Lenient { side: side.name(), outcome });
        }
    }
}

fn lenient_reason(error: &StoreError) -> DivergenceReason {
    match error.kind() {
        StoreErrorKind::Rejected => DivergenceReason::LenientRejected,
        _ => DivergenceReason::LenientFailed,
    }
}
