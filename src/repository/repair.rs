use std::future::Future;

use super::{ConflictPolicy, Join, Joined, MigrationRepository, StampedRepository};
use crate::error::StoreError;

#[expect(clippy::manual_async_fn, reason = "`Send` is promised here once, as for the operations")]
impl<L, M> MigrationRepository<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Joins one key, from records read afresh: the repair of a divergence.
    /// [`Joined`] shows it.
    ///
    /// # Errors
    ///
    /// What the side that failed reported; `Conflict` if the key kept changing;
    /// `Unavailable` if this node was evicted. The key may differ still.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a join left half done is a join to do.
    pub fn join(&self, key: &L::Key) -> impl Future<Output = Result<Joined, StoreError>> + Send {
        async move { self.core.repair(key, &ConflictPolicy::PrimaryWins).await }
    }

    /// The same, of a key that other code may have changed in legacy: a copy of what it has deleted, still on its way to
    /// modern, finds a tombstone there.
    pub(crate) fn join_changed(
        &self,
        key: &L::Key,
        policy: &ConflictPolicy<L::Key, L::Entity>,
    ) -> impl Future<Output = Result<Joined, StoreError>> + Send {
        self.core.repair_changed(key, policy)
    }

    /// The same, with a policy for conflicts. [`ConflictPolicy`] shows it.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join); `Rejected` also if a conflict was merged to an
    /// entity of another key.
    ///
    /// # Cancel safety
    ///
    /// As [`join`](Self::join).
    pub fn join_with(
        &self,
        key: &L::Key,
        policy: &ConflictPolicy<L::Key, L::Entity>,
    ) -> impl Future<Output = Result<Joined, StoreError>> + Send {
        self.core.repair(key, policy)
    }

    /// What [`join`](Self::join) would do, from records read afresh; nothing is
    /// written. A conflict is a [`Join::Settle`], whatever a policy makes of it.
    ///
    /// ```
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::MigrationRepository;
    /// use strangler_fig::phase::Side;
    /// use strangler_fig::repository::Join;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// users.legacy().plant((1, "Ada".to_owned()));
    /// assert_eq!(users.plan_join(&1).await?, Join::Copy { from: Side::Legacy });
    /// assert!(users.modern().records().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What the side that failed reported; `Unavailable` if this node was evicted.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub fn plan_join(&self, key: &L::Key) -> impl Future<Output = Result<Join, StoreError>> + Send {
        self.core.plan_join(key)
    }
}
