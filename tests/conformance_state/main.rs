//! The contract of the state service on the two references, and on services
//! that break it: each is caught, by exactly the facts that name what it breaks.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod broken;
mod controls;
mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::memory::{FileStateService, InMemoryStateService};
use strangler_fig::phase::MigrationStateService;
use strangler_fig::testkit::conformance::StateFixture;

struct InMemory(Arc<InMemoryStateService>);

impl StateFixture for InMemory {
    fn service(&self) -> Arc<dyn MigrationStateService> {
        Arc::clone(&self.0) as _
    }

    fn lease_wait(&self) -> Duration {
        Duration::from_millis(100)
    }
}

async fn in_memory() -> InMemory {
    InMemory(Arc::default())
}

/// A service on a directory of its own, removed at the end.
struct Files(FileStateService);

#[async_trait]
impl StateFixture for Files {
    fn service(&self) -> Arc<dyn MigrationStateService> {
        Arc::new(self.0.clone())
    }

    async fn reopened(&self) -> Option<Arc<dyn MigrationStateService>> {
        Some(Arc::new(FileStateService::new(self.0.directory())))
    }

    fn lease_wait(&self) -> Duration {
        Duration::from_millis(100)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.directory());
    }
}

fn files() -> Files {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let own = format!("strangler-fig-conformance-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(own);
    std::fs::create_dir_all(&directory).unwrap();
    Files(FileStateService::new(directory))
}

mod in_memory_state_service {
    strangler_fig::state_conformance!(volatile super::in_memory());
}

mod file_state_service {
    strangler_fig::state_conformance!(async { super::files() });
}
