//! Counters that begin at zero, so that their first increase is seen as one.

use super::MetricsObserver;
use crate::observe::{Comparison, LenientOutcome};

const SIDES: [&str; 2] = ["legacy", "modern"];
const COMPARISONS: [Comparison; 5] = [
    Comparison::Match,
    Comparison::Mismatch,
    Comparison::Unsettled,
    Comparison::Failed,
    Comparison::Skipped,
];
const LENIENT: [LenientOutcome; 5] = [
    LenientOutcome::Applied,
    LenientOutcome::Failed,
    LenientOutcome::Panicked,
    LenientOutcome::Saturated,
    LenientOutcome::TimedOut,
];

impl MetricsObserver {
    /// The same, after telling the recorder of the counters that alarms hang on, at zero. A
    /// counter that appears with its first value has not increased in the eyes of Prometheus,
    /// and an alert on its increase would miss just the first time.
    ///
    /// ```
    /// # use metrics_exporter_prometheus::PrometheusBuilder;
    /// use strangler_fig::observe::MetricsObserver;
    ///
    /// # let recorder = PrometheusBuilder::new().build_recorder();
    /// # let scrape = recorder.handle();
    /// # metrics::with_local_recorder(&recorder, || {
    /// let observer = MetricsObserver::new().with_label("migration", "users").starting_at_zero();
    /// # });
    /// let seen = "strangler_guard_alarms{migration=\"users\",cause=\"errors\"} 0";
    /// assert!(scrape.render().contains(seen));
    /// ```
    #[must_use]
    pub fn starting_at_zero(self) -> Self {
        let handles = &self.handles;
        for side in SIDES {
            handles.side_failures.at([side]).increment(0);
            for outcome in LENIENT {
                handles.dual_writes.at([side, outcome.name()]).increment(0);
            }
            for result in COMPARISONS {
                for source in ["shadow", "mirror"] {
                    handles.comparisons.at([source, side, result.name()]).increment(0);
                }
            }
        }
        for (family, values) in [
            (&handles.alarms, &["mismatches", "errors", "latency"][..]),
            (&handles.troubles, &["unreachable", "went_back", "lease_ran_out"]),
            (&handles.checks, &["consistent", "inconsistent", "inconclusive"]),
            (&handles.repair_parkings, &["attempts", "conflict", "undecodable"]),
            (&handles.saga_ends, &["committed", "rolled_back", "parked", "given_up", "left"]),
            (&handles.relay_parkings, &["rejected", "unreadable"]),
            (&handles.requests_parked, &["attempts", "refused"]),
        ] {
            for value in values {
                family.at([value]).increment(0);
            }
        }
        for family in [&handles.outside_writes, &handles.stamp_drifts, &handles.waits] {
            family.at([]).increment(0);
        }
        self
    }
}
