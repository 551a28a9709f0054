//! The contract of the checkpoint store on its reference, and on stores that
//! break it: each is caught, by exactly the facts that name what it breaks.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod broken;
mod controls;

use std::sync::Arc;

use strangler_fig::backfill::CheckpointStore;
use strangler_fig::memory::InMemoryCheckpointStore;
use strangler_fig::testkit::conformance::CheckpointFixture;

struct InMemory(InMemoryCheckpointStore);

impl CheckpointFixture for InMemory {
    fn store(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(self.0.clone())
    }
}

mod in_memory_checkpoint_store {
    use super::{InMemory, InMemoryCheckpointStore};

    strangler_fig::checkpoint_conformance!(async { InMemory(InMemoryCheckpointStore::default()) });
}
