use std::sync::Arc;

use strangler_fig::error::StoreError;
use strangler_fig::event::{Outbox, OutboxPosition, OutboxStore};
use strangler_fig::memory::{InMemoryMailTransaction, InMemoryOutbox};
use strangler_fig::testkit::conformance::{OutboxFixture, async_trait};

struct InMemory(InMemoryOutbox);

#[async_trait]
impl OutboxFixture for InMemory {
    type Transaction = InMemoryMailTransaction;

    fn outbox(&self) -> Arc<dyn Outbox<InMemoryMailTransaction>> {
        Arc::new(self.0.clone())
    }

    fn store(&self) -> Arc<dyn OutboxStore> {
        Arc::new(self.0.clone())
    }

    async fn begin(&self) -> Result<InMemoryMailTransaction, StoreError> {
        Ok(self.0.begin())
    }

    async fn commit(&self, transaction: InMemoryMailTransaction) -> Result<(), StoreError> {
        transaction.commit()
    }

    async fn spoil(&self, position: OutboxPosition) -> bool {
        self.0.spoil(position)
    }
}

mod in_memory_outbox {
    use super::{InMemory, InMemoryOutbox};

    strangler_fig::outbox_conformance!(async { InMemory(InMemoryOutbox::default()) });
}
