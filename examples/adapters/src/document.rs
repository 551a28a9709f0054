//! Leases as documents. A state has a document of its own.

use strangler_fig::error::StoreError;
use strangler_fig::phase::{MigrationName, MigrationState, NodeId, NodeLease};

/// The state in a stored document of the migration `name`.
pub(crate) fn state(text: &str, name: &MigrationName) -> Result<MigrationState, StoreError> {
    MigrationState::from_document(text, name).map_err(StoreError::rejected)
}

/// The key of a node's lease: two nodes have two keys, whatever their names.
pub(crate) fn lease_key(node: &NodeId) -> String {
    node.to_string()
}

/// A lease as text.
pub(crate) fn lease_document(lease: &NodeLease) -> String {
    serde_json::to_string(lease).expect("every field of a lease has a JSON form")
}

/// The lease in a document that was stored under `key`.
pub(crate) fn lease(text: &str, key: &str) -> Result<NodeLease, StoreError> {
    let lease: NodeLease = serde_json::from_str(text)
        .map_err(|error| StoreError::rejected(format!("the lease of {key} is broken: {error}")))?;
    if lease_key(&lease.node) != key {
        let found = format!("the lease of {key} is another's: see its field node, {}", lease.node);
        return Err(StoreError::rejected(found));
    }
    Ok(lease)
}
