use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::phase::MigrationStateService;

/// A [`MigrationStateService`] over an empty store.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::memory::InMemoryStateService;
/// use strangler_fig::phase::MigrationStateService;
/// use strangler_fig::testkit::conformance::StateFixture;
///
/// struct InMemory(Arc<InMemoryStateService>);
///
/// #[strangler_fig::testkit::conformance::async_trait]
/// impl StateFixture for InMemory {
///     fn service(&self) -> Arc<dyn MigrationStateService> {
///         Arc::clone(&self.0) as _
///     }
///     async fn reopened(&self) -> Option<Arc<dyn MigrationStateService>> {
///         None // the store ends with its handle
///     }
/// }
///
/// let fixture = InMemory(Arc::default());
/// assert_eq!(fixture.lease_wait().as_secs(), 2);
/// ```
#[async_trait]
pub trait StateFixture: Send + Sync + 'static {
    /// The service; the same one, each time.
    fn service(&self) -> Arc<dyn MigrationStateService>;

    /// A second service over the same store, as another process opens it, or
    /// this one after a restart: it must share nothing with the first one but
    /// the store. `None`, the default, if the store ends with its handle.
    async fn reopened(&self) -> Option<Arc<dyn MigrationStateService>> {
        None
    }

    /// A time after which a lease would have expired, if the store had a way to
    /// make it expire. Two seconds by default.
    fn lease_wait(&self) -> Duration {
        Duration::from_secs(2)
    }
}
