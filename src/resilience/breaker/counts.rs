/// How a call that counts has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ended {
    pub(super) failed: bool,
    pub(super) slow: bool,
}

/// How the calls ended that a closed circuit breaker judges by; none in any other state.
///
/// ```
/// use strangler_fig::resilience::{BreakerConfig, CallCounts, CircuitBreaker, Health};
///
/// let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
/// for health in [Health::Well, Health::Sick, Health::Ignored] {
///     breaker.acquire()?.settle(health);
/// }
/// let CallCounts { calls, failed, slow, .. } = breaker.counts();
/// assert_eq!((calls, failed, slow), (2, 1, 0));
/// # Ok::<(), strangler_fig::resilience::Refused>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CallCounts {
    /// All of them.
    pub calls: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were slow, however they ended.
    pub slow: u64,
}

impl CallCounts {
    pub(super) fn add(&mut self, ended: Ended) {
        self.calls += 1;
        self.failed += u64::from(ended.failed);
        self.slow += u64::from(ended.slow);
    }

    pub(super) fn remove(&mut self, ended: Ended) {
        self.calls -= 1;
        self.failed -= u64::from(ended.failed);
        self.slow -= u64::from(ended.slow);
    }
}
