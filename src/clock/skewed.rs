use std::sync::Arc;

use super::Clock;

/// Another clock, running ahead or behind by a fixed number of milliseconds:
/// the clocks of a fleet, for tests and rehearsals.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::clock::{Clock, ManualClock, SkewedClock};
///
/// let wall = Arc::new(ManualClock::at(1_000));
/// let behind = SkewedClock::new(wall.clone(), -300);
/// assert_eq!(behind.unix_millis(), 700);
/// wall.set(2_000);
/// assert_eq!(behind.unix_millis(), 1_700);
/// ```
#[derive(Debug, Clone)]
pub struct SkewedClock {
    inner: Arc<dyn Clock>,
    millis: i64,
}

impl SkewedClock {
    /// `inner`, shown `millis` ahead (behind, if negative).
    #[must_use]
    pub fn new(inner: Arc<dyn Clock>, millis: i64) -> Self {
        Self { inner, millis }
    }
}

impl Clock for SkewedClock {
    fn unix_millis(&self) -> u64 {
        self.inner.unix_millis().saturating_add_signed(self.millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn it_runs_beside_the_clock_it_wraps() {
        let clock = SkewedClock::new(Arc::new(ManualClock::at(10)), -3);
        assert_eq!(clock.unix_millis(), 7);
    }
}
