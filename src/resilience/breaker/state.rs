/// What a circuit breaker does with calls.
///
/// ```
/// use strangler_fig::resilience::{BreakerConfig, BreakerState, CircuitBreaker};
///
/// let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
/// assert_eq!(breaker.state(), BreakerState::Closed);
/// breaker.force_open();
/// assert_eq!(breaker.state().name(), "forced_open");
/// assert!(!breaker.state().admits());
/// breaker.reset();
/// assert!(breaker.state().admits());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// It lets them through and counts how they end.
    Closed,
    /// It refuses them, for a while.
    Open,
    /// It lets a few through, to see.
    HalfOpen,
    /// It refuses them until somebody resets it.
    ForcedOpen,
    /// It lets them through and counts nothing, until somebody resets it.
    Disabled,
}

impl BreakerState {
    /// A stable name, fit for a label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
        }
    }

    /// Whether a call may get through: in `HalfOpen` only some do.
    #[must_use]
    pub const fn admits(self) -> bool {
        matches!(self, Self::Closed | Self::HalfOpen | Self::Disabled)
    }
}
