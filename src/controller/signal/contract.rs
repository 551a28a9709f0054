use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::seconds;
use crate::error::StoreError;

/// What went on in a window of time, counted over the fleet or over one process.
///
/// ```
/// use strangler_fig::controller::Signals;
///
/// let signals = Signals::default().with_comparisons(200, 1);
/// assert_eq!(signals.mismatch_rate(), Some(0.005));
/// assert_eq!(signals.failure_rate(), None, "nothing was asked");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Signals {
    /// Operations that were answered. What a store refused by its own rules counts as
    /// answered.
    pub operations: u64,
    /// Of these, the ones that failed or are in doubt.
    pub failures: u64,
    /// How often legacy was away, or left an operation in doubt.
    pub legacy_failures: u64,
    /// How often modern was away, or left an operation in doubt.
    pub modern_failures: u64,
    /// Shadow reads that were compared.
    pub comparisons: u64,
    /// Of these, the ones that differed, also when read again.
    pub mismatches: u64,
    /// Records that the lenient side refused by its own rules.
    pub rejections: u64,
    /// The time within which 95 of 100 operations were answered in `Cutover` and the
    /// modern family, as far as they were timed; `None`: none was.
    #[serde(rename = "latency_seconds", with = "seconds::or_null")]
    pub latency: Option<Duration>,
    /// How many operations that was taken from.
    pub latency_samples: u64,
    /// The same in the legacy family, in this window or, if there is none of it in
    /// it, in the last one that had some: what was usual before.
    #[serde(rename = "latency_before_seconds", with = "seconds::or_null")]
    pub latency_before: Option<Duration>,
    /// How many operations that was taken from.
    pub latency_before_samples: u64,
}

impl Signals {
    /// The same, with so many operations, and so many failures among them.
    #[must_use]
    pub const fn with_operations(mut self, operations: u64, failures: u64) -> Self {
        (self.operations, self.failures) = (operations, failures);
        self
    }

    /// The same, with so many failures of the two sides.
    #[must_use]
    pub const fn with_side_failures(mut self, legacy: u64, modern: u64) -> Self {
        (self.legacy_failures, self.modern_failures) = (legacy, modern);
        self
    }

    /// The same, with so many comparisons, and so many mismatches among them.
    #[must_use]
    pub const fn with_comparisons(mut self, comparisons: u64, mismatches: u64) -> Self {
        (self.comparisons, self.mismatches) = (comparisons, mismatches);
        self
    }

    /// The same, with so many rejections.
    #[must_use]
    pub const fn with_rejections(mut self, rejections: u64) -> Self {
        self.rejections = rejections;
        self
    }

    /// The same, with a latency, and how many operations it was taken from.
    #[must_use]
    pub const fn with_latency(mut self, latency: Option<Duration>, samples: u64) -> Self {
        (self.latency, self.latency_samples) = (latency, samples);
        self
    }

    /// The same, with what was usual before.
    #[must_use]
    pub const fn with_latency_before(mut self, latency: Option<Duration>, samples: u64) -> Self {
        (self.latency_before, self.latency_before_samples) = (latency, samples);
        self
    }

    /// Mismatches per comparison.
    #[must_use]
    pub fn mismatch_rate(&self) -> Option<f64> {
        rate(self.mismatches, self.comparisons)
    }

    /// Failures per operation.
    #[must_use]
    pub fn failure_rate(&self) -> Option<f64> {
        rate(self.failures, self.operations)
    }

    /// Failures of modern per operation.
    #[must_use]
    pub fn modern_failure_rate(&self) -> Option<f64> {
        rate(self.modern_failures, self.operations)
    }

    /// How much longer operations take than before.
    #[must_use]
    pub fn latency_ratio(&self) -> Option<f64> {
        let before = self.latency_before?.as_secs_f64();
        (before > 0.0).then(|| self.latency.map(|now| now.as_secs_f64() / before))?
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
fn rate(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// Where live signals come from. [`LiveSignals`](super::LiveSignals) counts what one
/// process does; for a whole fleet, implement this over the metrics you collect.
///
/// ```
/// # use std::time::Duration;
/// # use strangler_fig::async_trait;
/// # use strangler_fig::controller::{SignalSource, Signals};
/// # use strangler_fig::error::StoreError;
/// #
/// /// Those of a fleet, from whoever adds them up; a field that is missing is an error.
/// #[derive(Debug)]
/// struct Fleet;
///
/// #[async_trait]
/// impl SignalSource for Fleet {
///     async fn signals(&self, window: Duration) -> Result<Signals, StoreError> {
///         let text = get(format!("/signals?seconds={}", window.as_secs())).await?;
///         serde_json::from_str(&text).map_err(StoreError::unavailable)
///     }
/// }
/// #
/// # /// As an HTTP client does.
/// # async fn get(_: String) -> Result<String, StoreError> {
/// #     let signals = Signals::default().with_operations(1_000, 2);
/// #     serde_json::to_string(&signals).map_err(StoreError::unknown)
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let minute = Fleet.signals(Duration::from_secs(60)).await?;
/// assert_eq!(minute.failure_rate(), Some(0.002));
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `signals` covers the last `window`, to within a tenth of it.
/// 2. What the source cannot tell is an error, never a zero.
#[async_trait]
pub trait SignalSource: fmt::Debug + Send + Sync + 'static {
    /// What went on in the last `window`.
    ///
    /// # Errors
    ///
    /// `Rejected`: it keeps no windows of that length; `Unavailable`: nothing is
    /// known.
    async fn signals(&self, window: Duration) -> Result<Signals, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_nothing_there_is_no_rate() {
        let nothing = Signals::default();
        assert_eq!(nothing.mismatch_rate(), None);
        assert_eq!((nothing.failure_rate(), nothing.modern_failure_rate()), (None, None));
        let half = Signals { comparisons: 2, mismatches: 1, ..nothing };
        assert_eq!(half.mismatch_rate(), Some(0.5));
    }
}
