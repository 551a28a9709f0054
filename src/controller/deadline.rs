use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::{StoreError, StoreErrorKind};
use crate::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Revision, Versioned,
};

/// A service that answers in time: what takes too long did not happen, if it is a
/// read, and else is in doubt.
#[derive(Debug, Clone)]
pub(super) struct Deadlined {
    inner: Arc<dyn MigrationStateService>,
    deadline: Duration,
}

/// The service did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
struct Late(Duration);

impl Deadlined {
    pub(super) fn new(inner: Arc<dyn MigrationStateService>, deadline: Duration) -> Self {
        Self { inner, deadline }
    }

    pub(super) fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    async fn within<T>(
        &self,
        late: StoreErrorKind,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let answer = tokio::time::timeout(self.deadline, call).await;
        answer.unwrap_or_else(|_| Err(StoreError::new(late, Late(self.deadline))))
    }

    async fn read<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.within(StoreErrorKind::Unavailable, call).await
    }

    async fn write<T: fmt::Debug>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.within(StoreErrorKind::Unknown, call).await
    }
}

#[async_trait]
impl MigrationStateService for Deadlined {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        self.write(self.inner.create(state)).await
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        self.read(self.inner.current(name)).await
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        self.write(self.inner.compare_and_set(expected, next)).await
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        self.write(self.inner.renew_lease(name, lease)).await
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        self.write(self.inner.release_lease(name, node)).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        self.read(self.inner.leases(name)).await
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        self.write(self.inner.evict(name, seen)).await
    }

    async fn changed(&self, name: &MigrationName, seen: Revision) {
        self.inner.changed(name, seen).await;
    }
}
