use std::time::{SystemTime, UNIX_EPOCH};

use super::Clock;

/// The operating system's clock.
///
/// ```
/// use strangler_fig::clock::{Clock, SystemClock};
///
/// assert!(SystemClock.unix_millis() > 0);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_millis(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
