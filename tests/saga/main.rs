//! Sagas, through the public API, on paused time.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]
#![expect(clippy::many_single_char_names, reason = "steps a, b, c of a saga")]

use std::sync::Arc;

use strangler_fig::clock::Clock;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::saga::{SagaConfig, SagaOrchestrator};
use tokio::time::Instant;

mod beside;
mod built;
mod course;
mod crash;
mod durable;
mod flawed;
mod fold;
mod gated;
mod held;
mod hooked;
mod journal;
mod midway;
mod nested;
mod parents;
mod peers;
mod refused;
mod runners;
mod stale;
mod storm;
mod support;
mod told;
mod turned;
mod watchdog;
mod wild;

/// A wall clock that follows tokio's.
#[derive(Debug)]
struct Following(Instant);

impl Clock for Following {
    fn unix_millis(&self) -> u64 {
        1_000_000 + u64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

fn clocked() -> (SagaOrchestrator, Arc<InMemorySagaJournal>) {
    let journal = Arc::new(InMemorySagaJournal::default());
    let config = SagaConfig::default().with_clock(Arc::new(Following(Instant::now())));
    (SagaOrchestrator::with_runner(journal.clone(), support::runner("node-1"), config), journal)
}
