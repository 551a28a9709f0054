use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::reconcile::RepairQueue;

/// A [`RepairQueue`] over an empty store.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::memory::InMemoryRepairQueue;
/// use strangler_fig::reconcile::RepairQueue;
/// use strangler_fig::testkit::conformance::RepairQueueFixture;
///
/// struct InMemory(Arc<InMemoryRepairQueue>);
///
/// #[strangler_fig::testkit::conformance::async_trait]
/// impl RepairQueueFixture for InMemory {
///     fn queue(&self) -> Arc<dyn RepairQueue> {
///         Arc::clone(&self.0) as _
///     }
///     async fn reopened(&self) -> Option<Arc<dyn RepairQueue>> {
///         None // the store ends with its handle
///     }
/// }
/// ```
#[async_trait]
pub trait RepairQueueFixture: Send + Sync + 'static {
    /// The queue; the same one, each time.
    fn queue(&self) -> Arc<dyn RepairQueue>;

    /// A second queue over the same store, as another process opens it, or this
    /// one after a restart: it must share nothing with the first one but the
    /// store. `None`, the default, if the store ends with its handle.
    async fn reopened(&self) -> Option<Arc<dyn RepairQueue>> {
        None
    }

    /// Lets so much time pass on the queue's clock. Sleeps, by default: in real
    /// time, or on a paused runtime at once. No fact asks for more than half a
    /// second.
    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
