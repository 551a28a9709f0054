//! Shadow reads: the other side is read and compared beside the caller, who
//! waits for none of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tracing::{Instrument, debug_span, warn};

use super::core::Core;
use super::timing::Asked;
use super::{DivergenceReason, StampedRepository};
use crate::error::{StoreError, in_one_line};
use crate::observe::{Comparison, Event, Role, field, link_current, span};
use crate::phase::{Share, Side};
use crate::resilience::{Admission, Refused};
use crate::stamp::Record;

/// The choice falls before anything is read.
fn chosen(share: Share) -> bool {
    share == Share::WHOLE || fastrand::u16(0..Share::WHOLE.basis_points()) < share.basis_points()
}

/// How often a side is asked for a place to spare, within the comparison's deadline.
const SPARE_EVERY: Duration = Duration::from_millis(20);

/// Whether a side had no place to spare.
fn is_full(error: &StoreError) -> bool {
    let refused = error.downcast_ref();
    error.kind().is_definite() && matches!(refused, Some(Refused::Full { .. }))
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Compares a chosen share of reads with the side that did not answer.
    pub(super) fn shadow(
        self: &Arc<Self>,
        primary: Side,
        key: &L::Key,
        record: &Record<L::Entity>,
        is_timed: bool,
    ) {
        if !chosen(self.config.shadow_share) {
            return;
        }
        let side = primary.other();
        let begun = self.shadow.run(|| {
            let (core, key, record) = (Arc::clone(self), key.clone(), record.clone());
            let compared = async move {
                let differs = AtomicBool::new(false);
                let result =
                    core.compare_in_time(primary, (&key, &record), is_timed, &differs).await;
                // A difference that could not be looked at again is suspected all the same.
                let is_suspected = result == Comparison::Failed && differs.into_inner();
                if result == Comparison::Mismatch || is_suspected {
                    core.diverged(key, DivergenceReason::Mismatch, None);
                }
                core.tell(|| Event::Compared { side: side.name(), result });
            };
            let span = debug_span!(parent: None, span::SHADOW, { field::SIDE } = side.name());
            link_current(&span);
            compared.instrument(span)
        });
        if !begun {
            self.tell(|| Event::Compared { side: side.name(), result: Comparison::Skipped });
        }
    }

    async fn compare_in_time(
        &self,
        primary: Side,
        answered: (&L::Key, &Record<L::Entity>),
        is_timed: bool,
        differs: &AtomicBool,
    ) -> Comparison {
        let compared = self.compare(primary, answered, is_timed, differs);
        let compared = AssertUnwindSafe(compared).catch_unwind();
        let deadline = self.config.shadow_deadline.saturating_add(self.config.shadow_recheck_delay);
        match tokio::time::timeout(deadline, compared).await {
            Ok(Ok(Ok(result))) => result,
            Ok(Ok(Err(error))) if is_full(&error) => Comparison::Skipped,
            _failed_panicked_or_hung => Comparison::Failed,
        }
    }

    async fn compare(
        &self,
        primary: Side,
        (key, record): (&L::Key, &Record<L::Entity>),
        is_timed: bool,
        differs: &AtomicBool,
    ) -> Result<Comparison, StoreError> {
        let asked = Asked::new(primary.other(), Role::Secondary, is_timed);
        let other = self.read_side(asked, key, Admission::Spare).await?;
        if other.value == record.value {
            return Ok(Comparison::Match);
        }
        differs.store(true, Ordering::Relaxed);
        self.look_again(primary, key).boxed().await
    }

    /// A difference is read again, the primary before and after: a write on its
    /// way is no mismatch.
    async fn look_again(&self, primary: Side, key: &L::Key) -> Result<Comparison, StoreError> {
        tokio::time::sleep(self.config.shadow_recheck_delay).await;
        let before = self.read_when_spare(primary, key).await?;
        let other = self.read_when_spare(primary.other(), key).await?;
        let after = self.read_when_spare(primary, key).await?;
        Ok(match (before == after, other.value == after.value) {
            (false, _) => Comparison::Unsettled,
            (true, true) => Comparison::Match,
            (true, false) => {
                self.show(primary, &after, &other);
                Comparison::Mismatch
            }
        })
    }

    /// What of the two contents may be shown, where somebody has said so.
    fn show(&self, primary: Side, answered: &Record<L::Entity>, other: &Record<L::Entity>) {
        let Some(redaction) = self.redaction.get() else { return };
        let (legacy, modern) = match primary {
            Side::Legacy => (answered, other),
            Side::Modern => (other, answered),
        };
        let shown = || redaction.show(legacy.value.as_ref(), modern.value.as_ref());
        let shown = catch_unwind(AssertUnwindSafe(shown));
        let shown = shown.as_deref().map_or("what may be shown is not told: a panic", |it| it);
        warn!({ field::CONTENT } = in_one_line(shown), "the contents differ");
    }

    /// Reads once a side has a place to spare. Who has seen a difference waits for that,
    /// or only matches would be counted where there is much to do.
    async fn read_when_spare(
        &self,
        side: Side,
        key: &L::Key,
    ) -> Result<Record<L::Entity>, StoreError> {
        loop {
            match self.read_side(side, key, Admission::Spare).await {
                Err(error) if is_full(&error) => tokio::time::sleep(SPARE_EVERY).await,
                answer => return answer,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nothing_chooses_nothing_and_the_whole_everything() {
        assert!(!(0..200_000).any(|_| chosen(Share::NONE)));
        assert!((0..1_000).all(|_| chosen(Share::WHOLE)));
    }
}
