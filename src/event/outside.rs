use std::fmt;
use std::sync::Arc;

use super::{FeedLag, LagSource};
use crate::error::{StoreError, StoreErrorKind};
use crate::observe::field;
use crate::phase::{
    Actor, Incarnation, MigrationName, MigrationStateService, NodeId, NodeLease, NodeName,
    NodeRole, Reason,
};

/// The writers that know no phase: the monolith's other code, jobs at night, people with a client of the database.
///
/// They write to legacy whatever the state says, as a node would that stays in `LegacyOnly` for ever. So they hold a
/// lease of [`NodeRole::Outside`], and while it is there the fleet never settles: nothing crosses from one family to
/// the other. Leases never expire by themselves; whoever has switched the writers off [retires](Self::retire) them.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::event::{OutsideWriters, WritersAreOff};
/// use strangler_fig::memory::{InMemoryChangeFeed, InMemoryStateService};
/// use strangler_fig::phase::{MigrationName, MigrationStateService, NodeRole};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (service, name): (_, MigrationName) = (Arc::new(InMemoryStateService::default()), "users".parse()?);
/// let feed = InMemoryChangeFeed::<u32, String>::default();
///
/// let monolith = OutsideWriters::register(service.clone(), name.clone(), "monolith".parse()?).await?;
/// assert_eq!(service.leases(&name).await?[0].role, NodeRole::Outside);
///
/// // Much later: they are off, and all that they have changed was carried over.
/// let off = WritersAreOff::of("monolith".parse()?);
/// monolith.retire(&feed, off, &"ann".parse()?, &"OPS-12: it is switched off".parse()?).await?;
/// assert!(service.leases(&name).await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OutsideWriters {
    service: Arc<dyn MigrationStateService>,
    migration: MigrationName,
    name: NodeName,
}

/// The confirmation that [`OutsideWriters::retire`] asks for: whoever makes this value says that these writers write no
/// more, and that none of their transactions is open.
///
/// Where the store can refuse them, let it: a trigger that does, once it is made, has waited for those that were open.
///
/// ```
/// use strangler_fig::event::WritersAreOff;
///
/// let confirmation = WritersAreOff::of("monolith".parse()?);
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritersAreOff {
    name: NodeName,
}

/// Why writers outside keep their place in the fleet.
///
/// ```
/// use strangler_fig::event::{FeedLag, RetireError};
///
/// let lag = FeedLag::new(None, Some(3));
/// let behind = RetireError::Behind { lag };
/// assert_eq!(behind.to_string(), "what they have changed was not carried over yet: 3 changes wait");
/// assert!(behind.is_retryable());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetireError {
    /// The confirmation speaks of others.
    #[error("the confirmation speaks of {confirmed}, not of {name}")]
    Others {
        /// These writers.
        name: NodeName,
        /// Those that were said to be off.
        confirmed: NodeName,
    },
    /// Changes of theirs are unsettled: the replicator has not carried them over, or they write on.
    #[error("what they have changed was not carried over yet: {}", waiting(lag))]
    Behind {
        /// How far.
        lag: FeedLag,
    },
    /// The feed did not say how far it is.
    #[error("the change feed did not answer")]
    Feed(#[source] StoreError),
    /// The lease may still be there.
    #[error("the lease could not be given back")]
    State(#[source] StoreError),
}

impl WritersAreOff {
    /// The writers of this name are.
    #[must_use]
    pub const fn of(writers: NodeName) -> Self {
        Self { name: writers }
    }
}

impl RetireError {
    /// Whether trying again may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Others { .. } => false,
            Self::Behind { .. } => true,
            Self::Feed(source) | Self::State(source) => source.is_retryable(),
        }
    }
}

fn waiting(lag: &FeedLag) -> String {
    match (lag.pending, lag.oldest) {
        (Some(pending), Some(oldest)) => {
            format!("{pending} changes wait, the oldest for {oldest:?}")
        }
        (Some(pending), None) => format!("{pending} changes wait"),
        (None, Some(oldest)) => format!("the oldest waits for {oldest:?}"),
        (None, None) => "some wait".to_owned(),
    }
}

impl OutsideWriters {
    /// Holds a place in the fleet for them; again, it is the same place.
    ///
    /// # Errors
    ///
    /// As [`MigrationStateService::renew_lease`]: registering again is harmless. Who was evicted may come back.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have had its effect.
    pub async fn register(
        service: Arc<dyn MigrationStateService>,
        migration: MigrationName,
        name: NodeName,
    ) -> Result<Self, StoreError> {
        let writers = Self { service, migration, name };
        writers.hold().await?;
        Ok(writers)
    }

    /// Gives the place up: they were switched off, as `confirmation` asserts, and `feed` must show that nothing of
    /// theirs is left to be carried over. Who did it, and why, is told at `warn`.
    ///
    /// # Errors
    ///
    /// [`RetireError`]: they keep their place, or may.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have had its effect; again, it is harmless.
    pub async fn retire(
        &self,
        feed: &dyn LagSource,
        confirmation: WritersAreOff,
        actor: &Actor,
        reason: &Reason,
    ) -> Result<(), RetireError> {
        if confirmation.name != self.name {
            let (name, confirmed) = (self.name.clone(), confirmation.name);
            return Err(RetireError::Others { name, confirmed });
        }
        let lag = feed.lag().await.map_err(RetireError::Feed)?;
        if lag.oldest.is_some() {
            return Err(RetireError::Behind { lag });
        }
        for node in self.places().await.map_err(RetireError::State)? {
            let released = self.service.release_lease(&self.migration, &node).await;
            released.map_err(RetireError::State)?;
            tracing::warn!(
                { field::MIGRATION } = %self.migration,
                { field::NODE } = %node,
                { field::ACTOR } = actor.as_str(),
                { field::REASON } = reason.as_str(),
                "writers outside were retired"
            );
        }
        Ok(())
    }

    /// Whether they hold their place.
    ///
    /// # Errors
    ///
    /// As [`MigrationStateService::leases`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn are_registered(&self) -> Result<bool, StoreError> {
        Ok(!self.places().await?.is_empty())
    }

    /// Who they are in the fleet.
    #[must_use]
    pub const fn name(&self) -> &NodeName {
        &self.name
    }

    /// Takes the place, whoever gave it up.
    pub(crate) async fn hold(&self) -> Result<(), StoreError> {
        if self.are_registered().await? {
            return Ok(());
        }
        match self.take(Incarnation::fixed(0)).await {
            // They were evicted under that one.
            Err(error) if error.kind() == StoreErrorKind::Conflict => {
                let incarnation = Incarnation::random().map_err(StoreError::unavailable)?;
                self.take(incarnation).await
            }
            taken => taken,
        }
    }

    async fn take(&self, incarnation: Incarnation) -> Result<(), StoreError> {
        let node = NodeId { name: self.name.clone(), incarnation };
        let lease = NodeLease::new(node).with_role(NodeRole::Outside);
        self.service.renew_lease(&self.migration, &lease).await
    }

    async fn places(&self) -> Result<Vec<NodeId>, StoreError> {
        let leases = self.service.leases(&self.migration).await?;
        let is_theirs =
            |lease: &NodeLease| lease.role == NodeRole::Outside && lease.node.name == self.name;
        Ok(leases.into_iter().filter(is_theirs).map(|lease| lease.node).collect())
    }
}

impl fmt::Debug for OutsideWriters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutsideWriters")
            .field("migration", &self.migration)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
