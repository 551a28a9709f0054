use std::num::NonZeroUsize;

use tracing::warn;

use super::calls::within;
use super::{Reconciler, RepairEntry};
use crate::error::StoreError;
use crate::observe::field;
use crate::phase::{Actor, Reason};
use crate::repository::StampedRepository;

/// For operators. Each call has the `call_deadline` of the configuration.
impl<L, M> Reconciler<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Keys that were given up, in the order of their bytes, after `after`.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Unknown`: the queue has not answered in time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    pub async fn parked(
        &self,
        after: Option<&[u8]>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RepairEntry>, StoreError> {
        within(self.config.call_deadline, self.queue.parked(after, limit)).await
    }

    /// Makes a parked key due at once, since what was in its way is mended. Answers whether it was parked. Who did it, and
    /// why, is told at `warn`; which key it is, is not.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::{InMemoryRepairQueue, InMemoryRepository};
    /// # use strangler_fig::phase::{Actor, MigrationState, PhaseTracker, Reason};
    /// # use strangler_fig::reconcile::{Reconciler, RepairNote, RepairQueue};
    /// # use strangler_fig::repository::MigrationRepository;
    /// # use std::num::NonZeroUsize;
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// # let queue = Arc::new(InMemoryRepairQueue::default());
    /// # queue.note(&[RepairNote { key: vec![0, 0, 0, 7], reason: "mismatch".to_owned() }]).await?;
    /// # let taken = queue.take(NonZeroUsize::MIN, Duration::from_secs(60)).await?;
    /// # queue.park(&taken[0], "modern refuses the row").await?;
    /// let (actor, reason): (Actor, Reason) = ("ada".parse()?, "the row was mended".parse()?);
    /// let reconciler = Reconciler::new(&users, queue);
    /// for entry in reconciler.parked(None, NonZeroUsize::MAX).await? {
    ///     assert!(reconciler.retry(&entry.key, &actor, &reason).await?);
    /// }
    /// assert_eq!(reconciler.drain(std::future::pending()).await?.level, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: look.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have had its effect; calling again is harmless.
    pub async fn retry(
        &self,
        key: &[u8],
        actor: &Actor,
        reason: &Reason,
    ) -> Result<bool, StoreError> {
        let was_parked = within(self.config.call_deadline, self.queue.retry(key)).await?;
        warn!(
            { field::ACTOR } = actor.as_str(),
            { field::REASON } = reason.as_str(),
            { field::WAS_PARKED } = was_parked,
            "a parked key is tried again"
        );
        Ok(was_parked)
    }
}
