//! The metrics: every name, unit and attribute in one place.
//!
//! They follow the conventions of OpenTelemetry: dotted names in lower case, units of
//! [UCUM](https://ucum.org), seconds for times, `snake_case` attributes, no unit and no
//! `total` in a name. No attribute ever holds a record's key or content: all their values are
//! names that stand in code or configuration.
//!
//! With the feature `metrics`, `MetricsObserver` writes them through the facade of the crate
//! `metrics`. For another library, implement [`Observer`](super::Observer) over these names.
//!
//! ```
//! use strangler_fig::observe::metric::{METRICS, MetricKind, OPERATION_DURATION};
//!
//! assert_eq!(OPERATION_DURATION.name, "strangler.operation.duration");
//! assert_eq!((OPERATION_DURATION.kind, OPERATION_DURATION.unit), (MetricKind::Histogram, "s"));
//! assert_eq!(OPERATION_DURATION.labels, ["side", "role", "operation", "outcome"]);
//! assert!(METRICS.contains(&OPERATION_DURATION));
//! ```

mod catalogue;
mod told;

pub use catalogue::*;
pub use told::metrics_of;

/// A metric, as it is told to whoever keeps it.
///
/// ```
/// use strangler_fig::observe::metric::{Metric, REPAIR_QUEUE_DEPTH};
///
/// let Metric { name, labels, .. } = REPAIR_QUEUE_DEPTH;
/// assert_eq!((name, labels), ("strangler.repair.queue.depth", &["state"][..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// The unit of its values, as UCUM writes it: `s`, `1`, or what is counted, in braces.
    pub unit: &'static str,
    /// The names of its attributes, in the order in which they are told.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// The kinds of metrics.
///
/// ```
/// use strangler_fig::observe::metric::MetricKind;
///
/// assert_eq!(MetricKind::Counter.name(), "counter");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Values by their size.
    Histogram,
}

impl MetricKind {
    /// Its name: `counter`, `gauge` or `histogram`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}
