use std::time::Duration;

use super::state::Course;
use super::{Doubt, OnUnknown, Passage, SagaState, StepStatus, Then};

/// How a call of a step ended, as far as the course of the saga goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It has failed, for good, and surely without effect.
    Refused,
    /// It has failed, surely without effect, and may be tried again.
    NotDone,
    /// Nobody knows: a timeout, a panic, a runner that is gone.
    Unknown,
    /// A probe: it is being done.
    Ongoing,
    /// A probe: it cannot be told, or an attempt may yet do it.
    Unclear,
    /// A probe: no attempt so far has done it, or will.
    Never,
    /// A probe could not be made.
    Unasked,
    /// A saga that is a step: all of it is undone, whatever was in doubt, and stays so.
    RolledBack,
}

impl End {
    /// A stable name, fit for a label.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Refused | Self::RolledBack => "refused",
            Self::NotDone | Self::Never => "not_done",
            Self::Unknown | Self::Ongoing | Self::Unclear | Self::Unasked => "unknown",
        }
    }

    const fn doubt(self) -> Doubt {
        match self {
            Self::Refused | Self::NotDone => Doubt::None,
            Self::Never | Self::RolledBack => Doubt::Cleared,
            Self::Unknown | Self::Ongoing | Self::Unclear | Self::Unasked => Doubt::Raised,
        }
    }
}

/// What comes after an execution, or a probe, that did not end well. `pause` is what the
/// step's schedule has left; `None`: nothing.
pub(super) fn after_execution(
    state: &SagaState,
    step: usize,
    end: End,
    on_unknown: OnUnknown,
    pause: Option<Duration>,
) -> (Doubt, Then) {
    // A probe that cannot tell is not asked again at once.
    let is_probe = matches!(state.steps[step].status, StepStatus::Probing { .. });
    let end = match end {
        End::Unknown | End::Refused if is_probe => End::Unclear,
        end => end,
    };
    let doubt = end.doubt();
    let is_in_doubt = match doubt {
        Doubt::None => state.steps[step].doubt,
        Doubt::Raised => true,
        Doubt::Cleared => false,
    };
    let passage = state.plan.passage(step);
    let gives_up = match passage {
        Passage::Before => Then::Unwind,
        Passage::Pivot if !is_in_doubt => Then::Unwind,
        Passage::Pivot | Passage::After => Then::Park,
    };
    let then = match state.course {
        Course::GivenUp { .. } => Then::Park,
        // Nothing is retried forward, and the pivot is not under way.
        Course::Backward(_) => Then::Unwind,
        // The pivot was under way when the saga was told to turn back, and is surely not done.
        Course::Undecided(_) if !is_in_doubt => Then::Unwind,
        Course::Forward | Course::Undecided(_) => match end {
            End::Refused if passage == Passage::Pivot && is_in_doubt => {
                in_doubt(on_unknown, passage, pause, gives_up)
            }
            End::Refused | End::RolledBack => gives_up,
            End::Unknown => in_doubt(on_unknown, passage, pause, gives_up),
            End::NotDone | End::Unclear | End::Never => pause.map_or(gives_up, Then::retry),
            End::Ongoing | End::Unasked => pause.map_or(gives_up, Then::probe),
        },
    };
    (doubt, then)
}

fn in_doubt(
    on_unknown: OnUnknown,
    passage: Passage,
    pause: Option<Duration>,
    gives_up: Then,
) -> Then {
    match on_unknown {
        OnUnknown::Compensate if passage == Passage::Before => Then::Unwind,
        OnUnknown::Probe | OnUnknown::Compensate => Then::probe(Duration::ZERO),
        OnUnknown::Retry => pause.map_or(gives_up, Then::retry),
        OnUnknown::Park => Then::Park,
    }
}

/// What comes after a compensation that did not end well.
pub(super) fn after_compensation(end: End, pause: Option<Duration>) -> Then {
    match end {
        End::Refused => Then::Park,
        _ => pause.map_or(Then::Park, Then::retry),
    }
}
