use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Revision, Versioned,
};

mock! {
    /// A mock of [`MigrationStateService`](crate::phase::MigrationStateService).
    ///
    /// ```
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::mock::MockMigrationStateService;
    /// use strangler_fig::phase::{MigrationName, MigrationStateService};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut service = MockMigrationStateService::new();
    /// service.expect_current().returning(|_| Err(StoreError::unavailable("down")));
    /// let users: MigrationName = "users".parse()?;
    /// assert!(service.current(&users).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub MigrationStateService {}

    #[async_trait]
    impl MigrationStateService for MigrationStateService {
        async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError>;
        async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError>;
        async fn compare_and_set(
            &self,
            expected: Revision,
            next: &MigrationState,
        ) -> Result<Revision, StoreError>;
        async fn renew_lease(
            &self,
            name: &MigrationName,
            lease: &NodeLease,
        ) -> Result<(), StoreError>;
        async fn release_lease(
            &self,
            name: &MigrationName,
            node: &NodeId,
        ) -> Result<(), StoreError>;
        async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError>;
        async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError>;
    }
}
