use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::error::StoreError;
use crate::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Revision, Versioned,
};

/// The state of migrations in this process: for tests, and for an application
/// of one process that may forget it.
///
/// ```
/// use strangler_fig::error::StoreErrorKind;
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::{MigrationState, MigrationStateService, Revision};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = InMemoryStateService::default();
/// let first = MigrationState::new("airports".parse()?);
/// assert_eq!(service.create(&first).await?, Revision(1));
///
/// let again = service.create(&first).await.unwrap_err();
/// assert_eq!(again.kind(), StoreErrorKind::Conflict);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct InMemoryStateService {
    migrations: Mutex<BTreeMap<MigrationName, Migration>>,
    changes: Notify,
}

#[derive(Debug, Default)]
struct Migration {
    stored: Option<Versioned>,
    leases: BTreeMap<NodeId, NodeLease>,
    evicted: BTreeSet<NodeId>,
}

impl InMemoryStateService {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<MigrationName, Migration>> {
        self.migrations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn revision(&self, name: &MigrationName) -> Revision {
        let migrations = self.lock();
        let stored = migrations.get(name).and_then(|migration| migration.stored.as_ref());
        stored.map(|stored| stored.revision).unwrap_or_default()
    }

    /// Replaces the state where it stands at `expected`; none stands at zero.
    fn replace(&self, expected: Revision, next: &MigrationState) -> Result<Revision, StoreError> {
        let mut migrations = self.lock();
        let migration = migrations.entry(next.name().clone()).or_default();
        let found = migration.stored.as_ref().map(|stored| stored.revision).unwrap_or_default();
        if found != expected {
            let found = format!("the state is at revision {}, not {}", found.0, expected.0);
            return Err(StoreError::conflict(found));
        }
        let revision = Revision(found.0 + 1);
        migration.stored = Some(Versioned { revision, state: next.clone() });
        drop(migrations);
        self.changes.notify_waiters();
        Ok(revision)
    }
}

#[async_trait]
impl MigrationStateService for InMemoryStateService {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        self.replace(Revision::default(), state)
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        Ok(self.lock().get(name).and_then(|migration| migration.stored.clone()))
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        if expected == Revision::default() {
            return Err(StoreError::conflict("no state has revision 0"));
        }
        self.replace(expected, next)
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        let mut migrations = self.lock();
        let migration = migrations.entry(name.clone()).or_default();
        if migration.evicted.contains(&lease.node) {
            return Err(StoreError::conflict(format!("node {} was evicted", lease.node)));
        }
        let is_late = |stored: &NodeLease| stored.renewal > lease.renewal;
        if !migration.leases.get(&lease.node).is_some_and(is_late) {
            migration.leases.insert(lease.node.clone(), lease.clone());
        }
        Ok(())
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        if let Some(migration) = self.lock().get_mut(name) {
            migration.leases.remove(node);
        }
        Ok(())
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        let migrations = self.lock();
        let leases = migrations.get(name).map(|migration| migration.leases.values().cloned());
        Ok(leases.into_iter().flatten().collect())
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        let mut migrations = self.lock();
        let migration = migrations.entry(name.clone()).or_default();
        let node = &seen.node;
        if migration.leases.get(node).is_some_and(|stored| stored.renewal != seen.renewal) {
            return Err(StoreError::conflict(format!("node {node} has renewed its lease")));
        }
        migration.leases.remove(node);
        migration.evicted.insert(node.clone());
        Ok(())
    }

    async fn changed(&self, name: &MigrationName, seen: Revision) {
        loop {
            let mut changed = std::pin::pin!(self.changes.notified());
            changed.as_mut().enable();
            if self.revision(name) > seen {
                return;
            }
            changed.await;
        }
    }
}
