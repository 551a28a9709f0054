use std::time::Duration;

use super::CallWindow;
use super::counts::{CallCounts, Ended};
use crate::resilience::sync::Instant;

/// The calls a breaker judges by. Its size is fixed when it is made.
#[derive(Debug)]
pub(super) enum Window {
    Calls(Ring),
    Time(Box<Slices>),
}

impl Window {
    pub(super) fn new(kind: CallWindow, now: Instant) -> Self {
        match kind {
            CallWindow::Calls(capacity) => Self::Calls(Ring::new(usize::from(capacity.get()))),
            CallWindow::Time(span) => Self::Time(Box::new(Slices::new(span, now))),
        }
    }

    /// Counts a call, and answers the counts of the whole window.
    pub(super) fn record(&mut self, ended: Ended, now: Instant) -> CallCounts {
        match self {
            Self::Calls(ring) => ring.record(ended),
            Self::Time(slices) => slices.record(ended, now),
        }
    }

    /// The counts of the whole window, as it is now.
    pub(super) fn counts(&self, now: Instant) -> CallCounts {
        match self {
            Self::Calls(ring) => ring.counts,
            Self::Time(slices) => slices.counts(slices.number(now)),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Calls(ring) => ring.clear(),
            Self::Time(slices) => slices.clear(),
        }
    }
}

/// The last calls, one by one.
#[derive(Debug)]
pub(super) struct Ring {
    calls: Box<[Ended]>,
    next: usize,
    counts: CallCounts,
}

impl Ring {
    fn new(capacity: usize) -> Self {
        let calls = vec![Ended::default(); capacity].into_boxed_slice();
        Self { calls, next: 0, counts: CallCounts::default() }
    }

    fn record(&mut self, ended: Ended) -> CallCounts {
        if self.counts.calls == self.calls.len() as u64 {
            self.counts.remove(self.calls[self.next]);
        }
        self.calls[self.next] = ended;
        self.next = (self.next + 1) % self.calls.len();
        self.counts.add(ended);
        self.counts
    }

    fn clear(&mut self) {
        (self.next, self.counts) = (0, CallCounts::default());
    }
}

/// Of how many slices a span of time is made.
const SLICES: usize = 10;

/// The last calls, in slices of time; a slice is reused when its time has come again.
#[derive(Debug)]
pub(super) struct Slices {
    origin: Instant,
    /// How long a slice is.
    nanos: u64,
    latest: u64,
    recent: [Slice; SLICES],
}

#[derive(Debug, Clone, Copy, Default)]
struct Slice {
    number: u64,
    counts: CallCounts,
}

/// Half a thousand years are as long as any.
fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

impl Slices {
    fn new(span: Duration, origin: Instant) -> Self {
        let nanos = (nanos(span) / SLICES as u64).max(1);
        Self { origin, nanos, latest: 0, recent: Default::default() }
    }

    fn record(&mut self, ended: Ended, now: Instant) -> CallCounts {
        // Who read the clock first may come last; that is now, too.
        self.latest = self.latest.max(self.number(now));
        let slot = usize::try_from(self.latest % SLICES as u64).unwrap_or_default();
        let slice = &mut self.recent[slot];
        if slice.number != self.latest {
            *slice = Slice { number: self.latest, counts: CallCounts::default() };
        }
        slice.counts.add(ended);
        self.counts(self.latest)
    }

    fn number(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.origin)) / self.nanos
    }

    fn counts(&self, latest: u64) -> CallCounts {
        let oldest = (latest + 1).saturating_sub(SLICES as u64);
        let recent = self.recent.iter().filter(|slice| slice.number >= oldest);
        recent.fold(CallCounts::default(), |sum, slice| CallCounts {
            calls: sum.calls + slice.counts.calls,
            failed: sum.failed + slice.counts.failed,
            slow: sum.slow + slice.counts.slow,
        })
    }

    fn clear(&mut self) {
        self.recent = Default::default();
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    const WELL: Ended = Ended { failed: false, slow: false };
    const FAILED: Ended = Ended { failed: true, slow: false };
    const SLOW: Ended = Ended { failed: false, slow: true };

    fn counts(calls: u64, failed: u64, slow: u64) -> CallCounts {
        CallCounts { calls, failed, slow }
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_call_goes_when_the_ring_is_full() {
        let now = Instant::now();
        let mut window = Window::new(CallWindow::Calls(NonZeroU16::new(3).unwrap()), now);
        let seen = [FAILED, SLOW, WELL, WELL, FAILED, FAILED].map(|it| window.record(it, now));
        assert_eq!(seen[2], counts(3, 1, 1));
        assert_eq!(seen[3], counts(3, 0, 1));
        assert_eq!(seen[5], counts(3, 2, 0));
        window.clear();
        assert_eq!(window.record(WELL, now), counts(1, 0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn calls_age_out_of_a_span_of_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut window = Window::new(CallWindow::Time(Duration::from_secs(10)), start);
        assert_eq!(window.record(FAILED, at(0)), counts(1, 1, 0));
        assert_eq!(window.record(SLOW, at(4)), counts(2, 1, 1));
        assert_eq!(window.record(WELL, at(9)), counts(3, 1, 1));
        assert_eq!(window.record(WELL, at(10)), counts(3, 0, 1), "the first is out");
        assert_eq!(window.record(WELL, at(14)), counts(3, 0, 0));
        assert_eq!(window.record(WELL, at(3_600)), counts(1, 0, 0));
        assert_eq!(window.counts(at(3_609)), counts(1, 0, 0));
        assert_eq!(window.counts(at(3_610)), counts(0, 0, 0), "nobody has to call for that");
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_result_and_an_absurd_span_break_nothing() {
        let start = Instant::now();
        for span in [Duration::ZERO, Duration::MAX] {
            let mut window = Window::new(CallWindow::Time(span), start);
            window.record(FAILED, start + Duration::from_secs(9));
            assert_eq!(window.record(FAILED, start).failed, 2);
        }
    }
}
