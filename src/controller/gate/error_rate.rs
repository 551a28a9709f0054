use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::live::{Watched, percent};
use super::{Gate, GateContext, GateReading, Rate};
use crate::controller::{SignalSource, Signals};

/// Open when no more than `rate` of the operations of the last `window` failed or are
/// in doubt, and modern failed no more often than that, though nobody waited for it. At
/// the rate itself it is open.
///
/// What a store refused by its own rules is no failure. With fewer than 100 operations
/// it is closed: they say nothing.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use strangler_fig::controller::{ErrorRateBelow, Gate, GateContext, LiveSignals, Rate};
/// # use strangler_fig::phase::{Fleet, MigrationState, Move, Phase};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (state, fleet) = (MigrationState::new("users".parse()?), Fleet::default());
/// # let step = Move::to(Phase::Cutover);
/// # let context = GateContext::new(&state, &fleet, &step);
/// let signals = Arc::new(LiveSignals::default());
/// let gate = ErrorRateBelow::new(signals, Rate::percent(1), Duration::from_secs(300));
/// let saw = "closed: only 0 operations, 100 are needed to tell (in 300s)";
/// assert_eq!(gate.read(&context).await.to_string(), saw);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ErrorRateBelow {
    watched: Watched,
    rate: Rate,
}

impl ErrorRateBelow {
    /// Watches the operations of `source`.
    #[must_use]
    pub fn new(source: Arc<dyn SignalSource>, rate: Rate, window: Duration) -> Self {
        Self { watched: Watched::new(source, window), rate }
    }

    /// The same, closed with fewer operations than these.
    #[must_use]
    pub fn with_samples_min(mut self, operations: NonZeroU64) -> Self {
        self.watched.samples_min = operations;
        self
    }

    fn judge(&self, signals: &Signals) -> GateReading {
        let Signals { operations, failures, modern_failures, .. } = signals;
        if let Some(closed) = self.watched.too_few(*operations, "operations") {
            return closed;
        }
        let rates = [signals.failure_rate(), signals.modern_failure_rate()];
        let saw = format!(
            "{failures} of {operations} operations failed: {}; modern failed {modern_failures} \
             times: {}; at most {} may",
            percent(rates[0]),
            percent(rates[1]),
            self.rate
        );
        let is_low = |rate: Option<f64>| rate.is_some_and(|rate| rate <= self.rate.as_f64());
        GateReading::of(rates.into_iter().all(is_low), saw)
    }
}

#[async_trait]
impl Gate for ErrorRateBelow {
    fn name(&self) -> &'static str {
        "error_rate_below"
    }

    async fn read(&self, _context: &GateContext<'_>) -> GateReading {
        self.watched.read(|signals| self.judge(signals)).await
    }
}
