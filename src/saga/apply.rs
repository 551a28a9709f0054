use std::sync::Arc;

use tokio::time::Instant;

use super::state::{Begun, Course};
use super::{
    Cause, Doubt, OutOfOrder, Passage, Repair, SagaEntry, SagaOutcome, SagaState, StepName,
    StepStatus, Then,
};
use crate::observe::is_traceparent;
use crate::phase::{Actor, Reason};

/// Why not.
type Refusal = String;

impl SagaState {
    /// Takes the next entry. `now` is when pauses in it begin: on recovery, that is the time of
    /// recovery.
    ///
    /// # Errors
    ///
    /// When it cannot follow; nothing has changed then.
    pub fn apply(&mut self, entry: &SagaEntry, now: Instant) -> Result<(), OutOfOrder> {
        self.apply_of(None, entry, now)
    }

    /// The same. Whoever knows the step's number spares its being looked up.
    pub(super) fn apply_of(
        &mut self,
        step: Option<usize>,
        entry: &SagaEntry,
        now: Instant,
    ) -> Result<(), OutOfOrder> {
        debug_assert!(step.is_none_or(|step| entry.step() == Some(self.plan.name(step))));
        match self.take(step, entry, now) {
            Ok(()) => {
                self.length += 1;
                Ok(())
            }
            Err(because) => Err(OutOfOrder::new(self.length, entry, because)),
        }
    }

    fn take(
        &mut self,
        known: Option<usize>,
        entry: &SagaEntry,
        now: Instant,
    ) -> Result<(), Refusal> {
        if let SagaEntry::Begun { input, deadline_unix_ms, traceparent } = entry {
            return self.begin(Begun {
                input: input.clone(),
                deadline_unix_ms: *deadline_unix_ms,
                // A journal may hold any text.
                traceparent: traceparent.clone().filter(|text| is_traceparent(text)),
            });
        }
        if self.begun.is_none() {
            return Err("the saga has not begun".to_owned());
        }
        if self.outcome.is_some() && !matches!(entry, SagaEntry::Cancelled { .. }) {
            return Err("the saga is over".to_owned());
        }
        let place = |state: &Self, step| known.map_or_else(|| state.find(step), Ok);
        match entry {
            SagaEntry::Begun { .. } | SagaEntry::Resumed { .. } => Ok(()),
            SagaEntry::Started { step } => self.started(place(self, step)?),
            SagaEntry::Succeeded { step, output } => {
                let step = self.executing(place(self, step)?)?;
                self.succeed(step, output.clone());
                Ok(())
            }
            SagaEntry::Failed { step, error, doubt, then } => {
                let step = self.executing(place(self, step)?)?;
                self.failed(step, error, *doubt, *then, now)
            }
            SagaEntry::Cancelled { cause } => self.cancelled(cause),
            SagaEntry::CompensationStarted { step } => {
                self.compensation_started(place(self, step)?)
            }
            SagaEntry::Compensated { step } => {
                let step = self.compensating(place(self, step)?)?;
                self.rest(step, StepStatus::Compensated);
                Ok(())
            }
            SagaEntry::CompensationFailed { step, error, then } => {
                let step = self.compensating(place(self, step)?)?;
                self.compensation_failed(step, error, *then, now)
            }
            SagaEntry::Repaired { repair, actor, reason } => {
                self.repaired(repair, actor, reason, now)
            }
            SagaEntry::Ended { outcome } => self.ended(outcome),
        }
    }

    fn begin(&mut self, begun: Begun) -> Result<(), Refusal> {
        if self.begun.is_some() {
            return Err("the saga has begun already".to_owned());
        }
        self.begun = Some(begun);
        let roots = (0..self.plan.len()).filter(|&at| self.plan.parents(at).is_empty());
        self.ready = roots.collect();
        Ok(())
    }

    fn find(&self, step: &StepName) -> Result<usize, Refusal> {
        self.plan.place(step).ok_or_else(|| "the definition has no such step".to_owned())
    }

    fn executing(&self, step: usize) -> Result<usize, Refusal> {
        match self.steps[step].status {
            StepStatus::Executing | StepStatus::Probing { .. } => Ok(step),
            other => Err(is(other)),
        }
    }

    fn compensating(&self, step: usize) -> Result<usize, Refusal> {
        match self.steps[step].status {
            StepStatus::Compensating => Ok(step),
            other => Err(is(other)),
        }
    }

    fn started(&mut self, step: usize) -> Result<(), Refusal> {
        let state = &self.steps[step];
        let may = match (&self.course, state.status) {
            (Course::Forward, StepStatus::Pending) => state.blocked == 0,
            (Course::Forward, StepStatus::Retrying { .. }) => true,
            (Course::Undecided(_), StepStatus::Retrying { .. }) => state.doubt,
            _ => false,
        };
        if !may {
            return Err(self.not_now(step));
        }
        if state.status == StepStatus::Pending {
            self.take_ready(step);
        }
        self.steps[step].attempts += 1;
        self.set(step, StepStatus::Executing);
        Ok(())
    }

    fn take_ready(&mut self, step: usize) {
        if self.ready.front() == Some(&step) {
            self.ready.pop_front();
        } else {
            self.ready.retain(|&it| it != step);
        }
    }

    fn not_now(&self, step: usize) -> Refusal {
        let course = match self.course {
            Course::Forward => "its parents are not done, or ",
            Course::Undecided(_) | Course::Backward(_) => "the saga has turned back, and ",
            Course::GivenUp { .. } => "the saga was given up, and ",
        };
        format!("{course}{}", is(self.steps[step].status))
    }

    fn failed(
        &mut self,
        step: usize,
        error: &Arc<str>,
        doubt: Doubt,
        then: Then,
        now: Instant,
    ) -> Result<(), Refusal> {
        let is_in_doubt = match doubt {
            Doubt::None => self.steps[step].doubt,
            Doubt::Raised => true,
            Doubt::Cleared => false,
        };
        let may = match (&self.course, then) {
            (Course::GivenUp { .. }, _) => then == Then::Park,
            (_, Then::Unwind) => match self.plan.passage(step) {
                Passage::Before => true,
                Passage::Pivot => !is_in_doubt,
                Passage::After => false,
            },
            (Course::Forward, _) => true,
            (Course::Undecided(_), _) => is_in_doubt,
            (Course::Backward(_), _) => false,
        };
        if !may {
            return Err(format!("{then:?} is not for this step now"));
        }
        let was_executing = self.steps[step].status == StepStatus::Executing;
        let state = &mut self.steps[step];
        state.doubt = is_in_doubt;
        state.error = Some(Arc::clone(error));
        // To be asked at once uses up no pause.
        let is_free = was_executing && matches!(then, Then::Probe { .. });
        state.failures = state.failures.saturating_add(u32::from(!is_free));
        match then {
            Then::Retry { after_ms } => {
                self.set(step, StepStatus::Retrying { due: due(now, after_ms) });
            }
            Then::Probe { after_ms } => {
                self.set(step, StepStatus::Probing { due: Some(due(now, after_ms)) });
            }
            Then::Park => self.set(step, StepStatus::Stuck),
            Then::Unwind => self.unwind(step, error),
        }
        Ok(())
    }

    /// A step has failed for good: the saga turns back, if it has not already.
    fn unwind(&mut self, step: usize, error: &Arc<str>) {
        match &self.course {
            Course::Backward(_) => self.leave(step),
            Course::Undecided(cause) => {
                let cause = cause.clone();
                self.set(step, StepStatus::Failed);
                self.turn(cause);
            }
            Course::Forward | Course::GivenUp { .. } => {
                let cause =
                    Cause::Failed { step: self.plan.name(step).clone(), error: Arc::clone(error) };
                let as_what =
                    if self.steps[step].doubt { StepStatus::InDoubt } else { StepStatus::Failed };
                self.set(step, as_what);
                self.turn(cause);
            }
        }
    }

    fn cancelled(&mut self, cause: &Cause) -> Result<(), Refusal> {
        let is_recall = matches!(cause, Cause::Recalled { .. }) && self.can_recall();
        if !is_recall && !self.can_cancel() {
            return Err("the saga is over, past its pivot, or has turned already".to_owned());
        }
        self.outcome = None;
        if self.pivot_is_open() {
            self.course = Course::Undecided(cause.clone());
        } else {
            self.turn(cause.clone());
        }
        Ok(())
    }

    fn compensation_started(&mut self, step: usize) -> Result<(), Refusal> {
        let state = &self.steps[step];
        let is_left = matches!(state.status, StepStatus::Succeeded | StepStatus::InDoubt);
        let is_again = matches!(state.status, StepStatus::Recompensating { .. });
        let is_back = matches!(self.course, Course::Backward(_));
        if !is_back || !(is_again || is_left && state.blocked == 0) {
            return Err(format!("a child may have an effect, or {}", is(state.status)));
        }
        if is_left {
            self.take_ready(step);
        }
        self.steps[step].compensations += 1;
        self.set(step, StepStatus::Compensating);
        Ok(())
    }

    fn compensation_failed(
        &mut self,
        step: usize,
        error: &Arc<str>,
        then: Then,
        now: Instant,
    ) -> Result<(), Refusal> {
        let to = match then {
            Then::Retry { after_ms } => StepStatus::Recompensating { due: due(now, after_ms) },
            Then::Park => StepStatus::StuckBack,
            Then::Probe { .. } | Then::Unwind => {
                return Err(format!("{then:?} is not for compensations"));
            }
        };
        self.steps[step].error = Some(Arc::clone(error));
        self.steps[step].failures = self.steps[step].failures.saturating_add(1);
        self.set(step, to);
        Ok(())
    }

    fn repaired(
        &mut self,
        repair: &Repair,
        actor: &Actor,
        reason: &Reason,
        now: Instant,
    ) -> Result<(), Refusal> {
        let Some(step) = repair.step() else {
            self.course = Course::GivenUp { actor: actor.clone(), reason: reason.clone() };
            self.ready.clear();
            for at in 0..self.steps.len() {
                if matches!(self.steps[at].status, StepStatus::Probing { .. }) {
                    self.set(at, StepStatus::InDoubt);
                }
            }
            return Ok(());
        };
        let step = self.find(step)?;
        let status = self.steps[step].status;
        if matches!(self.course, Course::GivenUp { .. }) {
            return Err(self.not_now(step));
        }
        let is_forward = matches!(
            status,
            StepStatus::Stuck | StepStatus::Retrying { .. } | StepStatus::Probing { .. }
        );
        let is_back = matches!(status, StepStatus::StuckBack | StepStatus::Recompensating { .. });
        match repair {
            Repair::Retry { .. } if is_forward => {
                self.steps[step].failures = 0;
                self.set(step, StepStatus::Retrying { due: now });
            }
            Repair::Retry { .. } if is_back => {
                self.steps[step].failures = 0;
                self.set(step, StepStatus::Recompensating { due: now });
            }
            Repair::Skip { output, .. } if is_forward => self.succeed(step, output.clone()),
            Repair::Fail { .. } if is_forward && self.plan.passage(step) != Passage::After => {
                self.steps[step].doubt = false;
                self.unwind(step, &reason.as_str().into());
            }
            Repair::MarkCompensated { .. } if is_back => self.rest(step, StepStatus::Compensated),
            _ => return Err(is(status)),
        }
        Ok(())
    }

    fn ended(&mut self, outcome: &SagaOutcome) -> Result<(), Refusal> {
        let is_so = match (outcome, &self.course) {
            (SagaOutcome::Committed { .. }, Course::Forward)
            | (SagaOutcome::RolledBack { .. }, Course::Backward(_)) => self.open == 0,
            // Whoever waits for calls under way does so, and one that cannot read the saga has none.
            (SagaOutcome::GivenUp { .. }, Course::GivenUp { .. }) => true,
            _ => false,
        };
        if !is_so {
            return Err("its steps have not come to that end".to_owned());
        }
        self.outcome = Some(outcome.clone());
        Ok(())
    }
}

fn is(status: StepStatus) -> Refusal {
    format!("the step is {}", status.name())
}

/// So far away that it does not matter when.
fn due(now: Instant, millis: u64) -> Instant {
    const YEARS: u64 = 10 * 365 * 24 * 3_600 * 1_000;
    now + std::time::Duration::from_millis(millis.min(YEARS))
}
