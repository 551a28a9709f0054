use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What grows older between two events, and what events that two threads tell at once must not
/// turn round.
#[derive(Debug, Default)]
pub(super) struct Ages(Mutex<Known>);

#[derive(Debug, Default)]
pub(super) struct Known {
    /// When a check last found the stores consistent.
    pub(super) verified: Option<Instant>,
    /// Since when the oldest key waits for its repair.
    pub(super) repair: Since,
    /// Since when the oldest message waits in the outbox.
    pub(super) outbox: Since,
    /// Since when the oldest change waits.
    pub(super) change: Since,
    /// How often each breaker has turned.
    pub(super) turned: HashMap<&'static str, u64>,
}

/// Since when something waits; `None`: nobody has said.
#[derive(Debug, Default)]
pub(super) struct Since(Option<Waiting>);

#[derive(Debug)]
struct Waiting {
    told: Instant,
    /// How long it had waited by then; `None`: nothing did.
    age: Option<Duration>,
}

impl Since {
    pub(super) fn told(&mut self, age: Option<Duration>) {
        self.0 = Some(Waiting { told: Instant::now(), age });
    }

    /// How long it has waited by now; of nothing, zero.
    pub(super) fn seconds(&self) -> Option<f64> {
        let Waiting { told, age } = self.0.as_ref()?;
        Some(age.map_or(0.0, |age| (age + told.elapsed()).as_secs_f64()))
    }
}

impl Ages {
    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
