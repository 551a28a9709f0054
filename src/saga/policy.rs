use std::sync::Arc;
use std::time::Duration;

use crate::resilience::{CircuitBreaker, Exponential, Schedule};

/// What becomes of a step whose attempt has ended so that nobody knows what it did: a
/// timeout, a panic, an unreadable answer, a runner that is gone.
///
/// ```
/// use strangler_fig::saga::OnUnknown;
/// assert_eq!(OnUnknown::default(), OnUnknown::Probe);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnUnknown {
    /// It is asked; and if it cannot tell, executed again as its schedule says; then given up.
    #[default]
    Probe,
    /// It is executed again as its schedule says; then given up.
    Retry,
    /// It is given up at once, and compensated as one that may have had its effect. The pivot, and
    /// what is after it, cannot be: they are asked.
    Compensate,
    /// It waits for an operator.
    Park,
}

/// How one step is called.
///
/// A step before the pivot that is given up turns the saga back; the pivot does if it surely was
/// not done. Else, and after the pivot, the saga is parked.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::resilience::{BreakerConfig, CircuitBreaker, Exponential};
/// use strangler_fig::saga::{OnUnknown, StepPolicy};
///
/// let patient = StepPolicy::default()
///     .with_timeout(Duration::from_secs(5))
///     .with_retry(Exponential::between(Duration::from_millis(100), Duration::from_secs(10)))
///     .with_breaker(CircuitBreaker::new("payments", BreakerConfig::default()))
///     .on_unknown(OnUnknown::Park);
/// ```
#[derive(Debug, Clone)]
pub struct StepPolicy {
    pub(super) timeout: Duration,
    pub(super) retry: Option<Arc<dyn Schedule>>,
    pub(super) compensation_retry: Arc<dyn Schedule>,
    pub(super) breaker: Option<CircuitBreaker>,
    pub(super) on_unknown: OnUnknown,
}

impl Default for StepPolicy {
    /// 30 s for each call. Executions are tried again three times within a second, after the pivot
    /// as compensations are: twenty times, from 100 ms up to a minute apart.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            retry: None,
            compensation_retry: Arc::new(patient()),
            breaker: None,
            on_unknown: OnUnknown::Probe,
        }
    }
}

fn patient() -> Exponential {
    Exponential::between(Duration::from_millis(100), Duration::from_secs(60)).with_count(20)
}

impl StepPolicy {
    /// How long one call may take. It is dropped then, and counts as in doubt.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The pauses before executions, and probes, that are made again.
    #[must_use]
    pub fn with_retry(mut self, schedule: impl Schedule) -> Self {
        self.retry = Some(Arc::new(schedule));
        self
    }

    /// The pauses before compensations that are made again; then the saga is parked.
    #[must_use]
    pub fn with_compensation_retry(mut self, schedule: impl Schedule) -> Self {
        self.compensation_retry = Arc::new(schedule);
        self
    }

    /// What keeps executions from a service that fails: one that it refuses was not made.
    #[must_use]
    pub fn with_breaker(mut self, breaker: CircuitBreaker) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// What becomes of an attempt that nobody knows the end of.
    #[must_use]
    pub const fn on_unknown(mut self, on_unknown: OnUnknown) -> Self {
        self.on_unknown = on_unknown;
        self
    }

    /// How long one call may take.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The next pause of an execution, after so many.
    pub(super) fn pause(&self, is_after_pivot: bool, used: u32) -> Option<Duration> {
        let used = used as usize;
        match &self.retry {
            Some(schedule) => schedule.delays().nth(used),
            None if is_after_pivot => patient().delays().nth(used),
            None => Exponential::default().delays().nth(used),
        }
    }

    /// The next pause of a compensation, after so many.
    pub(super) fn compensation_pause(&self, used: u32) -> Option<Duration> {
        self.compensation_retry.delays().nth(used as usize)
    }
}
