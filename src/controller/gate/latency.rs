use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::live::Watched;
use super::rate::figure;
use super::{Gate, GateContext, GateReading, Ratio};
use crate::controller::{SignalSource, Signals};

/// Open when operations in `Cutover` and the modern family take, in the last `window`
/// and at the 95th percentile, no longer than `ratio` times what they took in the
/// legacy family. At the ratio itself it is open.
///
/// For moves that go on from `Cutover`: before it there is nothing to compare, and it is
/// closed. So it is with fewer than 100 operations on either side of the comparison, and
/// in a process that has seen no legacy traffic.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use strangler_fig::controller::{Gate, GateContext, LatencyWithin, LiveSignals, Ratio};
/// # use strangler_fig::phase::{Fleet, MigrationState, Move, Phase};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (state, fleet) = (MigrationState::new("users".parse()?), Fleet::default());
/// # let step = Move::to(Phase::Live);
/// # let context = GateContext::new(&state, &fleet, &step);
/// let signals = Arc::new(LiveSignals::default());
/// let gate = LatencyWithin::new(signals, Ratio::new(1.5)?, Duration::from_secs(300));
/// let saw = "closed: only 0 operations in cutover and after, 100 are needed to tell (in 300s)";
/// assert_eq!(gate.read(&context).await.to_string(), saw);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct LatencyWithin {
    watched: Watched,
    ratio: Ratio,
}

impl LatencyWithin {
    /// Watches the latencies of `source`.
    #[must_use]
    pub fn new(source: Arc<dyn SignalSource>, ratio: Ratio, window: Duration) -> Self {
        Self { watched: Watched::new(source, window), ratio }
    }

    /// The same, closed with fewer operations than these, before or now.
    #[must_use]
    pub fn with_samples_min(mut self, operations: NonZeroU64) -> Self {
        self.watched.samples_min = operations;
        self
    }

    fn judge(&self, signals: &Signals) -> GateReading {
        let (now, before) = (signals.latency_samples, signals.latency_before_samples);
        let now = self.watched.too_few(now, "operations in cutover and after");
        let before = || self.watched.too_few(before, "operations before cutover");
        if let Some(closed) = now.or_else(before) {
            return closed;
        }
        let told = (signals.latency, signals.latency_before, signals.latency_ratio());
        let (Some(now), Some(before), Some(ratio)) = told else {
            return GateReading::closed("no latency is told to compare with");
        };
        let saw = format!(
            "95 of 100 operations take {now:?}, {before:?} before: {} times, at most {} may",
            figure(ratio),
            self.ratio
        );
        GateReading::of(ratio <= self.ratio.as_f64(), saw)
    }
}

#[async_trait]
impl Gate for LatencyWithin {
    fn name(&self) -> &'static str {
        "latency_within"
    }

    async fn read(&self, _context: &GateContext<'_>) -> GateReading {
        self.watched.read(|signals| self.judge(signals)).await
    }
}
