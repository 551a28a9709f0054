use super::{Metric, MetricKind};

/// Declares each metric, and the list of all; what its documentation says is its help.
macro_rules! catalogue {
    ($(
        $(#[doc = $help:literal])+
        $id:ident: $kind:ident $name:literal in $unit:literal, by [$($label:literal),*];
    )*) => {
        $(
            $(#[doc = $help])+
            pub const $id: Metric = Metric {
                name: $name,
                kind: MetricKind::$kind,
                unit: $unit,
                labels: &[$($label),*],
                help: concat!($($help),+).trim_ascii_start(),
            };
        )*

        /// All of them.
        pub const METRICS: &[Metric] = &[$($id),*];
    };
}

catalogue! {
    /// 1 for the phase that a part of the migration is in, 0 for the others.
    PHASE: Gauge "strangler.phase" in "1", by ["part", "phase"];
    /// The share of the keys that a part of the migration has; the base has all of them where there is no cohort.
    PHASE_KEYS: Gauge "strangler.phase.keys" in "1", by ["part"];
    /// The epoch of the state that this node has adopted.
    EPOCH: Gauge "strangler.epoch" in "1", by [];
    /// Moves that a controller here has made.
    PHASE_TRANSITIONS: Counter "strangler.phase.transitions" in "{transition}", by ["step", "part", "from", "to"];
    /// Moves that began to wait for the fleet.
    PHASE_WAITS: Counter "strangler.phase.waits" in "{wait}", by [];
    /// Troubles of a node with the state it follows.
    STATE_TROUBLES: Counter "strangler.state.troubles" in "{trouble}", by ["reason"];
    /// Alarms of a rollback guard that could not, or may not, go back.
    GUARD_ALARMS: Counter "strangler.guard.alarms" in "{alarm}", by ["cause"];
    /// Operations that were answered.
    OPERATIONS: Counter "strangler.operations" in "{operation}", by ["operation", "phase", "outcome"];
    /// How long callers waited for their answers; of operations that are timed.
    ANSWER_DURATION: Histogram "strangler.answer.duration" in "s", by ["operation", "phase", "outcome"];
    /// How long a side took for a call; of operations that are timed.
    OPERATION_DURATION: Histogram "strangler.operation.duration" in "s", by ["side", "role", "operation", "outcome"];
    /// Calls that a side failed: it was away, or in doubt.
    SIDE_FAILURES: Counter "strangler.side.failures" in "{failure}", by ["side"];
    /// Operations that ran again because the phase had moved under them.
    OPERATION_RERUNS: Counter "strangler.operation.reruns" in "{rerun}", by ["operation", "from", "to"];
    /// Ends of the lenient side of dual writes.
    DUAL_WRITE_OUTCOMES: Counter "strangler.dual_write.outcomes" in "{write}", by ["side", "outcome"];
    /// Comparisons of the two sides: of shadow reads and of mirrored requests.
    COMPARISONS: Counter "strangler.comparisons" in "{comparison}", by ["source", "side", "result"];
    /// Times a key was noted as known or suspected to differ.
    DIVERGENCES: Counter "strangler.divergences" in "{divergence}", by ["reason"];
    /// Stored stamps that were met beyond the allowed drift.
    STAMP_DRIFTS: Counter "strangler.stamp.drifts" in "{stamp}", by [];
    /// 1 for the state that a circuit breaker is in, 0 for the others.
    CIRCUIT_BREAKER_STATE: Gauge "strangler.circuit_breaker.state" in "1", by ["breaker", "state"];
    /// Turns of circuit breakers.
    CIRCUIT_BREAKER_TURNS: Counter "strangler.circuit_breaker.turns" in "{turn}", by ["breaker", "from", "to"];
    /// Calls that were refused by their policy, and not made.
    CALL_REFUSALS: Counter "strangler.call.refusals" in "{call}", by ["policy", "reason"];
    /// Calls that were made again because the try before had failed.
    CALL_RETRIES: Counter "strangler.call.retries" in "{retry}", by ["policy"];
    /// Calls that were given up at their deadline.
    CALL_TIMEOUTS: Counter "strangler.call.timeouts" in "{call}", by ["policy"];
    /// Time since the last check of every key that found the stores consistent; missing until one has.
    VERIFICATION_AGE: Gauge "strangler.verification.age" in "s", by [];
    /// Checks of the two stores.
    CHECKS: Counter "strangler.checks" in "{check}", by ["result"];
    /// How long checks took.
    CHECK_DURATION: Histogram "strangler.check.duration" in "s", by ["result"];
    /// Keys that the last check of every key found to differ, and those it left open.
    CHECK_FINDINGS: Gauge "strangler.check.findings" in "{key}", by ["finding"];
    /// Keys that checks have looked at.
    CHECK_KEYS: Counter "strangler.check.keys" in "{key}", by [];
    /// Keys in the repair queue.
    REPAIR_QUEUE_DEPTH: Gauge "strangler.repair.queue.depth" in "{key}", by ["state"];
    /// How long the oldest key that waits for its repair has waited.
    REPAIR_QUEUE_OLDEST_AGE: Gauge "strangler.repair.queue.oldest_age" in "s", by [];
    /// Failures of the repair queue itself.
    REPAIR_QUEUE_FAILURES: Counter "strangler.repair.queue.failures" in "{failure}", by [];
    /// Keys that came into the repair queue from the process that noted them.
    REPAIR_NOTES: Counter "strangler.repair.notes" in "{key}", by [];
    /// Repairs that succeeded.
    REPAIRS: Counter "strangler.repairs" in "{repair}", by ["outcome"];
    /// Repairs that failed and were put off.
    REPAIR_FAILURES: Counter "strangler.repair.failures" in "{repair}", by ["reason"];
    /// Keys whose repair was given up until somebody looks.
    REPAIR_PARKINGS: Counter "strangler.repair.parkings" in "{key}", by ["reason"];
    /// Records that a backfill copied, found there already, or could not copy.
    BACKFILL_RECORDS: Counter "strangler.backfill.records" in "{record}", by ["result"];
    /// The share of the expected records that a backfill has seen; no number where nobody said how many there are.
    BACKFILL_PROGRESS: Gauge "strangler.backfill.progress" in "1", by [];
    /// Records a second of late; no number while that is unknown.
    BACKFILL_RATE: Gauge "strangler.backfill.rate" in "{record}/s", by [];
    /// What is left of a backfill's time; no number while that is unknown.
    BACKFILL_ETA: Gauge "strangler.backfill.eta" in "s", by [];
    /// Sweeps that have ended.
    SWEEPS: Counter "strangler.sweeps" in "{sweep}", by ["result"];
    /// How long sweeps took.
    SWEEP_DURATION: Histogram "strangler.sweep.duration" in "s", by ["result"];
    /// Records that the sweep has looked at that goes on, or was the last.
    SWEEP_RECORDS: Gauge "strangler.sweep.records" in "{record}", by [];
    /// Keys that the last sweep which came to its end could not make one.
    SWEEP_LEFT: Gauge "strangler.sweep.left" in "{key}", by [];
    /// Sagas that run here; and by other states, what the journal was said to hold.
    SAGA_INSTANCES: Gauge "strangler.saga.instances" in "{saga}", by ["state"];
    /// Sagas that came to rest here.
    SAGA_ENDS: Counter "strangler.saga.ends" in "{saga}", by ["state"];
    /// How long calls of steps took.
    SAGA_STEP_DURATION: Histogram "strangler.saga.step.duration" in "s", by ["direction", "outcome"];
    /// Messages that wait in the outbox.
    OUTBOX_PENDING: Gauge "strangler.outbox.pending" in "{message}", by [];
    /// Messages of the outbox that were given up until somebody looks.
    OUTBOX_PARKED: Gauge "strangler.outbox.parked" in "{message}", by [];
    /// How long ago the oldest message that waits was staged.
    OUTBOX_OLDEST_AGE: Gauge "strangler.outbox.oldest_age" in "s", by [];
    /// Messages that the bus took.
    RELAY_MESSAGES: Counter "strangler.relay.messages" in "{message}", by [];
    /// How long ago the oldest message of a batch had been staged when the bus took it.
    RELAY_DELAY: Histogram "strangler.relay.delay" in "s", by [];
    /// Times the bus did not take messages.
    RELAY_FAILURES: Counter "strangler.relay.failures" in "{failure}", by ["reason"];
    /// Messages that a relay gave up until somebody looks.
    RELAY_PARKINGS: Counter "strangler.relay.parkings" in "{message}", by ["reason"];
    /// Lanes of the outbox: those a relay here holds, and all there are.
    RELAY_LANES: Gauge "strangler.relay.lanes" in "{lane}", by ["state"];
    /// How long handling a delivery took.
    EVENT_DURATION: Histogram "strangler.event.duration" in "s", by ["outcome"];
    /// Deliveries that were not the first of their event.
    EVENT_REDELIVERIES: Counter "strangler.event.redeliveries" in "{delivery}", by [];
    /// Changes of the legacy store that were carried over.
    REPLICATION_CHANGES: Counter "strangler.replication.changes" in "{change}", by ["result"];
    /// How long ago the oldest change that waits was made.
    REPLICATION_LAG: Gauge "strangler.replication.lag" in "s", by [];
    /// Changes that wait, where they are counted.
    REPLICATION_PENDING: Gauge "strangler.replication.pending" in "{change}", by [];
    /// Times that changes were not carried over, or a feed did not say how far it is.
    REPLICATION_FAILURES: Counter "strangler.replication.failures" in "{failure}", by ["what", "reason"];
    /// Times that writers were noticed who were said to be switched off.
    OUTSIDE_WRITES: Counter "strangler.outside_writes" in "{write}", by [];
    /// Requests that a gateway has sent somewhere.
    ROUTE_DECISIONS: Counter "strangler.route.decisions" in "{request}", by ["side", "reason"];
    /// Requests that the other side answered in place of the first.
    ROUTE_FALLBACKS: Counter "strangler.route.fallbacks" in "{request}", by ["side", "reason"];
    /// Requests that a gateway refused.
    ROUTE_REFUSALS: Counter "strangler.route.refusals" in "{request}", by ["reason"];
    /// Dual-written requests that were sent again.
    REQUEST_REPLAYS: Counter "strangler.request.replays" in "{request}", by ["side", "outcome"];
    /// Dual-written requests that were given up until somebody looks.
    REQUEST_PARKINGS: Counter "strangler.request.parkings" in "{request}", by ["reason"];
}
