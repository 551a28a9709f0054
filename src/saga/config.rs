use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::observe::Observer;

/// How a [`SagaOrchestrator`](super::SagaOrchestrator) works.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::saga::SagaConfig;
///
/// let config = SagaConfig::default()
///     .with_term(Duration::from_secs(15))
///     .with_poll_interval(Duration::from_millis(500));
/// ```
#[derive(Debug, Clone)]
pub struct SagaConfig {
    pub(super) term: Duration,
    pub(super) poll_interval: Duration,
    pub(super) call_deadline: Duration,
    pub(super) live_max: usize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

impl Default for SagaConfig {
    /// Claims for 30 s, a look for abandoned sagas each second, 10 s for each call of the journal, 10,000 sagas
    /// taken over at once, the system's clock.
    fn default() -> Self {
        Self {
            term: Duration::from_secs(30),
            poll_interval: Duration::from_secs(1),
            call_deadline: Duration::from_secs(10),
            live_max: 10_000,
            clock: Arc::new(SystemClock),
            observer: None,
        }
    }
}

impl SagaConfig {
    /// How long a saga is held without a sign of life: after that another runner takes it over. Renewed
    /// after a third of it. A millisecond at least.
    #[must_use]
    pub const fn with_term(mut self, term: Duration) -> Self {
        self.term = at_least(term);
        self
    }

    /// How often it looks for sagas that nobody holds, and for the end of those that others hold.
    #[must_use]
    pub const fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = at_least(interval);
        self
    }

    /// How long one call of the journal may take; after that it is in doubt, and looked into.
    #[must_use]
    pub const fn with_call_deadline(mut self, deadline: Duration) -> Self {
        self.call_deadline = at_least(deadline);
        self
    }

    /// How many sagas run here at once before no more are taken over; one at least. Those that are started here always
    /// run, and so do those that are steps of what runs here.
    #[must_use]
    pub const fn with_live_max(mut self, limit: usize) -> Self {
        self.live_max = if limit == 0 { 1 } else { limit };
        self
    }

    /// The wall clock, for deadlines of sagas.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Who is told of what happens.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }
}

/// A term of nothing would be over before it begins.
const fn at_least(term: Duration) -> Duration {
    if term.is_zero() { Duration::from_millis(1) } else { term }
}
