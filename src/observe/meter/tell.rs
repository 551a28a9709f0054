//! Which event goes to which metrics.

use std::time::Duration;

use super::MetricsObserver;
use crate::observe::{Comparison, Event, Operation, Outcome};

/// As the phases are named; a test holds them against the code of `phase`, which stands above.
const PHASES: [&str; 8] = [
    "legacy_only",
    "dual_write",
    "shadow",
    "cutover",
    "live",
    "ramp_down",
    "modern_only",
    "halted",
];
/// As the states of a breaker are named.
const BREAKER_STATES: [&str; 5] = ["closed", "open", "half_open", "forced_open", "disabled"];

#[expect(clippy::cast_precision_loss, reason = "a gauge needs no 53 bits")]
const fn float(number: u64) -> f64 {
    number as f64
}

fn flag(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

impl MetricsObserver {
    /// The traffic first, for which it must be quick; the rest in groups.
    pub(super) fn tell(&self, event: &Event) {
        let handles = &self.handles;
        match *event {
            Event::Operated { operation, phase, outcome, duration } => {
                self.operated(operation, phase, outcome, duration);
            }
            Event::SideAnswered { side, role, operation, outcome, duration } => {
                let labels = [side, role.name(), operation.name(), outcome.name()];
                handles.sides.at(labels).record(duration);
            }
            Event::Lenient { side, outcome } => {
                handles.dual_writes.at([side, outcome.name()]).increment(1);
            }
            Event::Compared { side, result } => self.compared("shadow", side, result),
            Event::ResponsesCompared { side, result } => self.compared("mirror", side, result),
            Event::SideFailed { side } => handles.side_failures.at([side]).increment(1),
            Event::Rerun { operation, from, to } => {
                handles.reruns.at([operation.name(), from, to]).increment(1);
            }
            Event::Diverged { reason } => handles.divergences.at([reason]).increment(1),
            Event::StampDrifted => handles.stamp_drifts.at([]).increment(1),
            _ => self.tell_of_the_migration(event),
        }
    }

    fn operated(
        &self,
        operation: Operation,
        phase: &'static str,
        outcome: Outcome,
        duration: Option<Duration>,
    ) {
        self.handles.operations(operation, phase, outcome).increment(1);
        if let Some(duration) = duration {
            self.handles.answers(operation, phase, outcome).record(duration);
        }
    }

    fn compared(&self, source: &'static str, side: &'static str, result: Comparison) {
        self.handles.comparisons.at([source, side, result.name()]).increment(1);
    }

    fn tell_of_the_migration(&self, event: &Event) {
        let handles = &self.handles;
        match *event {
            Event::PhaseAdopted { phase, cohort, cohort_share, epoch } => {
                self.adopted(phase, cohort);
                handles.phase_keys.at(["base"]).set(1.0 - cohort_share);
                handles.phase_keys.at(["cohort"]).set(cohort_share);
                handles.epoch.at([]).set(float(epoch));
            }
            Event::StateUnreachable => handles.troubles.at(["unreachable"]).increment(1),
            Event::StateWentBack => handles.troubles.at(["went_back"]).increment(1),
            Event::LeaseRanOut => handles.troubles.at(["lease_ran_out"]).increment(1),
            Event::Moved { step, part, from, to, .. } => {
                let [part, from, to] = [part, from, to].map(|name| name.unwrap_or("none"));
                handles.transitions.at([step, part, from, to]).increment(1);
            }
            Event::MoveWaits => handles.waits.at([]).increment(1),
            Event::GuardAlarmed { cause } => handles.alarms.at([cause]).increment(1),
            Event::BreakerTurned { breaker, from, to, .. } => {
                handles.breaker_turns.at([breaker, from, to]).increment(1);
                self.turned(breaker, event);
            }
            Event::BreakerDropped { breaker, .. } => self.turned(breaker, event),
            Event::CallRefused { policy, reason } => {
                handles.refusals.at([policy, reason]).increment(1);
            }
            Event::CallRetried { policy, .. } => handles.retries.at([policy]).increment(1),
            Event::CallTimedOut { policy } => handles.timeouts.at([policy]).increment(1),
            _ => self.tell_of_the_copies(event),
        }
    }

    fn adopted(&self, phase: &'static str, cohort: Option<&'static str>) {
        for name in PHASES {
            self.handles.phase.at(["base", name]).set(flag(name == phase));
            self.handles.phase.at(["cohort", name]).set(flag(Some(name) == cohort));
        }
    }

    /// Tells how the breakers of a name stand, by the worst of them; where none is left, in no state.
    fn turned(&self, breaker: &'static str, event: &Event) {
        self.ages.lock().breakers.note(event);
        // A recorder is asked without the lock, so that another thread may have told of a later turn meanwhile.
        let mut worst = self.ages.lock().breakers.worst(breaker);
        loop {
            for state in BREAKER_STATES {
                self.handles.breaker.at([breaker, state]).set(flag(Some(state) == worst));
            }
            let now = self.ages.lock().breakers.worst(breaker);
            if now == worst {
                return;
            }
            worst = now;
        }
    }

    fn tell_of_the_copies(&self, event: &Event) {
        let handles = &self.handles;
        match *event {
            Event::Backfilled { copied, level, failed } => {
                for (result, records) in [("copied", copied), ("level", level), ("failed", failed)]
                {
                    handles.backfilled.at([result]).increment(records);
                }
            }
            Event::BackfillProgressed { records, expected, per_second, eta, state, .. } => {
                let is_running = state == "running";
                self.ages.lock().backfill = is_running.then(tokio::time::Instant::now);
                let share = expected.filter(|expected| *expected > 0);
                let share = share.map(|expected| float(records) / float(expected));
                let eta = eta.map(|eta| eta.as_secs_f64());
                handles.backfill_progress.at([]).set(share.unwrap_or(f64::NAN));
                let ended = if is_running { f64::NAN } else { 0.0 };
                handles.backfill_rate.at([]).set(per_second.unwrap_or(ended));
                handles.backfill_eta.at([]).set(eta.unwrap_or(f64::NAN));
            }
            Event::Swept { result, records, left, duration, .. } => {
                handles.sweep_records.at([]).set(float(records));
                if let Some(result) = result {
                    handles.sweeps.at([result]).increment(1);
                    handles.sweep_duration.at([result]).record(duration);
                }
                if matches!(result, Some("clean" | "unclean")) {
                    handles.sweep_left.at([]).set(float(left));
                }
            }
            Event::RepairsNoted { keys } => handles.repair_notes.at([]).increment(keys),
            Event::Repaired { outcome } => handles.repairs.at([outcome]).increment(1),
            Event::RepairFailed { reason } => handles.repair_failures.at([reason]).increment(1),
            Event::RepairParked { reason } => handles.repair_parkings.at([reason]).increment(1),
            Event::RepairQueueFailed => handles.repair_queue_failures.at([]).increment(1),
            Event::RepairDepth { waiting, parked, oldest } => {
                handles.repair_depth.at(["waiting"]).set(float(waiting));
                handles.repair_depth.at(["parked"]).set(float(parked));
                self.ages.lock().repair.told(oldest);
                self.refresh();
            }
            Event::Checked { result, every_key, keys, differences, open, duration, .. } => {
                handles.checks.at([result]).increment(1);
                handles.check_duration.at([result]).record(duration);
                handles.check_keys.at([]).increment(keys);
                if every_key {
                    handles.check_findings.at(["different"]).set(float(differences));
                    handles.check_findings.at(["open"]).set(float(open));
                }
                if every_key && result == "consistent" {
                    self.ages.lock().verified = Some(tokio::time::Instant::now());
                }
                self.refresh();
            }
            Event::ChangesReplicated { copied, level, noted, lag } => {
                for (result, changes) in [("copied", copied), ("level", level), ("noted", noted)] {
                    handles.changes.at([result]).increment(changes);
                }
                self.ages.lock().change.told(lag);
                self.refresh();
            }
            Event::ReplicationLag { pending, lag } => {
                if let Some(pending) = pending {
                    handles.changes_pending.at([]).set(float(pending));
                }
                self.ages.lock().change.told(lag);
                self.refresh();
            }
            Event::ReplicationFailed { what, reason } => {
                handles.replication_failures.at([what, reason]).increment(1);
            }
            Event::OutsideWrite => handles.outside_writes.at([]).increment(1),
            _ => self.tell_of_sagas_and_messages(event),
        }
    }

    fn tell_of_sagas_and_messages(&self, event: &Event) {
        let handles = &self.handles;
        match *event {
            Event::SagaBegan => handles.sagas.at(["running"]).increment(1.0),
            Event::SagaStepEnded { direction, outcome, duration } => {
                handles.saga_steps.at([direction, outcome]).record(duration);
            }
            Event::SagaSettled { status } => {
                handles.sagas.at(["running"]).decrement(1.0);
                handles.saga_ends.at([status]).increment(1);
            }
            Event::MessagesRelayed { count, oldest } => {
                handles.relayed.at([]).increment(count);
                handles.relay_delay.at([]).record(oldest);
            }
            Event::RelayFailed { reason } => handles.relay_failures.at([reason]).increment(1),
            Event::MessageParked { reason } => handles.relay_parkings.at([reason]).increment(1),
            Event::OutboxDepth { pending, parked, oldest } => {
                handles.outbox_pending.at([]).set(float(pending));
                handles.outbox_parked.at([]).set(float(parked));
                self.ages.lock().outbox.told(oldest);
                self.refresh();
            }
            Event::LanesHeld { held, of } => {
                handles.relay_lanes.at(["held"]).set(f64::from(held));
                handles.relay_lanes.at(["all"]).set(f64::from(of));
            }
            Event::EventHandled { outcome, attempt, duration } => {
                handles.events.at([outcome]).record(duration);
                if attempt > 1 {
                    handles.redeliveries.at([]).increment(1);
                }
            }
            _ => self.tell_of_requests(event),
        }
    }

    fn tell_of_requests(&self, event: &Event) {
        let handles = &self.handles;
        match *event {
            Event::RequestRouted { side, reason } => {
                handles.routed.at([side, reason]).increment(1);
            }
            Event::RequestFellBack { side, reason } => {
                handles.fallbacks.at([side, reason]).increment(1);
            }
            Event::RequestRefused { reason } => handles.requests_refused.at([reason]).increment(1),
            Event::RequestReplayed { side, outcome } => {
                handles.replays.at([side, outcome]).increment(1);
            }
            Event::RequestParked { reason } => handles.requests_parked.at([reason]).increment(1),
            // All others were told above; a test goes through them.
            _ => {}
        }
    }
}
