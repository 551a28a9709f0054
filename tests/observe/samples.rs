//! Events of every kind.

use std::collections::BTreeSet;
use std::time::Duration;

use strangler_fig::observe::{Brief, Comparison, Event, LenientOutcome, Operation, Outcome, Role};

use crate::source::text;

/// The kinds of events there are, by the source.
pub(crate) fn variants() -> BTreeSet<String> {
    let source = text("src/observe/event.rs");
    let (_, variants) = source.split_once("pub enum Event {").unwrap();
    let is_one = |line: &&str| {
        line.starts_with("    ") && line.as_bytes().get(4).is_some_and(u8::is_ascii_uppercase)
    };
    let name = |line: &str| line.trim().trim_end_matches([',', '{', ' ']).to_owned();
    variants.lines().filter(is_one).map(name).collect()
}

/// One at least of every kind, with all that may be missing there.
pub(crate) fn samples() -> Vec<Event> {
    let mut samples = of_the_migration();
    samples.extend(of_the_copies());
    samples.extend(of_sagas_and_messages());
    samples
}

fn of_the_migration() -> Vec<Event> {
    let second = Duration::from_secs(1);
    let (operation, outcome, side) = (Operation::Write, Outcome::Done, "modern");
    vec![
        Event::PhaseAdopted {
            phase: "shadow",
            cohort: Some("cutover"),
            cohort_share: 0.1,
            epoch: 7,
        },
        Event::StateUnreachable,
        Event::StateWentBack,
        Event::LeaseRanOut,
        Event::Moved {
            epoch: 7,
            step: "phase",
            part: Some("base"),
            from: Some("dual_write"),
            to: Some("shadow"),
        },
        Event::MoveWaits,
        Event::GuardAlarmed { cause: "errors" },
        Event::Operated { operation, phase: "live", outcome, duration: Some(second) },
        Event::SideAnswered { side, role: Role::Primary, operation, outcome, duration: second },
        Event::SideFailed { side },
        Event::BreakerTurned {
            breaker: "modern",
            instance: 1,
            from: "closed",
            to: "open",
            generation: 1,
        },
        Event::BreakerDropped { breaker: "modern", instance: 2 },
        Event::CallRefused { policy: "modern", reason: "open" },
        Event::CallRetried { policy: "modern", attempt: 1, pause: second },
        Event::CallTimedOut { policy: "modern" },
        Event::Rerun { operation, from: "shadow", to: "cutover" },
        Event::Lenient { side, outcome: LenientOutcome::TimedOut },
        Event::Compared { side, result: Comparison::Mismatch },
        Event::Diverged { reason: "mismatch" },
        Event::StampDrifted,
    ]
}

fn of_the_copies() -> Vec<Event> {
    let second = Duration::from_secs(1);
    vec![
        Event::Backfilled { copied: 3, level: 2, failed: 1 },
        Event::BackfillProgressed {
            records: 250,
            expected: Some(1_000),
            per_second: Some(25.0),
            eta: Some(30 * second),
            state: "running",
            waiting: Some(Brief::new("the replica lags 2 s behind")),
        },
        Event::RepairsNoted { keys: 2 },
        Event::Repaired { outcome: "copied" },
        Event::RepairFailed { reason: "unavailable" },
        Event::RepairParked { reason: "attempts" },
        Event::RepairQueueFailed,
        Event::RepairDepth { waiting: 5, parked: 1, oldest: Some(40 * second) },
        Event::ChangesReplicated { copied: 4, level: 1, noted: 1, lag: Some(2 * second) },
        Event::ReplicationLag { pending: Some(9), lag: Some(3 * second) },
        Event::ReplicationFailed { what: "page", reason: "unavailable" },
        Event::OutsideWrite,
        Event::Swept { result: Some("unclean"), records: 90, joined: 7, left: 2, duration: second },
        Event::Checked {
            result: "consistent",
            mode: "full",
            every_key: true,
            keys: 1_000,
            differences: 0,
            open: 0,
            duration: second,
        },
        Event::Checked {
            result: "inconsistent",
            mode: "keys",
            every_key: false,
            keys: 3,
            differences: 1,
            open: 0,
            duration: second,
        },
    ]
}

fn of_sagas_and_messages() -> Vec<Event> {
    let second = Duration::from_secs(1);
    vec![
        Event::SagaBegan,
        Event::SagaStepEnded { direction: "execute", outcome: "done", duration: second },
        Event::SagaSettled { status: "committed" },
        Event::RequestRouted { side: "modern", reason: "rule" },
        Event::RequestFellBack { side: "legacy", reason: "late" },
        Event::RequestRefused { reason: "too_large" },
        Event::ResponsesCompared { side: "modern", result: Comparison::Match },
        Event::RequestReplayed { side: "modern", outcome: "answered" },
        Event::RequestParked { reason: "attempts" },
        Event::MessagesRelayed { count: 10, oldest: second },
        Event::RelayFailed { reason: "unavailable" },
        Event::MessageParked { reason: "rejected" },
        Event::OutboxDepth { pending: 12, parked: 1, oldest: Some(5 * second) },
        Event::LanesHeld { held: 4, of: 16 },
        Event::EventHandled { outcome: "ack", attempt: 2, duration: second },
    ]
}
