//! How long to wait after so many failures in a row.

use std::time::Duration;

/// Doubles from the first delay on, up to the longest; and of that between a
/// half and all, so that who failed together does not come back together.
pub(super) fn delay(bounds: (Duration, Duration), failures: u32) -> Duration {
    jittered(exponential(bounds, failures), fastrand::f64())
}

fn exponential((first, longest): (Duration, Duration), failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1);
    first.saturating_mul(2_u32.saturating_pow(doublings)).min(longest)
}

/// `chance` is between 0 and 1.
fn jittered(delay: Duration, chance: f64) -> Duration {
    delay.mul_f64(0.5 + chance / 2.0).min(delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

    #[test]
    fn a_delay_doubles_until_it_is_as_long_as_any() {
        let delays = [0, 1, 2, 3, 9, 10, u32::MAX].map(|it| exponential(BOUNDS, it).as_secs());
        assert_eq!(delays, [1, 1, 2, 4, 256, 300, 300]);
    }

    #[test]
    fn a_jittered_delay_is_never_longer_and_at_least_a_half() {
        let delay = Duration::from_secs(4);
        assert_eq!(
            [0.0, 0.5, 1.0].map(|it| jittered(delay, it).as_millis()),
            [2_000, 3_000, 4_000]
        );
        assert_eq!(jittered(Duration::ZERO, 0.5), Duration::ZERO);
    }
}
