use std::sync::Arc;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::event::Inbox;

/// An empty [`Inbox`], and the transactions it stands in.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::error::StoreError;
/// use strangler_fig::event::Inbox;
/// use strangler_fig::memory::{InMemoryInbox, InMemoryMailTransaction};
/// use strangler_fig::testkit::conformance::{InboxFixture, async_trait};
///
/// struct InMemory(InMemoryInbox);
///
/// #[async_trait]
/// impl InboxFixture for InMemory {
///     type Transaction = InMemoryMailTransaction;
///
///     fn inbox(&self) -> Arc<dyn Inbox<InMemoryMailTransaction>> {
///         Arc::new(self.0.clone())
///     }
///     async fn begin(&self) -> Result<InMemoryMailTransaction, StoreError> {
///         Ok(self.0.begin())
///     }
///     async fn commit(&self, transaction: InMemoryMailTransaction) -> Result<(), StoreError> {
///         transaction.commit()
///     }
/// }
/// ```
#[async_trait]
pub trait InboxFixture: Send + Sync + 'static {
    /// A transaction of the consumer. It is rolled back if it is dropped.
    type Transaction: Send + 'static;

    /// The inbox; the same one, each time.
    fn inbox(&self) -> Arc<dyn Inbox<Self::Transaction>>;

    /// Begins a transaction, as the consumer does. Several may be open at once.
    async fn begin(&self) -> Result<Self::Transaction, StoreError>;

    /// Commits it.
    async fn commit(&self, transaction: Self::Transaction) -> Result<(), StoreError>;
}
