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
    /// As of the kernel's last tick: a few milliseconds old, and read several
    /// times as fast.
    #[cfg(target_os = "linux")]
    fn unix_millis(&self) -> u64 {
        use rustix::time::{ClockId, clock_gettime};

        let now = clock_gettime(ClockId::RealtimeCoarse);
        let (seconds, nanos) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
        seconds.map_or(0, |seconds| seconds.saturating_mul(1_000) + nanos.unwrap_or(0) / 1_000_000)
    }

    #[cfg(not(target_os = "linux"))]
    fn unix_millis(&self) -> u64 {
        use std::time::{SystemTime, UNIX_EPOCH};

        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
