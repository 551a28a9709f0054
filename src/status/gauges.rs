//! What was seen last, of what is no count.

use std::cmp::Reverse;
use std::time::Duration;

use tokio::time::Instant;

use super::{
    BackfillStatus, BreakerStatus, CheckSeen, OutboxStatus, RepairStatus, ReplicationStatus,
    SweepStatus,
};
use crate::observe::{Breakers, Event, severity};
use crate::worker::{Eta, Progress};

/// How many breakers are shown.
const BREAKERS_MAX: usize = 64;

/// Something, and when it was seen.
type Seen<T> = Option<(T, Instant)>;

#[derive(Debug, Default)]
pub(super) struct Gauges {
    repairs: Seen<RepairStatus>,
    outbox: Seen<OutboxStatus>,
    lag: Seen<Option<Duration>>,
    /// Changes that wait.
    pending: Seen<u64>,
    check: Seen<CheckSeen>,
    backfill: Option<(Progress, &'static str, Instant)>,
    sweep: Seen<SweepStatus>,
    breakers: Breakers,
}

const JUST_NOW: Duration = Duration::ZERO;

impl Gauges {
    /// Whether there is anything in it to remember.
    pub(super) const fn concerns(event: &Event) -> bool {
        matches!(
            event,
            Event::RepairDepth { .. }
                | Event::OutboxDepth { .. }
                | Event::ReplicationLag { .. }
                | Event::ChangesReplicated { .. }
                | Event::Checked { .. }
                | Event::BreakerTurned { .. }
                | Event::BreakerDropped { .. }
                | Event::BackfillProgressed { .. }
                | Event::Swept { .. }
        )
    }

    pub(super) fn note(&mut self, event: &Event) {
        let now = Instant::now();
        match *event {
            Event::RepairDepth { waiting, parked, oldest } => {
                let seen = RepairStatus { waiting, parked, oldest, seen_ago: JUST_NOW };
                self.repairs = Some((seen, now));
            }
            Event::OutboxDepth { pending, parked, oldest } => {
                let seen = OutboxStatus { pending, parked, oldest, seen_ago: JUST_NOW };
                self.outbox = Some((seen, now));
            }
            Event::ReplicationLag { pending, lag } => {
                self.lag = Some((lag, now));
                self.pending = pending.map(|pending| (pending, now));
            }
            Event::ChangesReplicated { lag, .. } => {
                self.lag = Some((lag, now));
                // Where none is left none waits; else it is not counted here.
                if lag.is_none() && self.pending.is_some() {
                    self.pending = Some((0, now));
                }
            }
            Event::Checked { result, mode, keys, differences, open, .. } => {
                let seen = CheckSeen { mode, result, keys, differences, open, ago: JUST_NOW };
                self.check = Some((seen, now));
            }
            Event::BreakerTurned { .. } | Event::BreakerDropped { .. } => self.breakers.note(event),
            Event::BackfillProgressed { records, expected, per_second, eta, state, waiting } => {
                let eta = eta.map_or(Eta::Unknown, Eta::In);
                let waiting = waiting.map(|reason| reason.to_string());
                let progress = Progress { records, expected, per_second, eta, waiting };
                self.backfill = Some((progress, state, now));
            }
            Event::Swept { result, records, joined, left, duration } => {
                let state = result.unwrap_or("running");
                let seen =
                    SweepStatus { state, records, joined, left, duration, seen_ago: JUST_NOW };
                self.sweep = Some((seen, now));
            }
            _ => {}
        }
    }

    pub(super) fn sweep(&self) -> Option<SweepStatus> {
        self.sweep.map(|(seen, at)| SweepStatus { seen_ago: at.elapsed(), ..seen })
    }

    pub(super) fn repairs(&self) -> Option<RepairStatus> {
        self.repairs.map(|(seen, at)| RepairStatus { seen_ago: at.elapsed(), ..seen })
    }

    pub(super) fn outbox(&self) -> Option<OutboxStatus> {
        self.outbox.map(|(seen, at)| OutboxStatus { seen_ago: at.elapsed(), ..seen })
    }

    pub(super) fn replication(&self) -> Option<ReplicationStatus> {
        self.lag.map(|(lag, at)| ReplicationStatus {
            pending: self.pending.map(|(pending, _)| pending),
            pending_seen_ago: self.pending.map(|(_, at)| at.elapsed()),
            lag,
            seen_ago: at.elapsed(),
        })
    }

    pub(super) fn check(&self) -> Option<CheckSeen> {
        self.check.map(|(seen, at)| CheckSeen { ago: at.elapsed(), ..seen })
    }

    pub(super) fn backfill(&self) -> Option<BackfillStatus> {
        let (progress, state, at) = self.backfill.as_ref()?;
        Some(BackfillStatus::of(progress, state, at.elapsed()))
    }

    /// As many as are shown, the worst of a name first; and how many there are besides.
    pub(super) fn breakers(&self) -> (Vec<BreakerStatus>, usize) {
        let mut all = self.breakers.all();
        let left_out = all.len().saturating_sub(BREAKERS_MAX);
        if left_out > 0 {
            all.sort_by_key(|it| Reverse(severity(it.state)));
            all.truncate(BREAKERS_MAX);
        }
        (all.into_iter().map(BreakerStatus::of).collect(), left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_seen_grows_old() {
        let mut gauges = Gauges::default();
        gauges.note(&Event::RepairDepth { waiting: 3, parked: 1, oldest: None });
        tokio::time::advance(Duration::from_secs(7)).await;
        let repairs = gauges.repairs().expect("it was seen");
        assert_eq!((repairs.waiting, repairs.seen_ago), (3, Duration::from_secs(7)));
        assert_eq!(gauges.outbox(), None, "nobody told of one");
    }
}
