use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Label};

use super::family::Family;
use crate::observe::metric;
use crate::observe::{Operation, Outcome};

/// Of the kinds of operations.
const OPERATIONS: usize = 3;
/// Of the ways they end.
const OUTCOMES: usize = 5;

/// Declares the field of each metric, with the number of its labels.
macro_rules! handles {
    ($($field:ident: $kind:ident, $labels:literal, $metric:ident;)*) => {
        /// Every metric, with what the recorder gave for it so far.
        #[derive(Debug)]
        pub(super) struct Handles {
            $(pub(super) $field: Family<$kind, $labels>,)*
            /// Where every operation passes, by its kind and its end: of these the lists are
            /// as long as there are phases.
            operations: [[Family<Counter, 3>; OUTCOMES]; OPERATIONS],
            answers: [[Family<Histogram, 3>; OUTCOMES]; OPERATIONS],
        }

        impl Handles {
            pub(super) fn new(constant: &Arc<[Label]>) -> Self {
                Self {
                    $($field: Family::new(metric::$metric, constant),)*
                    operations: each(|| Family::new(metric::OPERATIONS, constant)),
                    answers: each(|| Family::new(metric::ANSWER_DURATION, constant)),
                }
            }
        }
    };
}

handles! {
    phase: Gauge, 2, PHASE;
    phase_keys: Gauge, 1, PHASE_KEYS;
    epoch: Gauge, 0, EPOCH;
    transitions: Counter, 4, PHASE_TRANSITIONS;
    waits: Counter, 0, PHASE_WAITS;
    troubles: Counter, 1, STATE_TROUBLES;
    alarms: Counter, 1, GUARD_ALARMS;
    sides: Histogram, 4, OPERATION_DURATION;
    side_failures: Counter, 1, SIDE_FAILURES;
    reruns: Counter, 3, OPERATION_RERUNS;
    dual_writes: Counter, 2, DUAL_WRITE_OUTCOMES;
    comparisons: Counter, 3, COMPARISONS;
    divergences: Counter, 1, DIVERGENCES;
    stamp_drifts: Counter, 0, STAMP_DRIFTS;
    breaker: Gauge, 2, CIRCUIT_BREAKER_STATE;
    breaker_turns: Counter, 3, CIRCUIT_BREAKER_TURNS;
    refusals: Counter, 2, CALL_REFUSALS;
    retries: Counter, 1, CALL_RETRIES;
    timeouts: Counter, 1, CALL_TIMEOUTS;
    verification_age: Gauge, 0, VERIFICATION_AGE;
    checks: Counter, 1, CHECKS;
    check_duration: Histogram, 1, CHECK_DURATION;
    check_findings: Gauge, 1, CHECK_FINDINGS;
    check_keys: Counter, 0, CHECK_KEYS;
    repair_depth: Gauge, 1, REPAIR_QUEUE_DEPTH;
    repair_age: Gauge, 0, REPAIR_QUEUE_OLDEST_AGE;
    repair_queue_failures: Counter, 0, REPAIR_QUEUE_FAILURES;
    repair_notes: Counter, 0, REPAIR_NOTES;
    repairs: Counter, 1, REPAIRS;
    repair_failures: Counter, 1, REPAIR_FAILURES;
    repair_parkings: Counter, 1, REPAIR_PARKINGS;
    backfilled: Counter, 1, BACKFILL_RECORDS;
    backfill_progress: Gauge, 0, BACKFILL_PROGRESS;
    backfill_rate: Gauge, 0, BACKFILL_RATE;
    backfill_eta: Gauge, 0, BACKFILL_ETA;
    sweeps: Counter, 1, SWEEPS;
    sweep_duration: Histogram, 1, SWEEP_DURATION;
    sweep_records: Gauge, 0, SWEEP_RECORDS;
    sweep_left: Gauge, 0, SWEEP_LEFT;
    sagas: Gauge, 1, SAGA_INSTANCES;
    saga_ends: Counter, 1, SAGA_ENDS;
    saga_steps: Histogram, 2, SAGA_STEP_DURATION;
    outbox_pending: Gauge, 0, OUTBOX_PENDING;
    outbox_parked: Gauge, 0, OUTBOX_PARKED;
    outbox_age: Gauge, 0, OUTBOX_OLDEST_AGE;
    relayed: Counter, 0, RELAY_MESSAGES;
    relay_delay: Histogram, 0, RELAY_DELAY;
    relay_failures: Counter, 1, RELAY_FAILURES;
    relay_parkings: Counter, 1, RELAY_PARKINGS;
    relay_lanes: Gauge, 1, RELAY_LANES;
    events: Histogram, 1, EVENT_DURATION;
    redeliveries: Counter, 0, EVENT_REDELIVERIES;
    changes: Counter, 1, REPLICATION_CHANGES;
    lag: Gauge, 0, REPLICATION_LAG;
    changes_pending: Gauge, 0, REPLICATION_PENDING;
    replication_failures: Counter, 2, REPLICATION_FAILURES;
    outside_writes: Counter, 0, OUTSIDE_WRITES;
    routed: Counter, 2, ROUTE_DECISIONS;
    fallbacks: Counter, 2, ROUTE_FALLBACKS;
    requests_refused: Counter, 1, ROUTE_REFUSALS;
    replays: Counter, 2, REQUEST_REPLAYS;
    requests_parked: Counter, 1, REQUEST_PARKINGS;
}

fn each<T>(make: impl Fn() -> T) -> [[T; OUTCOMES]; OPERATIONS] {
    std::array::from_fn(|_| std::array::from_fn(|_| make()))
}

impl Handles {
    pub(super) fn operations(
        &self,
        operation: Operation,
        phase: &'static str,
        outcome: Outcome,
    ) -> &Counter {
        let family = &self.operations[operation as usize][outcome as usize];
        family.at([operation.name(), phase, outcome.name()])
    }

    pub(super) fn answers(
        &self,
        operation: Operation,
        phase: &'static str,
        outcome: Outcome,
    ) -> &Histogram {
        let family = &self.answers[operation as usize][outcome as usize];
        family.at([operation.name(), phase, outcome.name()])
    }
}
