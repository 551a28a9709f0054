use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;
use std::time::Duration;

use crate::observe::Observer;
use crate::phase::Share;

/// Which calls a circuit breaker judges by.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::resilience::{BreakerConfig, CallWindow};
///
/// let last_minute = CallWindow::Time(Duration::from_secs(60));
/// let last_calls = CallWindow::Calls(200.try_into()?);
/// # drop([last_minute, last_calls].map(|window| BreakerConfig::default().with_window(window)));
/// # Ok::<(), std::num::TryFromIntError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallWindow {
    /// The last so many that ended.
    Calls(NonZeroU16),
    /// Those that ended within so long. It slides by tenths.
    Time(Duration),
}

/// When a [`CircuitBreaker`](super::CircuitBreaker) opens, and how it closes again.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::phase::Share;
/// use strangler_fig::resilience::{BreakerConfig, CallWindow};
///
/// let config = BreakerConfig::default()
///     .with_window(CallWindow::Time(Duration::from_secs(30)))
///     .with_calls_min(50.try_into()?)
///     .with_failure_rate(Share::percent(25))
///     .with_slow_calls(Duration::from_millis(300), Share::percent(80))
///     .with_open_for(Duration::from_secs(10))
///     .with_probes(5.try_into()?);
/// # drop(config);
/// # Ok::<(), std::num::TryFromIntError>(())
/// ```
#[derive(Debug, Clone)]
pub struct BreakerConfig {
    pub(super) window: CallWindow,
    pub(super) calls_min: NonZeroU32,
    pub(super) failure_rate: Share,
    pub(super) slow_after: Option<Duration>,
    pub(super) slow_rate: Share,
    pub(super) open_for: Duration,
    pub(super) probes: NonZeroU32,
    pub(super) probe_deadline: Option<Duration>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

impl Default for BreakerConfig {
    /// It opens when half of the last 100 calls have failed, of at least 20; slow
    /// calls do not count. After 5 s it lets three probes through, and waits for
    /// them for 30 s.
    fn default() -> Self {
        Self {
            window: CallWindow::Calls(NonZeroU16::new(100).expect("it is not zero")),
            calls_min: NonZeroU32::new(20).expect("it is not zero"),
            failure_rate: Share::percent(50),
            slow_after: None,
            slow_rate: Share::WHOLE,
            open_for: Duration::from_secs(5),
            probes: NonZeroU32::new(3).expect("it is not zero"),
            probe_deadline: None,
            observer: None,
        }
    }
}

impl BreakerConfig {
    /// Which calls it judges by.
    #[must_use]
    pub fn with_window(mut self, window: CallWindow) -> Self {
        self.window = window;
        self
    }

    /// How many calls must have ended before it judges. More than the window holds
    /// is as many as it holds.
    #[must_use]
    pub fn with_calls_min(mut self, calls: NonZeroU32) -> Self {
        self.calls_min = calls;
        self
    }

    /// It opens when this share of the calls has failed; of none, at the first failure.
    #[must_use]
    pub fn with_failure_rate(mut self, rate: Share) -> Self {
        self.failure_rate = rate;
        self
    }

    /// It opens, too, when this share of the calls took so long, however they ended.
    /// A call that its caller gave up after so long is one of them.
    #[must_use]
    pub fn with_slow_calls(mut self, after: Duration, rate: Share) -> Self {
        self.slow_after = Some(after);
        self.slow_rate = rate;
        self
    }

    /// How long it stays open, from when the call began that opened it: so a side that
    /// is well again is asked again within this time, however long its last failure took.
    /// Longer than a try's deadline, or it is half open all the time.
    #[must_use]
    pub fn with_open_for(mut self, pause: Duration) -> Self {
        self.open_for = pause;
        self
    }

    /// How many calls it lets through half open. When all of them went well it closes;
    /// one that fails, or is slow, opens it again at once.
    #[must_use]
    pub fn with_probes(mut self, probes: NonZeroU32) -> Self {
        self.probes = probes;
        self
    }

    /// How long it waits for its probes, if not for 30 s or as long as it stays open: more
    /// than your slowest good call takes, or it never closes. When none is left and the
    /// last one has had its time, the next caller opens it again.
    #[must_use]
    pub fn with_probe_deadline(mut self, deadline: Duration) -> Self {
        self.probe_deadline = Some(deadline);
        self
    }

    /// Who is told when it opens and closes.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }
}
