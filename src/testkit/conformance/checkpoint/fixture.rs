use std::sync::Arc;

use async_trait::async_trait;

use crate::backfill::CheckpointStore;

/// A [`CheckpointStore`] that holds no job yet.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::backfill::CheckpointStore;
/// use strangler_fig::memory::InMemoryCheckpointStore;
/// use strangler_fig::testkit::conformance::CheckpointFixture;
///
/// struct InMemory(InMemoryCheckpointStore);
///
/// impl CheckpointFixture for InMemory {
///     fn store(&self) -> Arc<dyn CheckpointStore> {
///         Arc::new(self.0.clone())
///     }
/// }
/// ```
#[async_trait]
pub trait CheckpointFixture: Send + Sync + 'static {
    /// The store; the same one, each time.
    fn store(&self) -> Arc<dyn CheckpointStore>;

    /// A second handle on the same store, as another process opens it. By default
    /// the first one.
    async fn reopened(&self) -> Arc<dyn CheckpointStore> {
        self.store()
    }
}
