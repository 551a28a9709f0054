use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::counts::{Counts, count};
use super::histogram::{Durations, Histogram};
use super::ring::Ring;
use super::{SignalSource, Signals, WindowError};
use crate::error::StoreError;
use crate::observe::{Comparison, Event, Observer, Outcome};
use crate::phase::{Family, Phase, Side};
use crate::repository::DivergenceReason;

/// The longest window, unless said otherwise.
const WINDOW_MAX: Duration = Duration::from_secs(15 * 60);
/// How long and how short the longest window may be.
const WINDOW_MAX_RANGE: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(24 * 3_600));
/// Into how many buckets the longest window is divided.
const BUCKETS: u32 = 300;
/// A shorter window could be told less exactly than to within a tenth.
const BUCKETS_MIN: u32 = 10;
/// Buckets that no window needs: a read may last so many before it misses one.
const SPARE: usize = 3;

/// Counts what one process's traffic says of one migration: an [`Observer`] of its
/// repository, and a [`SignalSource`] for gates and guards.
///
/// A window is told in buckets of a 300th of the [longest](Self::over):
/// 3 s of 15 min. What it shows is the window and at most one bucket more, never
/// less. The shortest window is ten buckets. A window from before the process began
/// shows what there was.
///
/// Every operation is counted. Latencies are those of the operations that were timed
/// ([`MigrationConfig::with_latency_sample`]), and told from above: by at most a sixteenth of themselves, and 1 µs
/// ([HdrHistogram](https://hdrhistogram.org) has the idea). Beyond 73 minutes they
/// count as that.
///
/// It takes about 1.2 MB, however much is counted. Counting is a few atomic
/// additions; the first in a new bucket empties it, and others that come at that very
/// moment wait for it. Nothing is lost by it; only a thread that stalls in the midst of
/// counting for longer than the longest window may count in a later bucket.
///
/// [`MigrationConfig::with_latency_sample`]: crate::repository::MigrationConfig::with_latency_sample
///
/// To listen beside an observer of your own, see
/// [`Observers`](crate::observe::Observers).
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use std::sync::Arc;
/// use std::time::Duration;
/// use strangler_fig::controller::{LiveSignals, SignalSource};
/// use strangler_fig::repository::MigrationConfig;
/// # use strangler_fig::stamp::StampClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// # let stamps = Arc::new(StampClock::new()?);
/// let signals = Arc::new(LiveSignals::default());
/// let config = MigrationConfig::default().with_observer(signals.clone());
/// let users = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config)?;
/// users.save((1, "Ada")).await?;
///
/// let minute = signals.signals(Duration::from_secs(60)).await?;
/// assert_eq!((minute.operations, minute.failures), (1, 0));
/// assert!(minute.latency_before.is_some() && minute.latency.is_none());
/// # Ok(())
/// # }
/// ```
pub struct LiveSignals {
    began: Instant,
    window_max: Duration,
    /// Of a bucket, in nanoseconds.
    width: u64,
    counts: Ring<Counts>,
    /// In `Cutover` and the modern family.
    latencies: Ring<Histogram>,
    /// In the legacy family. Only what is counted here moves it on, so that the last
    /// of it stays when the traffic has gone over.
    latencies_before: Ring<Histogram>,
}

impl fmt::Debug for LiveSignals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveSignals").field("window_max", &self.window_max).finish_non_exhaustive()
    }
}

impl Default for LiveSignals {
    fn default() -> Self {
        Self::over(WINDOW_MAX)
    }
}

impl LiveSignals {
    /// Signals of windows up to `window`, and down to a thirtieth of it. Less than a
    /// second is taken as a second, more than a day as a day.
    ///
    /// ```
    /// use std::time::Duration;
    /// use strangler_fig::controller::{LiveSignals, Signals};
    ///
    /// let signals = LiveSignals::over(Duration::from_secs(60));
    /// assert_eq!(signals.last(Duration::from_secs(2))?, Signals::default());
    /// # Ok::<(), strangler_fig::controller::WindowError>(())
    /// ```
    #[must_use]
    pub fn over(window: Duration) -> Self {
        let slots = usize::try_from(BUCKETS).unwrap_or_default() + SPARE;
        let window_max = window.clamp(WINDOW_MAX_RANGE.0, WINDOW_MAX_RANGE.1);
        Self {
            began: Instant::now(),
            window_max,
            width: (nanos(window_max) / u64::from(BUCKETS)).max(1),
            counts: Ring::new(slots),
            latencies: Ring::new(slots),
            latencies_before: Ring::new(slots),
        }
    }

    /// What went on in the last `window`, without waiting.
    ///
    /// # Errors
    ///
    /// [`WindowError`]: it is too long, or too short.
    pub fn last(&self, window: Duration) -> Result<Signals, WindowError> {
        let shortest = self.window_max / (BUCKETS / BUCKETS_MIN);
        if window > self.window_max || window < shortest {
            let longest = self.window_max;
            return Err(WindowError { asked: window, shortest, longest });
        }
        let elapsed = self.began.elapsed();
        let first = self.tick(elapsed.saturating_sub(window));
        let last = self.tick(elapsed);
        Ok(self.between(first, last))
    }

    fn between(&self, first: u64, last: u64) -> Signals {
        let mut signals = Signals::default();
        for counts in self.counts.between(first, last) {
            counts.add_to(&mut signals);
        }
        let now = Durations::of(self.latencies.between(first, last));
        (signals.latency, signals.latency_samples) = (now.percentile(95), now.count());
        let before = self.before(first, last);
        (signals.latency_before, signals.latency_before_samples) =
            (before.percentile(95), before.count());
        signals
    }

    /// In the window, or in one as long that ended with the last sample.
    fn before(&self, first: u64, last: u64) -> Durations {
        let newest = self.latencies_before.newest().unwrap_or(last);
        let back = if newest < first { last - newest } else { 0 };
        let (first, last) = (first.saturating_sub(back), last - back);
        Durations::of(self.latencies_before.between(first, last))
    }

    fn tick(&self, elapsed: Duration) -> u64 {
        nanos(elapsed) / self.width
    }

    fn tick_now(&self) -> u64 {
        self.tick(self.began.elapsed())
    }

    fn operated(&self, phase: &str, outcome: Outcome, duration: Option<Duration>) {
        let tick = self.tick_now();
        let counts = self.counts.at(tick);
        count(&counts.operations);
        if matches!(outcome, Outcome::Failed | Outcome::Unknown) {
            count(&counts.failures);
        }
        let Some(duration) = duration else { return };
        match era(phase) {
            Some(Era::Before) => self.latencies_before.at(tick).add(duration),
            Some(Era::Now) => self.latencies.at(tick).add(duration),
            None => {}
        }
    }

    fn side_failed(&self, side: &str) {
        let counts = self.counts.at(self.tick_now());
        if side == Side::Legacy.name() {
            count(&counts.legacy_failures);
        } else {
            count(&counts.modern_failures);
        }
    }

    fn compared(&self, is_mismatch: bool) {
        let counts = self.counts.at(self.tick_now());
        count(&counts.comparisons);
        if is_mismatch {
            count(&counts.mismatches);
        }
    }
}

/// Of 584 years at most.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What latencies are compared with, and what is compared.
enum Era {
    Before,
    Now,
}

fn era(phase: &str) -> Option<Era> {
    let phase = Phase::ALL.into_iter().find(|it| it.name() == phase)?;
    match (phase, phase.family()) {
        (_, Some(Family::Legacy)) => Some(Era::Before),
        (Phase::Cutover, _) | (_, Some(Family::Modern)) => Some(Era::Now),
        (_, None) => None,
    }
}

impl Observer for LiveSignals {
    fn on_event(&self, event: &Event) {
        match *event {
            Event::Operated { phase, outcome, duration, .. } => {
                self.operated(phase, outcome, duration);
            }
            Event::SideFailed { side } => self.side_failed(side),
            Event::Compared { result: Comparison::Match, .. } => self.compared(false),
            Event::Compared { result: Comparison::Mismatch, .. } => self.compared(true),
            Event::Diverged { reason } if reason == DivergenceReason::LenientRejected.name() => {
                count(&self.counts.at(self.tick_now()).rejections);
            }
            _ => {}
        }
    }
}

#[async_trait]
impl SignalSource for LiveSignals {
    async fn signals(&self, window: Duration) -> Result<Signals, StoreError> {
        self.last(window).map_err(StoreError::rejected)
    }
}
