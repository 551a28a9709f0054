use std::time::Duration;

use tokio::time::Instant;

/// So long that it does not matter how long: some 136 years.
const FAR: Duration = Duration::from_secs(1 << 32);

/// The moment that comes `by` after another; one that is far away, where that is longer than any clock counts.
pub(crate) fn later(now: Instant, by: Duration) -> Instant {
    now + by.min(FAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_after_all_time_is_far_away() {
        let now = Instant::now();
        assert_eq!(later(now, Duration::from_secs(7)), now + Duration::from_secs(7));
        let end = later(later(now, Duration::MAX), Duration::MAX);
        assert!(end > now + FAR);
    }
}
