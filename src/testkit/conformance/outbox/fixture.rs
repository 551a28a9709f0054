use std::sync::Arc;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::event::{Outbox, OutboxPosition, OutboxStore};

/// An empty [`Outbox`] with its [`OutboxStore`], and the transactions it stands in.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::error::StoreError;
/// use strangler_fig::event::{Outbox, OutboxPosition, OutboxStore};
/// use strangler_fig::memory::{InMemoryMailTransaction, InMemoryOutbox};
/// use strangler_fig::testkit::conformance::{OutboxFixture, async_trait};
///
/// struct InMemory(InMemoryOutbox);
///
/// #[async_trait]
/// impl OutboxFixture for InMemory {
///     type Transaction = InMemoryMailTransaction;
///
///     fn outbox(&self) -> Arc<dyn Outbox<InMemoryMailTransaction>> { Arc::new(self.0.clone()) }
///     fn store(&self) -> Arc<dyn OutboxStore> { Arc::new(self.0.clone()) }
///     async fn begin(&self) -> Result<InMemoryMailTransaction, StoreError> { Ok(self.0.begin()) }
///     async fn commit(&self, transaction: InMemoryMailTransaction) -> Result<(), StoreError> {
///         transaction.commit()
///     }
///     async fn spoil(&self, position: OutboxPosition) -> bool { self.0.spoil(position) }
/// }
/// ```
#[async_trait]
pub trait OutboxFixture: Send + Sync + 'static {
    /// A transaction that stages. It is rolled back if it is dropped.
    type Transaction: Send + 'static;

    /// Where it stages; the same one, each time.
    fn outbox(&self) -> Arc<dyn Outbox<Self::Transaction>>;

    /// What its relays use; the same one, each time.
    fn store(&self) -> Arc<dyn OutboxStore>;

    /// The same outbox as another process has it, with nothing but what is stored. By default the same.
    async fn reopened(&self) -> Arc<dyn OutboxStore> {
        self.store()
    }

    /// Begins a transaction, as the service does. Two may be open at once.
    async fn begin(&self) -> Result<Self::Transaction, StoreError>;

    /// Commits it.
    async fn commit(&self, transaction: Self::Transaction) -> Result<(), StoreError>;

    /// Makes a row unreadable; answers whether that is possible.
    async fn spoil(&self, position: OutboxPosition) -> bool {
        let _ = position;
        false
    }
}
