use super::{
    ANSWER_DURATION, BACKFILL_ETA, BACKFILL_PROGRESS, BACKFILL_RATE, BACKFILL_RECORDS,
    CALL_REFUSALS, CALL_RETRIES, CALL_TIMEOUTS, CHECK_DURATION, CHECK_FINDINGS, CHECK_KEYS, CHECKS,
    CIRCUIT_BREAKER_STATE, CIRCUIT_BREAKER_TURNS, COMPARISONS, DIVERGENCES, DUAL_WRITE_OUTCOMES,
    EPOCH, EVENT_DURATION, EVENT_REDELIVERIES, GUARD_ALARMS, Metric, OPERATION_DURATION,
    OPERATION_RERUNS, OPERATIONS, OUTBOX_OLDEST_AGE, OUTBOX_PARKED, OUTBOX_PENDING, OUTSIDE_WRITES,
    PHASE, PHASE_KEYS, PHASE_TRANSITIONS, PHASE_WAITS, RELAY_DELAY, RELAY_FAILURES, RELAY_LANES,
    RELAY_MESSAGES, RELAY_PARKINGS, REPAIR_FAILURES, REPAIR_NOTES, REPAIR_PARKINGS,
    REPAIR_QUEUE_DEPTH, REPAIR_QUEUE_FAILURES, REPAIR_QUEUE_OLDEST_AGE, REPAIRS,
    REPLICATION_CHANGES, REPLICATION_FAILURES, REPLICATION_LAG, REPLICATION_PENDING,
    REQUEST_PARKINGS, REQUEST_REPLAYS, ROUTE_DECISIONS, ROUTE_FALLBACKS, ROUTE_REFUSALS, SAGA_ENDS,
    SAGA_INSTANCES, SAGA_STEP_DURATION, SIDE_FAILURES, STAMP_DRIFTS, STATE_TROUBLES,
    SWEEP_DURATION, SWEEP_LEFT, SWEEP_RECORDS, SWEEPS, VERIFICATION_AGE,
};
use crate::observe::Event;

/// The metrics that an event is told in. There is none without.
///
/// ```
/// use strangler_fig::observe::Event;
/// use strangler_fig::observe::metric::{DIVERGENCES, metrics_of};
///
/// assert_eq!(metrics_of(&Event::Diverged { reason: "mismatch" }), [DIVERGENCES]);
/// ```
#[must_use]
pub const fn metrics_of(event: &Event) -> &'static [Metric] {
    match event {
        Event::PhaseAdopted { .. } => &[PHASE, PHASE_KEYS, EPOCH],
        Event::StateUnreachable | Event::StateWentBack | Event::LeaseRanOut => &[STATE_TROUBLES],
        Event::Moved { .. } => &[PHASE_TRANSITIONS],
        Event::MoveWaits => &[PHASE_WAITS],
        Event::GuardAlarmed { .. } => &[GUARD_ALARMS],
        Event::Operated { duration: None, .. } => &[OPERATIONS],
        Event::Operated { .. } => &[OPERATIONS, ANSWER_DURATION],
        Event::SideAnswered { .. } => &[OPERATION_DURATION],
        Event::SideFailed { .. } => &[SIDE_FAILURES],
        Event::BreakerTurned { .. } => &[CIRCUIT_BREAKER_STATE, CIRCUIT_BREAKER_TURNS],
        Event::BreakerDropped { .. } => &[CIRCUIT_BREAKER_STATE],
        Event::CallRefused { .. } => &[CALL_REFUSALS],
        Event::CallRetried { .. } => &[CALL_RETRIES],
        Event::CallTimedOut { .. } => &[CALL_TIMEOUTS],
        Event::Rerun { .. } => &[OPERATION_RERUNS],
        Event::Lenient { .. } => &[DUAL_WRITE_OUTCOMES],
        Event::Compared { .. } | Event::ResponsesCompared { .. } => &[COMPARISONS],
        Event::Diverged { .. } => &[DIVERGENCES],
        Event::Backfilled { .. } => &[BACKFILL_RECORDS],
        Event::BackfillProgressed { .. } => &[BACKFILL_PROGRESS, BACKFILL_RATE, BACKFILL_ETA],
        Event::Swept { result: None, .. } => &[SWEEP_RECORDS],
        Event::Swept { .. } => &[SWEEPS, SWEEP_DURATION, SWEEP_RECORDS, SWEEP_LEFT],
        Event::RepairsNoted { .. } => &[REPAIR_NOTES],
        Event::Repaired { .. } => &[REPAIRS],
        Event::RepairFailed { .. } => &[REPAIR_FAILURES],
        Event::RepairParked { .. } => &[REPAIR_PARKINGS],
        Event::RepairQueueFailed => &[REPAIR_QUEUE_FAILURES],
        Event::RepairDepth { .. } => &[REPAIR_QUEUE_DEPTH, REPAIR_QUEUE_OLDEST_AGE],
        Event::StampDrifted => &[STAMP_DRIFTS],
        Event::SagaBegan => &[SAGA_INSTANCES],
        Event::SagaStepEnded { .. } => &[SAGA_STEP_DURATION],
        Event::SagaSettled { .. } => &[SAGA_INSTANCES, SAGA_ENDS],
        Event::RequestRouted { .. } => &[ROUTE_DECISIONS],
        Event::RequestFellBack { .. } => &[ROUTE_FALLBACKS],
        Event::RequestRefused { .. } => &[ROUTE_REFUSALS],
        Event::RequestReplayed { .. } => &[REQUEST_REPLAYS],
        Event::RequestParked { .. } => &[REQUEST_PARKINGS],
        Event::MessagesRelayed { .. } => &[RELAY_MESSAGES, RELAY_DELAY],
        Event::RelayFailed { .. } => &[RELAY_FAILURES],
        Event::MessageParked { .. } => &[RELAY_PARKINGS],
        Event::OutboxDepth { .. } => &[OUTBOX_PENDING, OUTBOX_PARKED, OUTBOX_OLDEST_AGE],
        Event::LanesHeld { .. } => &[RELAY_LANES],
        Event::EventHandled { attempt: 0 | 1, .. } => &[EVENT_DURATION],
        Event::EventHandled { .. } => &[EVENT_DURATION, EVENT_REDELIVERIES],
        Event::ChangesReplicated { .. } => &[REPLICATION_CHANGES, REPLICATION_LAG],
        Event::ReplicationLag { pending: None, .. } => &[REPLICATION_LAG],
        Event::ReplicationLag { .. } => &[REPLICATION_LAG, REPLICATION_PENDING],
        Event::ReplicationFailed { .. } => &[REPLICATION_FAILURES],
        Event::OutsideWrite => &[OUTSIDE_WRITES],
        Event::Checked { every_key: false, .. } => &[CHECKS, CHECK_DURATION, CHECK_KEYS],
        Event::Checked { .. } => {
            &[CHECKS, CHECK_DURATION, CHECK_FINDINGS, CHECK_KEYS, VERIFICATION_AGE]
        }
    }
}
