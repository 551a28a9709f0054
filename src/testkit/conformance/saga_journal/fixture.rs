use std::sync::Arc;

use async_trait::async_trait;

use crate::saga::{SagaId, SagaJournal};

/// A [`SagaJournal`] that holds no saga yet.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::memory::InMemorySagaJournal;
/// use strangler_fig::saga::SagaJournal;
/// use strangler_fig::testkit::conformance::SagaJournalFixture;
///
/// struct InMemory(InMemorySagaJournal);
///
/// impl SagaJournalFixture for InMemory {
///     fn journal(&self) -> Arc<dyn SagaJournal> {
///         Arc::new(self.0.clone())
///     }
/// }
/// ```
#[async_trait]
pub trait SagaJournalFixture: Send + Sync + 'static {
    /// The journal; the same one, each time.
    fn journal(&self) -> Arc<dyn SagaJournal>;

    /// A second handle on the same journal, as another process opens it. By default
    /// the first one.
    async fn reopened(&self) -> Arc<dyn SagaJournal> {
        self.journal()
    }

    /// Makes the record of a saga one that cannot be read, as a fault of the disk does or a newer
    /// version of the adapter; answers whether it did. By default it cannot, and what is to
    /// become of such records is not asked.
    async fn spoil(&self, saga: &SagaId) -> bool {
        let _ = saga;
        false
    }
}
