use std::fmt;

use serde::{Deserialize, Serialize};

/// What an [`EventConsumer`](super::EventConsumer) has done.
///
/// ```
/// use strangler_fig::event::ConsumerReport;
///
/// /// Whether all that came was dealt with at once.
/// fn went_well(report: &ConsumerReport) -> bool {
///     report.retried == 0 && report.dead_lettered == 0
/// }
/// let report = ConsumerReport::default();
/// assert!(went_well(&report));
/// assert_eq!(report.to_string(), "0 acknowledged, 0 tried again, 0 dead-lettered, 0 given back");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ConsumerReport {
    /// Deliveries that were handled and acknowledged.
    pub acknowledged: u64,
    /// Attempts that failed, and were to be made again.
    pub retried: u64,
    /// Deliveries that were given up.
    pub dead_lettered: u64,
    /// Deliveries that came here and were given back: at the end, for somebody else, or meanwhile, since they waited behind
    /// failures and others were to have room.
    pub given_back: u64,
}

impl fmt::Display for ConsumerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, retried, dead_lettered, given_back } = self;
        write!(
            f,
            "{acknowledged} acknowledged, {retried} tried again, {dead_lettered} dead-lettered, {given_back} given back"
        )
    }
}
