use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::controller::{GuardConfig, Rate};

/// How short and how long a window may be.
const WINDOW_RANGE: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(24 * 3_600));

/// How a [`StatusBoard`](super::StatusBoard) looks at things.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::controller::{GuardConfig, Rate};
/// use strangler_fig::status::StatusConfig;
///
/// let guard = GuardConfig::default().with_mismatch_rate(Rate::percent(2));
/// let config = StatusConfig::default()
///     .following(&guard)
///     .with_stale_after(Duration::from_secs(6 * 3_600));
/// ```
#[derive(Debug, Clone)]
pub struct StatusConfig {
    pub(super) window: Duration,
    pub(super) mismatch_rate: Rate,
    pub(super) stale_after: Duration,
    pub(super) clock: Arc<dyn Clock>,
}

impl Default for StatusConfig {
    /// The last five minutes; 1 % of comparisons may differ; a verification is stale after a day.
    fn default() -> Self {
        Self {
            window: Duration::from_secs(300),
            mismatch_rate: Rate::percent(1),
            stale_after: Duration::from_secs(24 * 3_600),
            clock: Arc::new(SystemClock),
        }
    }
}

impl StatusConfig {
    /// The window and the threshold of mismatches of a guard, so that the page shows what it acts on.
    #[must_use]
    pub fn following(self, guard: &GuardConfig) -> Self {
        self.with_window(guard.window()).with_mismatch_rate(guard.mismatch_rate())
    }

    /// How far back rates, counts and latencies go: from a second to a day.
    #[must_use]
    pub fn with_window(mut self, window: Duration) -> Self {
        self.window = window.clamp(WINDOW_RANGE.0, WINDOW_RANGE.1);
        self
    }

    /// How many comparisons may differ before that is called too many.
    #[must_use]
    pub fn with_mismatch_rate(mut self, rate: Rate) -> Self {
        self.mismatch_rate = rate;
        self
    }

    /// How long a verification is believed, if nothing moves.
    #[must_use]
    pub fn with_stale_after(mut self, age: Duration) -> Self {
        self.stale_after = age;
        self
    }

    /// The clock that says how long ago something was checked.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use strangler_fig::clock::ManualClock;
    /// use strangler_fig::status::StatusConfig;
    ///
    /// let config = StatusConfig::default().with_clock(Arc::new(ManualClock::at(1_000)));
    /// ```
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_leaves_the_others_as_they_are() {
        let clock: Arc<dyn Clock> = Arc::new(crate::clock::ManualClock::at(7));
        let config = StatusConfig::default()
            .with_window(Duration::from_secs(10))
            .with_mismatch_rate(Rate::percent(3))
            .with_stale_after(Duration::from_secs(5))
            .with_clock(clock.clone());
        let expected = StatusConfig {
            window: Duration::from_secs(10),
            mismatch_rate: Rate::percent(3),
            stale_after: Duration::from_secs(5),
            clock,
        };
        assert_eq!(format!("{config:?}"), format!("{expected:?}"));
        assert_eq!(StatusConfig::default().with_window(Duration::ZERO).window, WINDOW_RANGE.0);
    }
}
