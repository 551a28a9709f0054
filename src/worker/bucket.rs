use std::num::NonZeroU64;
use std::time::Duration;

use tokio::time::Instant;

/// How many records a worker may touch: on average so many a second, at once at
/// most what a burst allows.
///
/// A token bucket (as in RFC 2697, section 3, with one colour).
///
/// ```
/// use std::num::NonZeroU64;
/// use strangler_fig::worker::RateLimit;
///
/// let [rate, burst] = [1_000, 200].map(|n| NonZeroU64::new(n).expect("it is not zero"));
/// let limit = RateLimit::per_second(rate).with_burst(burst);
/// assert_eq!(limit.burst().get(), 200);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    per_second: NonZeroU64,
    burst: NonZeroU64,
}

impl RateLimit {
    /// So many records a second, a second's worth of them at once.
    #[must_use]
    pub const fn per_second(records: NonZeroU64) -> Self {
        Self { per_second: records, burst: records }
    }

    /// How many records may follow each other without a pause. A page larger
    /// than this is let through, and paid for by a longer pause after it.
    #[must_use]
    pub const fn with_burst(mut self, records: NonZeroU64) -> Self {
        self.burst = records;
        self
    }

    /// Records a second.
    #[must_use]
    pub const fn records_per_second(self) -> NonZeroU64 {
        self.per_second
    }

    /// Records at once.
    #[must_use]
    pub const fn burst(self) -> NonZeroU64 {
        self.burst
    }
}

/// The bucket itself, by the moment at which it is full again: time is all it
/// keeps, so that no rounding piles up.
#[derive(Debug)]
pub(super) struct TokenBucket {
    limit: RateLimit,
    full_at: Instant,
}

impl TokenBucket {
    pub(super) fn new(limit: RateLimit, now: Instant) -> Self {
        Self { limit, full_at: now }
    }

    /// Takes `records` and answers how long to wait before touching more.
    pub(super) fn take(&mut self, records: u64, now: Instant) -> Duration {
        self.full_at = self.full_at.max(now) + self.time_of(records);
        let debt = self.full_at.saturating_duration_since(now);
        debt.saturating_sub(self.time_of(self.limit.burst.get()))
    }

    fn time_of(&self, records: u64) -> Duration {
        let nanos = u128::from(records) * 1_000_000_000 / u128::from(self.limit.per_second.get());
        // Longer than a century is not waited for anyway.
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX >> 2).min(u64::MAX >> 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(per_second: u64, burst: u64, now: Instant) -> TokenBucket {
        let [per_second, burst] = [per_second, burst].map(|n| NonZeroU64::new(n).unwrap());
        TokenBucket::new(RateLimit::per_second(per_second).with_burst(burst), now)
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_what_exceeds_it_is_paid_for() {
        let now = Instant::now();
        let mut bucket = bucket(100, 50, now);
        assert_eq!(bucket.take(50, now), Duration::ZERO);
        assert_eq!(bucket.take(25, now), Duration::from_millis(250));
        let later = now + Duration::from_secs(60);
        assert_eq!(bucket.take(50, later), Duration::ZERO, "it fills, and no further");
        assert_eq!(bucket.take(1, later), Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn on_average_the_rate_holds() {
        let mut now = Instant::now();
        let began = now;
        let mut bucket = bucket(1_000, 1, now);
        for _ in 0..300 {
            now += bucket.take(10, now);
        }
        let took = now - began;
        assert!(took.abs_diff(Duration::from_secs(3)) < Duration::from_millis(20), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_absurd_rate_overflows_nothing() {
        let now = Instant::now();
        assert!(bucket(1, 1, now).take(u64::MAX, now) > Duration::from_secs(1 << 30));
        assert_eq!(bucket(u64::MAX, u64::MAX, now).take(u64::MAX, now), Duration::ZERO);
    }
}
