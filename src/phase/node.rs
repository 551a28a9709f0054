use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    Fleet, MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Refused,
    TrackerConfig, TrackerError, Versioned,
};
use crate::error::StoreError;

/// What a tracker with a service knows of itself.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) name: MigrationName,
    pub(super) service: Arc<dyn MigrationStateService>,
    renewals: AtomicU64,
}

impl Node {
    pub(super) fn new(
        id: NodeId,
        name: MigrationName,
        service: Arc<dyn MigrationStateService>,
    ) -> Self {
        Self { id, name, service, renewals: AtomicU64::new(0) }
    }

    /// The next lease of a node that has adopted nothing.
    pub(super) fn lease(&self, config: &TrackerConfig) -> NodeLease {
        NodeLease {
            role: config.role,
            scopes: config.scopes,
            interval: config.poll_interval,
            term: config.term(),
            renewal: self.renewals.fetch_add(1, Ordering::Relaxed) + 1,
            ..NodeLease::new(self.id.clone())
        }
    }

    pub(super) async fn current(&self, config: &TrackerConfig) -> Result<Versioned, TrackerError> {
        let found = self.call(config, self.service.current(&self.name)).await?;
        found.ok_or_else(|| TrackerError::NoState { migration: self.name.clone() })
    }

    /// The state to start by. The leases are read before it: one that is ahead of a
    /// state which was read later shows that the store went back.
    pub(super) async fn first_state(
        &self,
        config: &TrackerConfig,
    ) -> Result<MigrationState, TrackerError> {
        let leases = self.call(config, self.service.leases(&self.name)).await?;
        let Versioned { state, .. } = self.current(config).await?;
        match state.not_behind(&Fleet::new(leases)) {
            Err(Refused::StateWentBack { node, epoch }) => {
                let migration = self.name.clone();
                Err(TrackerError::Behind { migration, node, shown: epoch })
            }
            _ => Ok(state),
        }
    }

    /// A node that does not start gives its lease back, if it can.
    pub(super) async fn gone(&self, config: &TrackerConfig, error: TrackerError) -> TrackerError {
        let _ = self.call(config, self.service.release_lease(&self.name, &self.id)).await;
        error
    }

    pub(super) async fn call<T>(
        &self,
        config: &TrackerConfig,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, TrackerError> {
        let migration = || self.name.clone();
        match tokio::time::timeout(config.call_timeout, call).await {
            Ok(answer) => {
                answer.map_err(|source| TrackerError::Service { migration: migration(), source })
            }
            Err(_) => Err(TrackerError::TimedOut { migration: migration() }),
        }
    }
}
