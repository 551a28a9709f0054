use std::sync::Arc;

use async_trait::async_trait;

use crate::gateway::dual::{RequestJournal, RequestKey};

/// A [`RequestJournal`] that holds no request yet.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::gateway::dual::RequestJournal;
/// use strangler_fig::memory::InMemoryRequestJournal;
/// use strangler_fig::testkit::conformance::RequestJournalFixture;
///
/// struct InMemory(InMemoryRequestJournal);
///
/// impl RequestJournalFixture for InMemory {
///     fn journal(&self) -> Arc<dyn RequestJournal> {
///         Arc::new(self.0.clone())
///     }
/// }
/// ```
#[async_trait]
pub trait RequestJournalFixture: Send + Sync + 'static {
    /// The journal; the same one, each time.
    fn journal(&self) -> Arc<dyn RequestJournal>;

    /// A second handle on the same journal, as another process opens it. By default
    /// the first one.
    async fn reopened(&self) -> Arc<dyn RequestJournal> {
        self.journal()
    }

    /// Makes the record of a request one that cannot be read, as a fault of the disk does or a newer
    /// version of the adapter; answers whether it did. By default it cannot, and what is to
    /// become of such records is not asked.
    async fn spoil(&self, key: &RequestKey) -> bool {
        let _ = key;
        false
    }
}
