use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::counters::{Counters, Kind, Times};
use super::gauges::Gauges;
use super::{
    ComparisonStatus, FallbackCount, MigrationStatus, PercentileStatus, ReasonCount, RouteCount,
    StatusConfig, TrafficStatus, VerificationStatus,
};
use crate::controller::{ControllerStatus, Durations, Histogram, Ring};
use crate::observe::{Comparison, Event, LenientOutcome, Observer, Outcome, Role};

/// Listens to what one process does, for its [`MigrationStatus`].
///
/// Rates, counts and latencies go back over a sliding window, told in sixtieths of it. It takes about 300 KB, however
/// much is counted; counting is a few atomic additions.
///
/// Give it to everything that takes an [`Observer`]: the repository, the workers, the gateway, the sagas. To listen
/// beside another one, see [`Observers`](crate::observe::Observers).
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::controller::{ControllerStatus, GuardConfig};
/// use strangler_fig::observe::{Event, Observer};
/// use strangler_fig::status::{MigrationStatus, StatusBoard, StatusConfig};
///
/// let board = Arc::new(StatusBoard::new(StatusConfig::default().following(&GuardConfig::default())));
/// board.on_event(&Event::Diverged { reason: "mismatch" });
///
/// fn page(board: &StatusBoard, controller: &ControllerStatus) -> String {
///     board.status(controller).to_html()
/// }
/// ```
pub struct StatusBoard {
    config: StatusConfig,
    times: Times,
    counters: Counters,
    primary: Ring<Histogram>,
    secondary: Ring<Histogram>,
    gauges: Mutex<Gauges>,
}

impl fmt::Debug for StatusBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusBoard").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Default for StatusBoard {
    fn default() -> Self {
        Self::new(StatusConfig::default())
    }
}

impl StatusBoard {
    /// A board that has seen nothing yet.
    #[must_use]
    pub fn new(config: StatusConfig) -> Self {
        Self {
            times: Times::of(config.window),
            config,
            counters: Counters::new(),
            primary: Times::ring(),
            secondary: Times::ring(),
            gauges: Mutex::default(),
        }
    }

    /// Where the migration stands, and what this process has seen of it.
    ///
    /// What no event tells is added to the answer:
    /// [`with_verification`](MigrationStatus::with_verification),
    /// [`with_sagas`](MigrationStatus::with_sagas) and so on.
    #[must_use]
    pub fn status(&self, controller: &ControllerStatus) -> MigrationStatus {
        let mut status = MigrationStatus::of(controller, self.config.clock.unix_millis());
        status.comparisons = ComparisonStatus::none(self.config.mismatch_rate);
        status.traffic.window = self.config.window;
        for (kind, count) in self.counters.seen(&self.times) {
            add(&mut status.traffic, &mut status.comparisons, kind, count);
        }
        status.latencies = self.latencies();
        let gauges = self.gauges();
        status.verification = VerificationStatus::never(self.config.stale_after, gauges.check());
        status.repairs = gauges.repairs();
        status.outbox = gauges.outbox();
        status.replication = gauges.replication();
        status.backfill = gauges.backfill();
        status.sweep = gauges.sweep();
        (status.breakers, status.breakers_left_out) = gauges.breakers();
        status
    }

    fn latencies(&self) -> Vec<PercentileStatus> {
        let (first, last) = self.times.window();
        let of = |ring: &Ring<Histogram>| Durations::of(ring.between(first, last));
        let told = [(Role::Primary, of(&self.primary)), (Role::Secondary, of(&self.secondary))];
        let told = told.iter().filter(|(_, durations)| durations.count() > 0);
        told.map(|(role, durations)| PercentileStatus::of(role.name(), durations)).collect()
    }

    fn gauges(&self) -> MutexGuard<'_, Gauges> {
        self.gauges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for StatusBoard {
    fn on_event(&self, event: &Event) {
        if Gauges::concerns(event) {
            self.gauges().note(event);
        }
        if let Event::SideAnswered { role, duration, .. } = *event {
            let ring = if role == Role::Primary { &self.primary } else { &self.secondary };
            ring.at(self.times.now()).add(duration);
        }
        if let Some(kind) = kind(event) {
            self.counters.add(&self.times, kind, 1);
        }
    }
}

/// What an event counts as, if it does.
fn kind(event: &Event) -> Option<Kind> {
    let of = |family, name| Some(Kind { family, name, detail: "" });
    match *event {
        Event::Operated { outcome, .. } => of("operation", outcome_name(outcome)),
        Event::SideFailed { side } => of("side_failed", side),
        Event::Lenient { outcome, .. } => of("lenient", lenient_name(outcome)),
        Event::Compared { result, .. } | Event::ResponsesCompared { result, .. } => {
            of("comparison", comparison_name(result))
        }
        Event::Diverged { reason } => of("cause", reason),
        Event::RequestRouted { side, reason } => {
            Some(Kind { family: "route", name: side, detail: reason })
        }
        Event::RequestFellBack { side, reason } => {
            Some(Kind { family: "fallback", name: side, detail: reason })
        }
        Event::RequestRefused { reason } => of("refused", reason),
        Event::SagaSettled { status } => of("saga", status),
        _ => of("alarm", alarm(event)?),
    }
}

/// What somebody should look at, in a word.
const fn alarm(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::StateUnreachable => "state_unreachable",
        Event::StateWentBack => "state_went_back",
        Event::LeaseRanOut => "lease_ran_out",
        Event::GuardAlarmed { .. } => "guard_alarmed",
        Event::RepairParked { .. } => "repair_parked",
        Event::RepairQueueFailed => "repair_queue_failed",
        Event::StampDrifted => "stamp_drifted",
        Event::RequestParked { .. } => "request_parked",
        Event::RelayFailed { .. } => "relay_failed",
        Event::MessageParked { .. } => "message_parked",
        Event::ReplicationFailed { .. } => "replication_failed",
        Event::OutsideWrite => "outside_write",
        _ => return None,
    })
}

fn add(traffic: &mut TrafficStatus, comparisons: &mut ComparisonStatus, kind: Kind, count: u64) {
    let Kind { family, name, detail } = kind;
    let reason = ReasonCount { reason: name, count };
    match family {
        "operation" => traffic.operations.add(name, count),
        "comparison" => comparisons.add(name, count),
        "cause" => comparisons.causes.push(reason),
        "side_failed" => traffic.side_failures.push(reason),
        "lenient" => traffic.dual_writes.push(reason),
        "refused" => traffic.refused.push(reason),
        "saga" => traffic.sagas.push(reason),
        "route" => traffic.routes.push(RouteCount { side: name, reason: detail, requests: count }),
        "fallback" => {
            traffic.fallbacks.push(FallbackCount { side: name, reason: detail, requests: count });
        }
        _ => traffic.alarms.push(reason),
    }
}

const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::FellBack => "fell_back",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
        Outcome::Unknown => "unknown",
    }
}

const fn lenient_name(outcome: LenientOutcome) -> &'static str {
    match outcome {
        LenientOutcome::Applied => "applied",
        LenientOutcome::Failed => "failed",
        LenientOutcome::Panicked => "panicked",
        LenientOutcome::Saturated => "saturated",
        LenientOutcome::TimedOut => "timed_out",
    }
}

const fn comparison_name(result: Comparison) -> &'static str {
    match result {
        Comparison::Match => "match",
        Comparison::Mismatch => "mismatch",
        Comparison::Unsettled => "unsettled",
        Comparison::Failed => "failed",
        Comparison::Skipped => "skipped",
    }
}
