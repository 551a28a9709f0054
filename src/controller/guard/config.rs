use std::num::NonZeroU64;
use std::time::Duration;

use crate::controller::{Rate, Ratio};
use crate::phase::Actor;

/// When a [`RollbackGuard`](super::RollbackGuard) acts, and how often it may.
///
/// ```
/// use std::num::NonZeroU64;
/// use std::time::Duration;
/// use strangler_fig::controller::{GuardConfig, Rate, Ratio};
///
/// let config = GuardConfig::default()
///     .with_window(Duration::from_secs(120))
///     .with_samples_min(NonZeroU64::new(1_000).expect("it is not zero"))
///     .with_mismatch_rate(Rate::percent(1))
///     .with_error_rate(Rate::percent(2))
///     .with_latency_ratio(Ratio::new(2.0)?)
///     .with_cool_down(Duration::from_secs(1_800))
///     .with_rollbacks_max(1)
///     .with_poll_interval(Duration::from_secs(10))
///     .with_halt();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct GuardConfig {
    pub(super) actor: Actor,
    pub(super) window: Duration,
    pub(super) samples_min: NonZeroU64,
    pub(super) mismatch_rate: Rate,
    pub(super) error_rate: Rate,
    pub(super) latency_ratio: Ratio,
    pub(super) cool_down: Duration,
    pub(super) rollbacks_max: u32,
    pub(super) interval: Duration,
    pub(super) may_halt: bool,
}

impl Default for GuardConfig {
    /// Every 5 s it looks at the last minute, of which 100 samples must tell. It acts
    /// above 1 % mismatches, 5 % failures of modern, or three times the latency of
    /// before; then rests for ten minutes; and acts three times. It does not halt.
    fn default() -> Self {
        Self {
            actor: "rollback-guard".parse().expect("it is an actor"),
            window: Duration::from_secs(60),
            samples_min: NonZeroU64::new(100).expect("it is not zero"),
            mismatch_rate: Rate::percent(1),
            error_rate: Rate::percent(5),
            latency_ratio: Ratio::new(3.0).expect("it is above zero"),
            cool_down: Duration::from_secs(600),
            rollbacks_max: 3,
            interval: Duration::from_secs(5),
            may_halt: false,
        }
    }
}

impl GuardConfig {
    /// Who acts, in the history: by this name it counts what it has done before.
    /// `rollback-guard` by default.
    ///
    /// ```
    /// use strangler_fig::controller::GuardConfig;
    ///
    /// let config = GuardConfig::default().with_actor("guard of node-1".parse()?);
    /// # Ok::<(), strangler_fig::phase::NoteError>(())
    /// ```
    #[must_use]
    pub fn with_actor(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    /// How far back it looks.
    #[must_use]
    pub fn with_window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// How many operations, or comparisons, must tell: fewer say nothing. Of the
    /// latency, so many on either side of the comparison.
    #[must_use]
    pub fn with_samples_min(mut self, samples: NonZeroU64) -> Self {
        self.samples_min = samples;
        self
    }

    /// How many comparisons may differ.
    #[must_use]
    pub fn with_mismatch_rate(mut self, rate: Rate) -> Self {
        self.mismatch_rate = rate;
        self
    }

    /// How often modern may fail, per operation.
    #[must_use]
    pub fn with_error_rate(mut self, rate: Rate) -> Self {
        self.error_rate = rate;
        self
    }

    /// How many times as long operations may take as before.
    #[must_use]
    pub fn with_latency_ratio(mut self, ratio: Ratio) -> Self {
        self.latency_ratio = ratio;
        self
    }

    /// How long it rests after it has acted; at least a window, so that it never acts
    /// twice on what it saw once. A guard that starts where one of its name made the last
    /// move rests first.
    #[must_use]
    pub fn with_cool_down(mut self, rest: Duration) -> Self {
        self.cool_down = rest;
        self
    }

    /// How often it acts at all; after that it only alarms. What the history tells of
    /// earlier times counts.
    #[must_use]
    pub fn with_rollbacks_max(mut self, rollbacks: u32) -> Self {
        self.rollbacks_max = rollbacks;
        self
    }

    /// The pause between two looks; at least a millisecond.
    #[must_use]
    pub fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_millis(1));
        self
    }

    /// Lets it halt the migration when modern fails in `Live`: some polls of
    /// refused operations, and then all goes on in legacy.
    #[must_use]
    pub fn with_halt(mut self) -> Self {
        self.may_halt = true;
        self
    }

    /// How far back it looks.
    ///
    /// ```
    /// use std::time::Duration;
    /// use strangler_fig::controller::{GuardConfig, Rate};
    ///
    /// let config = GuardConfig::default();
    /// assert_eq!((config.window(), config.mismatch_rate()), (Duration::from_secs(60), Rate::percent(1)));
    /// ```
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// How many comparisons may differ.
    #[must_use]
    pub const fn mismatch_rate(&self) -> Rate {
        self.mismatch_rate
    }

    pub(super) fn rest(&self) -> Duration {
        self.cool_down.max(self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_leaves_the_others_as_they_are() {
        let actor: Actor = "guard of node-1".parse().unwrap();
        let config = GuardConfig::default()
            .with_actor(actor.clone())
            .with_window(Duration::from_secs(1))
            .with_samples_min(NonZeroU64::MIN)
            .with_mismatch_rate(Rate::percent(2))
            .with_error_rate(Rate::percent(3))
            .with_latency_ratio(Ratio::new(4.0).unwrap())
            .with_cool_down(Duration::from_secs(6))
            .with_rollbacks_max(7)
            .with_poll_interval(Duration::from_secs(8))
            .with_halt();
        let expected = GuardConfig {
            actor,
            window: Duration::from_secs(1),
            samples_min: NonZeroU64::MIN,
            mismatch_rate: Rate::percent(2),
            error_rate: Rate::percent(3),
            latency_ratio: Ratio::new(4.0).unwrap(),
            cool_down: Duration::from_secs(6),
            rollbacks_max: 7,
            interval: Duration::from_secs(8),
            may_halt: true,
        };
        assert_eq!(format!("{config:?}"), format!("{expected:?}"));
    }
}
