use std::sync::Arc;

use async_trait::async_trait;

use crate::event::ReplyStore;

/// A [`ReplyStore`] that keeps nothing yet.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::event::ReplyStore;
/// use strangler_fig::memory::InMemoryReplyStore;
/// use strangler_fig::testkit::conformance::ReplyStoreFixture;
///
/// struct InMemory(InMemoryReplyStore);
///
/// #[strangler_fig::testkit::conformance::async_trait]
/// impl ReplyStoreFixture for InMemory {
///     fn replies(&self) -> Arc<dyn ReplyStore> {
///         Arc::new(self.0.clone())
///     }
/// }
/// ```
#[async_trait]
pub trait ReplyStoreFixture: Send + Sync + 'static {
    /// The store.
    fn replies(&self) -> Arc<dyn ReplyStore>;

    /// It as another process finds it, or the same one after a crash. By default the same again, which is right only
    /// where nothing outlives the process.
    async fn reopened(&self) -> Arc<dyn ReplyStore> {
        self.replies()
    }
}
