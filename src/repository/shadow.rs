//! Shadow reads: the other side is read and compared beside the caller, who
//! waits for none of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tracing::{Instrument, debug_span};

use super::core::Core;
use super::{DivergenceReason, StampedRepository};
use crate::error::StoreError;
use crate::observe::{Comparison, Event, field, span};
use crate::phase::{Share, Side};
use crate::resilience::Refused;
use crate::stamp::Record;

/// The choice falls before anything is read.
fn chosen(share: Share) -> bool {
    share == Share::WHOLE || fastrand::u16(0..Share::WHOLE.basis_points()) < share.basis_points()
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
    ) {
        if !chosen(self.config.shadow_share) {
            return;
        }
        let side = primary.other();
        let begun = self.shadow.run(|| {
            let (core, key, record) = (Arc::clone(self), key.clone(), record.clone());
            let compared = async move {
                let result = core.compare_in_time(primary, &key, &record).await;
                if result == Comparison::Mismatch {
                    core.diverged(key, DivergenceReason::Mismatch, None);
                }
                core.tell(|| Event::Compared { side: side.name(), result });
            };
            compared.instrument(debug_span!(span::SHADOW, { field::SIDE } = side.name()))
        });
        if !begun {
            self.tell(|| Event::Compared { side: side.name(), result: Comparison::Skipped });
        }
    }

    async fn compare_in_time(
        &self,
        primary: Side,
        key: &L::Key,
        record: &Record<L::Entity>,
    ) -> Comparison {
        let compared = AssertUnwindSafe(self.compare(primary, key, record)).catch_unwind();
        let deadline = self.config.shadow_deadline.saturating_add(self.config.shadow_recheck_delay);
        match tokio::time::timeout(deadline, compared).await {
            Ok(Ok(Ok(result))) => result,
            Ok(Ok(Err(error))) if error.downcast_ref::<Refused>().is_some() => Comparison::Skipped,
            _failed_panicked_or_hung => Comparison::Failed,
        }
    }

    async fn compare(
        &self,
        primary: Side,
        key: &L::Key,
        record: &Record<L::Entity>,
    ) -> Result<Comparison, StoreError> {
        let other = self.read_aside(primary.other(), key).await?;
        if other.value == record.value {
            return Ok(Comparison::Match);
        }
        self.look_again(primary, key).boxed().await
    }

    /// A difference is read again, the primary before and after: a write on its
    /// way is no mismatch.
    async fn look_again(&self, primary: Side, key: &L::Key) -> Result<Comparison, StoreError> {
        tokio::time::sleep(self.config.shadow_recheck_delay).await;
        let before = self.read_aside(primary, key).await?;
        let other = self.read_aside(primary.other(), key).await?;
        let after = self.read_aside(primary, key).await?;
        Ok(match (before == after, other.value == after.value) {
            (false, _) => Comparison::Unsettled,
            (true, true) => Comparison::Match,
            (true, false) => Comparison::Mismatch,
        })
    }
}
