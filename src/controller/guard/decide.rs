//! What the signals call for in a phase: a pure decision.

use std::fmt;

use serde::Serialize;

use super::GuardConfig;
use crate::controller::Signals;
use crate::phase::{Actor, Family, MigrationState, MoveRecord, Part, PartName, Phase};

/// What went wrong, as far as the signals say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cause {
    Mismatches { mismatches: u64, comparisons: u64 },
    Errors { failures: u64, operations: u64 },
    Latency { times: f64 },
}

impl Cause {
    /// What is wrong; the worst first: modern does not answer, answers something
    /// else, answers late.
    pub(super) fn of(signals: &Signals, config: &GuardConfig) -> Option<Self> {
        let &Signals { operations, modern_failures, comparisons, mismatches, .. } = signals;
        let tells = |samples: u64| samples >= config.samples_min.get();
        let above = |rate: Option<f64>, allowed: f64| rate.is_some_and(|rate| rate > allowed);
        if tells(operations) && above(signals.modern_failure_rate(), config.error_rate.as_f64()) {
            return Some(Self::Errors { failures: modern_failures, operations });
        }
        if tells(comparisons) && above(signals.mismatch_rate(), config.mismatch_rate.as_f64()) {
            return Some(Self::Mismatches { mismatches, comparisons });
        }
        let compared = signals.latency_samples.min(signals.latency_before_samples);
        let times = signals.latency_ratio().filter(|_| tells(compared))?;
        (times > config.latency_ratio.as_f64()).then_some(Self::Latency { times })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mismatches { .. } => "mismatches",
            Self::Errors { .. } => "errors",
            Self::Latency { .. } => "latency",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatches { mismatches, comparisons } => {
                write!(f, "{mismatches} of {comparisons} comparisons differed")
            }
            Self::Errors { failures, operations } => {
                write!(f, "modern failed {failures} times in {operations} operations")
            }
            Self::Latency { times } => {
                write!(f, "operations took {times:.1} times as long as before")
            }
        }
    }
}

/// Why a guard alarms instead of acting.
///
/// ```
/// use strangler_fig::controller::Alarm;
///
/// assert_eq!(Alarm::HaltNotAllowed.to_string(), "it may not halt");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Alarm {
    /// In `RampDown` and `ModernOnly` the way back takes a sweep, and somebody to
    /// decide it.
    LegacyLeftBehind,
    /// Modern fails in `Live`, and only `Halted` leads away from it.
    HaltNotAllowed,
    /// Modern fails in `Live`, and legacy lacks what was written since it was left.
    LegacyIncomplete,
    /// It has acted as often as it may.
    Exhausted,
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LegacyLeftBehind => "legacy was left behind: there is no quick way back",
            Self::HaltNotAllowed => "it may not halt",
            Self::LegacyIncomplete => "legacy is not complete",
            Self::Exhausted => "it has acted as often as it may",
        })
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    None,
    RollBack,
    Halt,
    Alarm(Alarm),
}

fn parts(state: &MigrationState) -> impl Iterator<Item = Part> {
    [PartName::Base, PartName::Cohort].into_iter().filter_map(|name| state.part(name))
}

impl Action {
    /// What a cause calls for in this state. The part that is furthest ahead counts.
    pub(super) fn on(cause: Cause, state: &MigrationState, config: &GuardConfig) -> Self {
        let any = |phase: Phase| parts(state).any(|part| part.phase == phase);
        match cause {
            _ if parts(state).any(|part| part.phase.leaves_legacy()) => {
                Self::Alarm(Alarm::LegacyLeftBehind)
            }
            // Somebody has halted it already.
            _ if any(Phase::Halted) => Self::None,
            Cause::Errors { .. } if any(Phase::Live) && !config.may_halt => {
                Self::Alarm(Alarm::HaltNotAllowed)
            }
            Cause::Errors { .. } if any(Phase::Live) && !state.legacy_complete() => {
                Self::Alarm(Alarm::LegacyIncomplete)
            }
            Cause::Errors { .. } if any(Phase::Live) => Self::Halt,
            _ if parts(state).all(|part| part.phase == Phase::LegacyOnly) => Self::None,
            _ => Self::RollBack,
        }
    }

    /// What this guard has begun and somebody must end: itself, before it was
    /// restarted, say. It ends with every part in the legacy family, and no cohort.
    pub(super) fn unfinished(state: &MigrationState, actor: &Actor) -> Self {
        let is_back = |part: Part| part.phase.family() == Some(Family::Legacy);
        let is_begun = last_by(state, actor).is_some();
        match is_begun {
            true if parts(state).any(|part| part.phase == Phase::Halted) => Self::Halt,
            true if state.cohort().is_some() || !parts(state).all(is_back) => Self::RollBack,
            _ => Self::None,
        }
    }
}

/// The moves that changed where the migration stands, the oldest first.
fn steering(state: &MigrationState) -> impl DoubleEndedIterator<Item = &MoveRecord> {
    state.history().iter().filter(|record| record.step.steers())
}

/// The epoch of the last of them, if it was `actor` who made it.
pub(super) fn last_by(state: &MigrationState, actor: &Actor) -> Option<u64> {
    let last = steering(state).next_back()?;
    (last.actor.as_ref() == Some(actor)).then_some(last.epoch)
}

/// How often `actor` has acted, as far as the history goes back: moves in a row are one.
pub(super) fn acted(state: &MigrationState, actor: &Actor) -> u32 {
    let (mut times, mut was_mine) = (0, false);
    for record in steering(state) {
        let is_mine = record.actor.as_ref() == Some(actor);
        times += u32::from(is_mine && !was_mine);
        was_mine = is_mine;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_reads_as_words() {
        for (alarm, text) in [
            (Alarm::LegacyLeftBehind, "legacy was left behind: there is no quick way back"),
            (Alarm::HaltNotAllowed, "it may not halt"),
            (Alarm::LegacyIncomplete, "legacy is not complete"),
            (Alarm::Exhausted, "it has acted as often as it may"),
        ] {
            assert_eq!(alarm.to_string(), text);
        }
    }
}
