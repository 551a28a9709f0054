//! Documents of states and leases, as the stores hold them.

use strangler_fig::error::StoreError;
use strangler_fig::phase::{MigrationName, MigrationState, NodeId, NodeLease};

/// The state in a stored document of the migration `name`.
pub(crate) fn state(text: &str, name: &MigrationName) -> Result<MigrationState, StoreError> {
    MigrationState::from_document(text, name).map_err(StoreError::rejected)
}

/// The lease in a document that was stored under `key`: a node's id as text.
pub(crate) fn lease(text: &str, key: &str) -> Result<NodeLease, StoreError> {
    let node: NodeId = key.parse().map_err(StoreError::rejected)?;
    NodeLease::from_document(text, &node).map_err(StoreError::rejected)
}
