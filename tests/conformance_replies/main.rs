//! The suite of reply stores on the one in memory; and on broken ones, each of which it has to find.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod broken;
mod controls;

use std::sync::Arc;

use strangler_fig::event::ReplyStore;
use strangler_fig::memory::InMemoryReplyStore;
use strangler_fig::testkit::conformance::{ReplyStoreFixture, async_trait};

#[derive(Default)]
struct InMemory(InMemoryReplyStore);

#[async_trait]
impl ReplyStoreFixture for InMemory {
    fn replies(&self) -> Arc<dyn ReplyStore> {
        Arc::new(self.0.clone())
    }
}

mod in_memory {
    use super::InMemory;

    strangler_fig::reply_store_conformance!(async { InMemory::default() });
}
