use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::RouteState;
use crate::phase::{MigrationName, PhaseTracker, Side, StateWord};
use crate::resilience::{BreakerState, CircuitBreaker};

/// The state of a process: the trackers of the migrations that its routes follow, and the breakers of both sides.
///
/// ```
/// use strangler_fig::phase::{MigrationState, Phase, PhaseTracker, Side};
/// use strangler_fig::resilience::{BreakerConfig, BreakerState, CircuitBreaker};
/// use strangler_fig::route::{RouteState, Trackers};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
/// let tracker = PhaseTracker::detached(MigrationState::new("orders".parse()?));
/// let state = Trackers::default().with_tracker(tracker).with_breaker(Side::Modern, breaker.clone());
///
/// assert_eq!(state.word(&"orders".parse()?).unwrap().base(), Phase::LegacyOnly);
/// assert!(state.word(&"users".parse()?).is_none());
/// breaker.force_open();
/// assert_eq!(state.breaker(Side::Modern), BreakerState::ForcedOpen);
/// assert_eq!(state.breaker(Side::Legacy), BreakerState::Closed, "it has none");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Trackers {
    followed: HashMap<MigrationName, Arc<PhaseTracker>, RandomState>,
    legacy: Option<CircuitBreaker>,
    modern: Option<CircuitBreaker>,
}

impl Trackers {
    /// The same and one more; one of the same migration is replaced.
    #[must_use]
    pub fn with_tracker(mut self, tracker: Arc<PhaseTracker>) -> Self {
        self.followed.insert(tracker.state().name().clone(), tracker);
        self
    }

    /// The same, with the breaker of a side.
    #[must_use]
    pub fn with_breaker(mut self, side: Side, breaker: CircuitBreaker) -> Self {
        match side {
            Side::Legacy => self.legacy = Some(breaker),
            Side::Modern => self.modern = Some(breaker),
        }
        self
    }

    /// The tracker of a migration.
    #[must_use]
    pub fn tracker(&self, migration: &MigrationName) -> Option<&Arc<PhaseTracker>> {
        self.followed.get(migration)
    }
}

impl RouteState for Trackers {
    fn breaker(&self, side: Side) -> BreakerState {
        let breaker = match side {
            Side::Legacy => self.legacy.as_ref(),
            Side::Modern => self.modern.as_ref(),
        };
        breaker.map_or(BreakerState::Closed, CircuitBreaker::state)
    }

    fn word(&self, migration: &MigrationName) -> Option<StateWord> {
        self.followed.get(migration).map(|tracker| tracker.word())
    }
}
