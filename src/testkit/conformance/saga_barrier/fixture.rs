use std::sync::Arc;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::saga::SagaBarrier;

/// The transactions of a fixture's barrier.
pub type TransactionOf<F> = <<F as SagaBarrierFixture>::Barrier as SagaBarrier>::Transaction;

/// A [`SagaBarrier`] that has seen nothing yet, and the transactions it stands in.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::error::StoreError;
/// use strangler_fig::memory::{InMemoryBarrier, InMemoryBarrierTransaction};
/// use strangler_fig::testkit::conformance::SagaBarrierFixture;
///
/// struct InMemory(Arc<InMemoryBarrier>);
///
/// #[strangler_fig::testkit::conformance::async_trait]
/// impl SagaBarrierFixture for InMemory {
///     type Barrier = InMemoryBarrier;
///
///     fn barrier(&self) -> Arc<InMemoryBarrier> {
///         Arc::clone(&self.0)
///     }
///     async fn begin(&self) -> Result<InMemoryBarrierTransaction, StoreError> {
///         Ok(self.0.begin().await)
///     }
///     async fn commit(&self, transaction: InMemoryBarrierTransaction) -> Result<(), StoreError> {
///         transaction.commit();
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait SagaBarrierFixture: Send + Sync + 'static {
    /// The barrier's type.
    type Barrier: SagaBarrier;

    /// The barrier; the same one, each time.
    fn barrier(&self) -> Arc<Self::Barrier>;

    /// Begins a transaction, as the participant does. It is rolled back if it is dropped.
    async fn begin(&self) -> Result<TransactionOf<Self>, StoreError>;

    /// Commits it.
    async fn commit(&self, transaction: TransactionOf<Self>) -> Result<(), StoreError>;
}
