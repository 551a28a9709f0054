use std::fmt;

use crate::saga::{Direction, SagaPlan};

/// What is done to a saga in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Scenario {
    /// What becomes of the first call of a step.
    pub(super) fault: Option<(usize, Direction, Fault)>,
    /// Which step refuses, so that the saga turns back.
    pub(super) refuses: Option<usize>,
    /// What becomes of the first runner.
    pub(super) fate: Option<Fate>,
}

/// What becomes of a call of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not made, and surely so.
    NotMade,
    /// It is not made, and nobody knows.
    Vanishes,
    /// It is made, and its answer is lost.
    AnswerLost,
    /// It is not made, and hangs.
    Hangs,
    /// It is made, and then hangs.
    HangsAfter,
    /// It is made twice.
    Twice,
    /// Nobody hears of it, and it is made once nobody waits for it any more.
    LandsLate,
    /// It is made, like every later one, and no answer ever arrives, nor to a probe.
    AnswersLost,
    /// It is made, and its answer lost; later ones are refused.
    LostThenRefused,
}

/// What becomes of a runner at its so many-th write, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    DiesBefore(usize),
    DiesAfter(usize),
    /// It stands still, and goes on once another has finished its work.
    StopsBefore(usize),
    StopsAfter(usize),
}

impl Fault {
    pub(super) const ALL: [Self; 9] = [
        Self::NotMade,
        Self::Vanishes,
        Self::AnswerLost,
        Self::Hangs,
        Self::HangsAfter,
        Self::Twice,
        Self::LandsLate,
        Self::AnswersLost,
        Self::LostThenRefused,
    ];

    /// Whether it goes on after the first call, so that the step may be given up.
    pub(super) const fn is_lasting(self) -> bool {
        matches!(self, Self::AnswersLost | Self::LostThenRefused)
    }
}

impl Fate {
    pub(super) fn at(write: usize) -> [Self; 4] {
        [
            Self::DiesBefore(write),
            Self::DiesAfter(write),
            Self::StopsBefore(write),
            Self::StopsAfter(write),
        ]
    }
}

/// A scenario as it is told.
pub(super) struct Told<'a>(pub(super) Scenario, pub(super) &'a SagaPlan);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(scenario, plan) = self;
        let mut parts = Vec::new();
        if let Some(step) = scenario.refuses {
            parts.push(format!("{} refuses", plan.name(step)));
        }
        if let Some((step, direction, fault)) = scenario.fault {
            let what = match fault {
                Fault::NotMade => "is not made",
                Fault::Vanishes => "vanishes",
                Fault::AnswerLost => "is made, and its answer lost",
                Fault::Hangs => "hangs",
                Fault::HangsAfter => "is made, and hangs",
                Fault::Twice => "is made twice",
                Fault::LostThenRefused => "is made, its answer lost, and later ones refused",
                Fault::AnswersLost => "is made again and again, and every answer lost",
                Fault::LandsLate => "is made late, when nobody waits for it",
            };
            parts.push(format!("{} of {} {what}", direction.name(), plan.name(step)));
        }
        match scenario.fate {
            Some(Fate::DiesBefore(at)) => parts.push(format!("the runner dies before write {at}")),
            Some(Fate::DiesAfter(at)) => parts.push(format!("the runner dies after write {at}")),
            Some(Fate::StopsBefore(at)) => {
                parts.push(format!("the runner stops before write {at} until another is done"));
            }
            Some(Fate::StopsAfter(at)) => {
                parts.push(format!("the runner stops after write {at} until another is done"));
            }
            None => {}
        }
        if parts.is_empty() {
            parts.push("nothing goes wrong".to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}
