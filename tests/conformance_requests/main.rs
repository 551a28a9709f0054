//! The contract of a request journal on its references, and on some that break it: each is caught, by exactly the
//! facts that name what it breaks.

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod broken;
mod broken_calls;
mod controls;
mod fault;
mod scratch;

use std::sync::Arc;

use strangler_fig::gateway::dual::RequestJournal;
use strangler_fig::memory::InMemoryRequestJournal;
use strangler_fig::testkit::conformance::RequestJournalFixture;

struct InMemory(InMemoryRequestJournal);

impl RequestJournalFixture for InMemory {
    fn journal(&self) -> Arc<dyn RequestJournal> {
        Arc::new(self.0.clone())
    }
}

mod in_memory_request_journal {
    use super::{InMemory, InMemoryRequestJournal};

    strangler_fig::request_journal_conformance!(async {
        InMemory(InMemoryRequestJournal::default())
    });
}

mod file_request_journal {
    use super::scratch::Scratch;

    strangler_fig::request_journal_conformance!(async { Scratch::new() });
}
