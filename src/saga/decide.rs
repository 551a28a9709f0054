use tokio::time::Instant;

use super::state::Course;
use super::{SagaState, StepStatus};

/// What is to be begun, by the number of the step.
///
/// ```
/// use strangler_fig::saga::Action;
/// assert_eq!(Action::Compensate(3).step(), Some(3));
/// assert_eq!(Action::Finish.step(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// To write down that the step is started, and execute it.
    Execute(usize),
    /// To ask what became of the step.
    Probe(usize),
    /// To write down that the step is compensated, and do it.
    Compensate(usize),
    /// To write down how it ended.
    Finish,
}

impl Action {
    /// Which step it is about.
    #[must_use]
    pub const fn step(self) -> Option<usize> {
        match self {
            Self::Execute(step) | Self::Probe(step) | Self::Compensate(step) => Some(step),
            Self::Finish => None,
        }
    }
}

impl SagaState {
    /// What is to be begun now. Nothing twice: what was begun is out of it once its entry
    /// is applied.
    #[must_use]
    pub fn decide(&self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        self.decide_into(now, &mut actions);
        actions
    }

    /// The same, into a buffer that is used again.
    pub(super) fn decide_into(&self, now: Instant, actions: &mut Vec<Action>) {
        if self.outcome.is_some() || self.begun.is_none() {
            return;
        }
        if self.is_at_end() {
            return actions.push(Action::Finish);
        }
        let ready = self.ready.iter().copied();
        match self.course {
            Course::Forward => actions.extend(ready.map(Action::Execute)),
            Course::Backward(_) => actions.extend(ready.map(Action::Compensate)),
            // Whether the pivot is done, nobody knows.
            Course::Undecided(_) => {}
            Course::GivenUp { .. } => return,
        }
        actions.extend(self.waiting.iter().filter_map(|&at| self.again(at, now)));
    }

    fn is_at_end(&self) -> bool {
        match self.course {
            Course::Forward | Course::Backward(_) => self.open == 0,
            Course::Undecided(_) => false,
            Course::GivenUp { .. } => !self.is_under_way(),
        }
    }

    fn again(&self, step: usize, now: Instant) -> Option<Action> {
        match self.steps[step].status {
            StepStatus::Retrying { due } if due <= now => Some(Action::Execute(step)),
            StepStatus::Probing { due: Some(due) } if due <= now => Some(Action::Probe(step)),
            StepStatus::Recompensating { due } if due <= now => Some(Action::Compensate(step)),
            _ => None,
        }
    }
}
