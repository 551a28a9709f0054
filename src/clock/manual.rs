use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Clock;

/// A clock that stands still until it is told to move.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::clock::{Clock, ManualClock};
///
/// let clock = ManualClock::at(1_000);
/// clock.advance(Duration::from_millis(5));
/// assert_eq!(clock.unix_millis(), 1_005);
/// clock.set(10); // wall clocks do go back
/// assert_eq!(clock.unix_millis(), 10);
/// ```
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows `unix_millis`.
    #[must_use]
    pub const fn at(unix_millis: u64) -> Self {
        Self(AtomicU64::new(unix_millis))
    }

    /// Shows `unix_millis` from now on; it may be earlier than before.
    pub fn set(&self, unix_millis: u64) {
        self.0.store(unix_millis, Ordering::Relaxed);
    }

    /// Moves the clock forward by whole milliseconds.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn unix_millis(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
