/// What an [`EventConsumer`](super::EventConsumer) has done.
///
/// ```
/// use strangler_fig::event::ConsumerReport;
///
/// /// Whether all that came was dealt with at once.
/// fn went_well(report: &ConsumerReport) -> bool {
///     report.retried == 0 && report.dead_lettered == 0
/// }
/// assert!(went_well(&ConsumerReport::default()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
