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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::InMemoryStateService;
    use crate::phase::Incarnation;

    #[tokio::test(start_paused = true)]
    async fn every_call_reaches_the_service_and_is_given_up_in_time() {
        let inner = Arc::new(InMemoryStateService::default());
        let service = Deadlined::new(inner.clone(), Duration::from_secs(1));
        let state = MigrationState::new("airports".parse().unwrap());
        let revision = service.create(&state).await.unwrap();
        let name = state.name();
        assert_eq!(inner.current(name).await.unwrap().map(|it| it.revision), Some(revision));

        let node = NodeId { name: "node-1".parse().unwrap(), incarnation: Incarnation::fixed(1) };
        service.renew_lease(name, &NodeLease::new(node.clone())).await.unwrap();
        assert_eq!(inner.leases(name).await.unwrap().len(), 1);
        service.release_lease(name, &node).await.unwrap();
        assert_eq!(inner.leases(name).await.unwrap(), []);

        let second = Duration::from_secs(1);
        let hint = tokio::time::timeout(second, service.changed(name, revision)).await;
        assert!(hint.is_err(), "nothing has changed");
        let in_a_moment = service.clone().with_deadline(Duration::from_millis(1));
        let late = in_a_moment.write(std::future::pending::<Result<(), _>>()).await.unwrap_err();
        assert_eq!(late.kind(), StoreErrorKind::Unknown);
        let late = in_a_moment.read(std::future::pending::<Result<(), _>>()).await.unwrap_err();
        assert_eq!(late.kind(), StoreErrorKind::Unavailable);
    }
}
