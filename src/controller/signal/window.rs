use std::time::Duration;

/// A window that is longer than signals are kept for, or too short to be told to
/// within a tenth.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::controller::LiveSignals;
///
/// let signals = LiveSignals::default();
/// let refused = signals.last(Duration::from_secs(3_600)).unwrap_err();
/// assert_eq!(refused.to_string(), "signals are kept for windows of 30s to 900s, not of 3600s");
/// assert_eq!(refused.longest, Duration::from_secs(900));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signals are kept for windows of {shortest:?} to {longest:?}, not of {asked:?}")]
#[non_exhaustive]
pub struct WindowError {
    /// What was asked for.
    pub asked: Duration,
    /// The shortest window there is.
    pub shortest: Duration,
    /// The longest.
    pub longest: Duration,
}
