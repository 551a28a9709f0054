use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::observe::Breakers;

/// How long a replicator that was level is believed to be. It says so every ten seconds by default.
const BELIEVED: Duration = Duration::from_secs(300);
/// How long the rate of a backfill is believed, which is told each second.
const RATE_BELIEVED: Duration = Duration::from_secs(10);

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
    /// When a backfill that runs was last heard of.
    pub(super) backfill: Option<Instant>,
    /// How breakers stand.
    pub(super) breakers: Breakers,
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
        Some(age.map_or(0.0, |age| age.saturating_add(told.elapsed()).as_secs_f64()))
    }

    /// The same; but that nothing waits is believed for a while only.
    pub(super) fn seconds_if_heard_of(&self) -> Option<f64> {
        let Waiting { told, age } = self.0.as_ref()?;
        let is_silent = age.is_none() && told.elapsed() > BELIEVED;
        if is_silent { Some(f64::NAN) } else { self.seconds() }
    }
}

impl Known {
    /// Every age by now, in the order of the gauges.
    pub(super) fn seconds(&self) -> [Option<f64>; 4] {
        let verified = self.verified.map(|verified| verified.elapsed().as_secs_f64());
        let lag = self.change.seconds_if_heard_of();
        [verified, self.repair.seconds(), self.outbox.seconds(), lag]
    }

    /// Whether a backfill that ran is not heard of any more.
    pub(super) fn has_lost_backfill(&self) -> bool {
        self.backfill.is_some_and(|heard| heard.elapsed() > RATE_BELIEVED)
    }
}

impl Ages {
    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
