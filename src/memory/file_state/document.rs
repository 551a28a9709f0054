use std::collections::{BTreeMap, BTreeSet};

use crate::error::StoreError;
use crate::phase::{MigrationName, MigrationState, NodeId, NodeLease, Revision, Versioned};

/// What the file of one migration says, and how it may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) name: MigrationName,
    pub(super) stored: Option<Versioned>,
    pub(super) leases: BTreeMap<NodeId, NodeLease>,
    pub(super) evicted: BTreeSet<NodeId>,
}

impl Document {
    /// What a file that is not there says.
    pub(super) fn empty(name: MigrationName) -> Self {
        Self { name, stored: None, leases: BTreeMap::new(), evicted: BTreeSet::new() }
    }

    pub(super) fn revision(&self) -> Revision {
        let stored = self.stored.as_ref();
        stored.map(|stored| stored.revision).unwrap_or_default()
    }

    pub(super) fn create(&mut self, state: MigrationState) -> Result<Revision, StoreError> {
        self.replace(Revision::default(), state)
    }

    pub(super) fn compare_and_set(
        &mut self,
        expected: Revision,
        next: MigrationState,
    ) -> Result<Revision, StoreError> {
        if expected == Revision::default() {
            return Err(StoreError::conflict("no state has revision 0"));
        }
        self.replace(expected, next)
    }

    /// Replaces the state where it stands at `expected`; none stands at zero.
    fn replace(
        &mut self,
        expected: Revision,
        state: MigrationState,
    ) -> Result<Revision, StoreError> {
        let found = self.revision();
        if found != expected {
            let found = format!("the state is at revision {}, not {}", found.0, expected.0);
            return Err(StoreError::conflict(found));
        }
        let next = found.0.checked_add(1);
        let revision = next.ok_or_else(|| StoreError::rejected("no revision is left"))?;
        let revision = Revision(revision);
        self.stored = Some(Versioned { revision, state });
        Ok(revision)
    }

    pub(super) fn renew(&mut self, lease: NodeLease) -> Result<(), StoreError> {
        if self.evicted.contains(&lease.node) {
            let evicted = format!("node {} was evicted", lease.node);
            return Err(StoreError::conflict(evicted));
        }
        let is_late = |stored: &NodeLease| stored.renewal > lease.renewal;
        if !self.leases.get(&lease.node).is_some_and(is_late) {
            self.leases.insert(lease.node.clone(), lease);
        }
        Ok(())
    }

    pub(super) fn release(&mut self, node: &NodeId) {
        self.leases.remove(node);
    }

    pub(super) fn evict(&mut self, seen: &NodeLease) -> Result<(), StoreError> {
        let node = &seen.node;
        if self.leases.get(node).is_some_and(|stored| stored.renewal != seen.renewal) {
            return Err(StoreError::conflict(format!("node {node} has renewed its lease")));
        }
        self.leases.remove(node);
        self.evicted.insert(node.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StoreErrorKind;

    #[test]
    fn after_the_last_revision_nothing_is_replaced() {
        let mut document = Document::empty("airports".parse().unwrap());
        let state = MigrationState::new(document.name.clone());
        let revision = Revision(u64::MAX);
        document.stored = Some(Versioned { revision, state: state.clone() });
        let error = document.compare_and_set(revision, state).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Rejected);
        assert_eq!(document.revision(), revision);
    }
}
