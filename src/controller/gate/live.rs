//! What gates over live signals have in common.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::GateReading;
use super::rate::figure;
use crate::controller::{SignalSource, Signals};

/// How few samples say nothing, unless said otherwise.
pub(super) const SAMPLES_MIN: NonZeroU64 = NonZeroU64::new(100).unwrap();

/// Signals of one window.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    source: Arc<dyn SignalSource>,
    window: Duration,
    pub(super) samples_min: NonZeroU64,
}

impl Watched {
    pub(super) fn new(source: Arc<dyn SignalSource>, window: Duration) -> Self {
        Self { source, window, samples_min: SAMPLES_MIN }
    }

    /// What `judge` makes of the signals.
    pub(super) async fn read(
        &self,
        judge: impl FnOnce(&Signals) -> GateReading + Send,
    ) -> GateReading {
        match self.source.signals(self.window).await {
            Ok(signals) => {
                let reading = judge(&signals);
                let saw = format!("{} (in {:?})", reading.saw, self.window);
                GateReading { saw, ..reading }
            }
            Err(error) => GateReading::unknown("the signals", &error),
        }
    }

    /// Closed, if there are too few of `what`.
    pub(super) fn too_few(&self, samples: u64, what: &str) -> Option<GateReading> {
        let least = self.samples_min.get();
        let said = || format!("only {samples} {what}, {least} are needed to tell");
        (samples < least).then(|| GateReading::closed(said()))
    }
}

/// In per cent.
pub(super) fn percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| "no share".to_owned(), |rate| format!("{} %", figure(rate * 100.0)))
}
