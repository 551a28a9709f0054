//! A service that makes a fresh start where a file cannot be read.

use std::fs;
use std::path::PathBuf;

use async_trait::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::FileStateService;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Revision, Versioned,
};

use crate::corpus::found_out;
use crate::files;

#[derive(Debug)]
struct Tidy {
    files: FileStateService,
    file: PathBuf,
}

#[async_trait]
impl MigrationStateService for Tidy {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        match self.files.create(state).await {
            Err(error) if error.kind() == StoreErrorKind::Rejected => {
                fs::remove_file(&self.file).map_err(StoreError::unavailable)?;
                self.files.create(state).await
            }
            answer => answer,
        }
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        self.files.current(name).await
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        self.files.compare_and_set(expected, next).await
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        self.files.renew_lease(name, lease).await
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        self.files.release_lease(name, node).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        self.files.leases(name).await
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        self.files.evict(name, seen).await
    }
}

#[test]
fn a_service_that_starts_anew_over_what_it_cannot_read_is_found_out() {
    let tidy: files::Open = |directory| {
        let file = directory.join("airports.migration.json");
        Box::new(Tidy { files: FileStateService::new(directory), file })
    };
    assert!(found_out("files", |bytes| files::check_with(tidy, bytes)) > 0);
}
