use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{MigrationName, MigrationState, NodeId, NodeLease};
use crate::error::StoreError;

/// How often a stored state was replaced; grows with every replacement.
///
/// ```
/// use strangler_fig::phase::Revision;
///
/// assert!(Revision::default() < Revision(1), "no state has revision 0");
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Revision(pub u64);

/// A state and the revision it was stored under.
///
/// ```
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::{MigrationState, MigrationStateService, Revision, Versioned};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = InMemoryStateService::default();
/// let state = MigrationState::new("airports".parse()?);
/// service.create(&state).await?;
/// let found = service.current(state.name()).await?;
/// assert_eq!(found, Some(Versioned { revision: Revision(1), state }));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// To be named by whoever replaces it.
    pub revision: Revision,
    /// The state.
    pub state: MigrationState,
}

/// Where a fleet keeps the state of its migrations, and a lease per node.
///
/// Implement it over the store you already run, if that store never loses a
/// write it has acknowledged; a replica that can does not qualify. Prove the
/// implementation with the suite in `testkit::conformance`.
///
/// ```
/// use strangler_fig::error::StoreErrorKind;
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::{
///     Fleet, MigrationState, MigrationStateService, Move, MoveId, Phase,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = InMemoryStateService::default();
/// let first = MigrationState::new("airports".parse()?);
/// let revision = service.create(&first).await?;
///
/// let step = Move::to(Phase::DualWrite);
/// let next = first.transition(&step, MoveId::random()?, &Fleet::default())?;
/// assert!(service.compare_and_set(revision, &next).await? > revision);
/// service.changed(first.name(), revision).await; // at once: it was replaced
///
/// let again = service.compare_and_set(revision, &next).await.unwrap_err();
/// assert_eq!(again.kind(), StoreErrorKind::Conflict);
/// let found = service.current(first.name()).await?;
/// assert_eq!(found.map(|found| found.state), Some(next));
/// # Ok(())
/// # }
/// ```
///
/// A lease, while its node runs, when it has stopped, and after its eviction:
///
/// ```
/// # use strangler_fig::error::StoreErrorKind;
/// # use strangler_fig::memory::InMemoryStateService;
/// # use strangler_fig::phase::{MigrationName, MigrationStateService};
/// use strangler_fig::phase::{Incarnation, NodeId, NodeLease};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (service, name): (_, MigrationName) = (InMemoryStateService::default(), "airports".parse()?);
/// let node = NodeId { name: "node-1".parse()?, incarnation: Incarnation::random()? };
/// let lease = NodeLease::new(node.clone());
/// service.renew_lease(&name, &lease).await?;
/// assert_eq!(service.leases(&name).await?, [lease.clone()]);
///
/// service.release_lease(&name, &node).await?;
/// assert!(service.leases(&name).await?.is_empty());
///
/// service.evict(&name, &lease).await?;
/// let barred = service.renew_lease(&name, &lease).await.unwrap_err();
/// assert_eq!(barred.kind(), StoreErrorKind::Conflict);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `create` stores a first state; if the migration has one, it answers
///    `Conflict` and changes nothing.
/// 2. `current` answers the newest acknowledged state, or `None` before
///    `create`; never an older copy.
/// 3. `compare_and_set` replaces the state only at the expected revision and
///    answers a larger one; else `Conflict`, and nothing changes.
/// 4. Of several `compare_and_set` at one revision, one at most succeeds.
/// 5. `renew_lease` stores the whole lease under its node id, in place of an
///    older one, also before `create`; `leases` answers every stored lease, never an older copy.
///    Older is what has a smaller [`renewal`](NodeLease::renewal): a call that comes late, or
///    once more, after a later renewal was stored, changes nothing, and is no error. Else an
///    eviction that has seen the older one would find it again, of a node that serves.
/// 6. Leases never expire by themselves.
/// 7. `evict` removes a lease for good, if the one stored has the
///    [`renewal`](NodeLease::renewal) of the one given, or none is stored: `renew_lease`
///    of that node id answers `Conflict` from then on. If it was renewed meanwhile,
///    `evict` answers `Conflict` and changes nothing. Evicting again is no error. Other
///    incarnations are not touched.
/// 8. `release_lease` removes a lease; none to remove is no error.
/// 9. Migrations of different names do not touch each other.
/// 10. What was acknowledged is durable.
///
/// Every call that may have had its effect answers `Unknown`; repeats are
/// harmless, since every write names what it expects.
///
/// # Cancel safety
///
/// A dropped call may or may not have had its effect. Read before going on.
#[async_trait]
pub trait MigrationStateService: fmt::Debug + Send + Sync + 'static {
    /// Stores the first state of a migration.
    ///
    /// # Errors
    ///
    /// `Conflict` if the migration exists; `Unavailable`; `Unknown`.
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError>;

    /// The newest state, if the migration exists.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored is not a state; `Unavailable`.
    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError>;

    /// Replaces the state stored under `expected`.
    ///
    /// # Errors
    ///
    /// `Conflict` at any other revision; `Unavailable`; `Unknown`: read back
    /// and compare the move ids.
    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError>;

    /// Stores a node's lease.
    ///
    /// # Errors
    ///
    /// `Conflict` if the node was evicted; `Unavailable`; `Unknown`.
    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError>;

    /// Removes the lease of a node that has stopped.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Unknown`.
    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError>;

    /// Every lease of the migration.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored is not a lease; `Unavailable`.
    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError>;

    /// Removes a lease whose node has ended or stopped, and bars that node. `seen` is
    /// the lease as it was last listed: a node that has renewed it since is alive.
    ///
    /// # Errors
    ///
    /// `Conflict` if the node has renewed its lease; `Unavailable`; `Unknown`.
    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError>;

    /// Resolves when the state may have been replaced since `seen`. A hint that
    /// saves waiting for the next poll; by default it never comes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    async fn changed(&self, name: &MigrationName, seen: Revision) {
        let _ = (name, seen);
        std::future::pending::<()>().await;
    }
}
