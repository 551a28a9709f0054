use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::phase::MigrationStateService;
use strangler_fig::testkit::conformance::StateFixture;
use strangler_fig::testkit::conformance::state::{self, Outcome};

use super::broken::{Broken, Fault, Shared};

/// A store in memory whose handles break the contract in one way.
struct Store {
    fault: Fault,
    shared: Arc<Shared>,
    handle: Arc<Broken>,
}

impl Store {
    fn new(fault: Fault) -> Self {
        let shared = Arc::default();
        let handle = Arc::new(Broken::new(fault, Arc::clone(&shared)));
        Self { fault, shared, handle }
    }
}

#[async_trait]
impl StateFixture for Store {
    fn service(&self) -> Arc<dyn MigrationStateService> {
        Arc::clone(&self.handle) as _
    }

    async fn reopened(&self) -> Option<Arc<dyn MigrationStateService>> {
        let shared = match self.fault {
            Fault::Forgets => Arc::default(),
            _ => Arc::clone(&self.shared),
        };
        Some(Arc::new(Broken::new(self.fault, shared)))
    }

    fn lease_wait(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// The facts that fail under `fault`, in the order of the alphabet.
pub(crate) async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = state::run_all(async || Store::new(fault)).await.into_iter();
    let failed = reports.filter(|report| matches!(report.outcome, Outcome::Failed(_)));
    let mut failing: Vec<_> = failed.map(|report| report.fact).collect();
    failing.sort_unstable();
    failing
}
