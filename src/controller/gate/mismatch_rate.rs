use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::live::{Watched, percent};
use super::{Gate, GateContext, GateReading, Rate};
use crate::controller::{SignalSource, Signals};

/// Open when no more than `rate` of the shadow reads of the last `window` differed. At
/// the rate itself it is open.
///
/// With fewer than 100 comparisons it is closed: they say nothing.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use strangler_fig::controller::{Gate, GateContext, LiveSignals, MismatchRateBelow, Rate};
/// # use strangler_fig::observe::{Comparison, Event, Observer};
/// # use strangler_fig::phase::{Fleet, MigrationState, Move, Phase};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (state, fleet) = (MigrationState::new("users".parse()?), Fleet::default());
/// # let step = Move::to(Phase::Cutover);
/// # let context = GateContext::new(&state, &fleet, &step);
/// let signals = Arc::new(LiveSignals::default());
/// # for at in 0..1_000 {
/// #     let result = if at == 0 { Comparison::Mismatch } else { Comparison::Match };
/// #     signals.on_event(&Event::Compared { side: "modern", result });
/// # }
/// let gate = MismatchRateBelow::new(signals, Rate::new(0.001)?, Duration::from_secs(300));
/// let saw = "open: 1 of 1000 comparisons differed: 0.1 %, at most 0.1 % may (in 300s)";
/// assert_eq!(gate.read(&context).await.to_string(), saw);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MismatchRateBelow {
    watched: Watched,
    rate: Rate,
}

impl MismatchRateBelow {
    /// Watches the comparisons of `source`.
    #[must_use]
    pub fn new(source: Arc<dyn SignalSource>, rate: Rate, window: Duration) -> Self {
        Self { watched: Watched::new(source, window), rate }
    }

    /// The same, closed with fewer comparisons than these.
    #[must_use]
    pub fn with_samples_min(mut self, comparisons: NonZeroU64) -> Self {
        self.watched.samples_min = comparisons;
        self
    }

    fn judge(&self, signals: &Signals) -> GateReading {
        let Signals { comparisons, mismatches, .. } = signals;
        if let Some(closed) = self.watched.too_few(*comparisons, "comparisons") {
            return closed;
        }
        let rate = signals.mismatch_rate();
        let saw = format!(
            "{mismatches} of {comparisons} comparisons differed: {}, at most {} may",
            percent(rate),
            self.rate
        );
        GateReading::of(rate.is_some_and(|rate| rate <= self.rate.as_f64()), saw)
    }
}

#[async_trait]
impl Gate for MismatchRateBelow {
    fn name(&self) -> &'static str {
        "mismatch_rate_below"
    }

    async fn read(&self, _context: &GateContext<'_>) -> GateReading {
        self.watched.read(|signals| self.judge(signals)).await
    }
}
