//! The contracts of a saga's journal and of a participant's barrier on their references, and on
//! some that break them: each is caught, by exactly the facts that name what it breaks.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod barrier_controls;
mod broken;
mod broken_barrier;
mod broken_calls;
mod controls;
mod fault;
mod scratch;

use std::sync::Arc;

use strangler_fig::error::StoreError;
use strangler_fig::memory::{InMemoryBarrier, InMemoryBarrierTransaction, InMemorySagaJournal};
use strangler_fig::saga::SagaJournal;
use strangler_fig::testkit::conformance::{SagaBarrierFixture, SagaJournalFixture, async_trait};

struct InMemory(InMemorySagaJournal);

impl SagaJournalFixture for InMemory {
    fn journal(&self) -> Arc<dyn SagaJournal> {
        Arc::new(self.0.clone())
    }
}

mod in_memory_saga_journal {
    use super::{InMemory, InMemorySagaJournal};

    strangler_fig::saga_journal_conformance!(async { InMemory(InMemorySagaJournal::default()) });
}

mod file_saga_journal {
    use super::scratch::Scratch;

    strangler_fig::saga_journal_conformance!(async { Scratch::new() });
}

struct Participant(Arc<InMemoryBarrier>);

#[async_trait]
impl SagaBarrierFixture for Participant {
    type Barrier = InMemoryBarrier;

    fn barrier(&self) -> Arc<InMemoryBarrier> {
        Arc::clone(&self.0)
    }

    async fn begin(&self) -> Result<InMemoryBarrierTransaction, StoreError> {
        Ok(self.0.begin().await)
    }

    async fn commit(&self, transaction: InMemoryBarrierTransaction) -> Result<(), StoreError> {
        transaction.commit();
        Ok(())
    }
}

mod in_memory_barrier {
    use super::{Arc, Participant};

    strangler_fig::saga_barrier_conformance!(async { Participant(Arc::default()) });
}
