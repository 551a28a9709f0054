//! What calls have brought, as entries.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, error};

use super::any_step::Report;
use super::calls::Ended;
use super::judge::{End, after_compensation, after_execution};
use super::live::Reply;
use super::recover::replayed;
use super::run::{Gone, Run};
use super::{
    Direction, Doubt, OnUnknown, Passage, SagaEntry, SagaError, StepName, StepStatus, Then,
};
use crate::error::StoreError;
use crate::observe::{Event, field};

/// The longest text of an error that is written down, in characters.
const ERROR_MAX: usize = 1_000;

impl Run {
    /// What a call has brought, as an entry.
    pub(super) fn settle(&mut self, ended: Ended) {
        self.tell(&ended);
        let Ended { step, direction, attempt, report, .. } = ended;
        let state = &self.state.steps[step];
        let (awaited, latest) = match direction {
            Direction::Execute => (StepStatus::Executing, state.attempts),
            Direction::Probe => (StepStatus::Probing { due: None }, state.attempts),
            Direction::Compensate => (StepStatus::Compensating, state.compensations),
        };
        if state.status != awaited || attempt != latest {
            // An operator has decided meanwhile.
            return;
        }
        let entry = match (direction, report) {
            (Direction::Compensate, Report::Failed { end, error, hint }) => {
                self.now = Instant::now();
                self.not_undone(step, end, &error, hint)
            }
            (Direction::Compensate, _) => {
                SagaEntry::Compensated { step: self.definition.plan.name(step).clone() }
            }
            (_, Report::Done(product)) => {
                self.slots[step + 1] = Some(product.value);
                let name = self.definition.plan.name(step).clone();
                SagaEntry::Succeeded { step: name, output: product.payload }
            }
            (_, Report::Failed { end, error, hint }) => {
                self.now = Instant::now();
                self.not_done(step, end, &error, hint)
            }
            (_, Report::Undone) => return,
        };
        self.enter_of(step, entry, self.now);
    }

    pub(super) fn settle_all(&mut self, ended: Vec<Ended>) {
        for ended in ended {
            self.settle(ended);
        }
    }

    /// What was to be begun, and surely was not, is written down as that.
    pub(super) fn put_back(&mut self) {
        for action in std::mem::take(&mut self.begin) {
            if let Some(step) = action.step() {
                self.enter_of(
                    step,
                    SagaEntry::Failed {
                        step: self.definition.plan.name(step).clone(),
                        error: "it was not begun, for its runner is stopping".into(),
                        doubt: Doubt::None,
                        then: Then::retry(Duration::ZERO),
                    },
                    self.now,
                );
            }
        }
    }

    /// The journal refuses entries for good, an output that is too long say. The saga is again what is written,
    /// and a step whose output cannot be written counts as one in doubt; if not even that can be written, the
    /// saga is left.
    pub(super) async fn refused(
        &mut self,
        entries: Vec<SagaEntry>,
        waiting: Vec<Reply>,
        refusal: StoreError,
    ) -> Result<(), Gone> {
        let (saga, text) = (self.claim.saga.clone(), refusal.with_causes());
        error!({ field::SAGA } = %saga, { field::ERROR } = text, "the saga journal refuses what is to be written");
        let is_output = |entry: &SagaEntry| matches!(entry, SagaEntry::Succeeded { .. });
        let can_do_without = !waiting.is_empty() || entries.iter().any(is_output);
        for reply in waiting {
            let (saga, source) = (saga.clone(), refusal.clone());
            let _ = reply.send(Err(SagaError::Journal { saga, source }));
        }
        if std::mem::replace(&mut self.is_refused, true) && !can_do_without {
            return Err(Gone::Lost);
        }
        let (header, written) = self.place.inner.load(&saga).await.map_err(|_| Gone::Lost)?;
        if header.epoch != self.claim.epoch {
            return Err(Gone::Lost);
        }
        self.now = Instant::now();
        self.state = replayed(&self.definition, &saga, &written).map_err(|_| Gone::Lost)?;
        self.written = self.state.len();
        self.begin.clear();
        for (at, slot) in self.slots.iter_mut().skip(1).enumerate() {
            if self.state.step(at).output().is_none() {
                *slot = None;
            }
        }
        // What was only decided is left to be decided again. A step without its output may turn the saga back, so that comes last.
        let (outputs, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_output);
        for entry in others {
            if matches!(
                entry,
                SagaEntry::Failed { .. }
                    | SagaEntry::Compensated { .. }
                    | SagaEntry::CompensationFailed { .. }
            ) {
                self.enter_again(entry);
            }
        }
        for entry in outputs {
            if let SagaEntry::Succeeded { step, .. } = entry {
                self.not_written(&step, &text);
            }
        }
        Ok(())
    }

    /// What came of a call, once more: if it cannot follow any more, as much of it as can.
    fn enter_again(&mut self, entry: SagaEntry) {
        if self.state.apply(&entry, self.now).is_ok() {
            self.batch.push(entry);
        } else if let SagaEntry::Failed { step, error, doubt, .. } = entry {
            self.enter(SagaEntry::Failed { step, error, doubt, then: Then::Unwind }, self.now);
        }
    }

    fn not_written(&mut self, step: &StepName, text: &str) {
        let Some(at) = self.definition.plan.place(step) else { return };
        let on_unknown = match self.definition.plan.passage(at) {
            Passage::Before => OnUnknown::Compensate,
            Passage::Pivot | Passage::After => OnUnknown::Park,
        };
        let (doubt, then) = after_execution(&self.state, at, End::Unknown, on_unknown, None);
        let error = shortened(&format!("its output cannot be recorded: {text}"));
        self.enter_of(at, SagaEntry::Failed { step: step.clone(), error, doubt, then }, self.now);
    }

    /// What was written down to be begun, and is not.
    pub(super) fn not_begun(&mut self, step: usize) {
        let error = "it was not begun, for the saga has turned back".to_owned();
        let (direction, attempt) = (Direction::Execute, self.state.steps[step].attempts);
        let report = Report::Failed { end: End::NotDone, error, hint: None };
        self.settle(Ended { step, direction, attempt, began: None, report });
    }

    fn tell(&self, ended: &Ended) {
        if let (Some(observer), Some(began)) = (&self.place.inner.config.observer, ended.began) {
            observer.on_event(&Event::SagaStepEnded {
                direction: ended.direction.name(),
                outcome: ended.report.name(),
                duration: began.elapsed(),
            });
        }
    }

    /// Why is for the journal: the text of a step, or of its panic, may quote what the step was given.
    fn not_done(&self, step: usize, end: End, error: &str, hint: Option<Duration>) -> SagaEntry {
        let policy = self.definition.steps[step].policy();
        let is_after = self.definition.plan.passage(step) == Passage::After;
        let pause = policy.pause(is_after, self.state.steps[step].failures);
        let pause = pause.map(|pause| pause.max(hint.unwrap_or_default()));
        let (doubt, then) = after_execution(&self.state, step, end, policy.on_unknown, pause);
        let (saga, name) = (&self.claim.saga, self.definition.plan.name(step));
        debug!({ field::SAGA } = %saga, { field::STEP } = %name, { field::OUTCOME } = end.name(), { field::THEN } = ?then, "a step has failed");
        let state = &self.state.steps[step];
        let error = match (&state.error, state.status) {
            (Some(before), StepStatus::Probing { .. }) => since(before, error),
            _ => shortened(error),
        };
        SagaEntry::Failed { step: name.clone(), error, doubt, then }
    }

    fn not_undone(&self, step: usize, end: End, error: &str, hint: Option<Duration>) -> SagaEntry {
        let policy = self.definition.steps[step].policy();
        let pause = policy.compensation_pause(self.state.steps[step].failures);
        let pause = pause.map(|pause| pause.max(hint.unwrap_or_default()));
        let then = after_compensation(end, pause);
        let (saga, name) = (&self.claim.saga, self.definition.plan.name(step));
        debug!({ field::SAGA } = %saga, { field::STEP } = %name, { field::OUTCOME } = end.name(), { field::THEN } = ?then, "a compensation has failed");
        SagaEntry::CompensationFailed { step: name.clone(), error: shortened(error), then }
    }
}

/// What a look at a step says, and what had called for it, each in half of the room: not what earlier looks said.
fn since(before: &str, look: &str) -> Arc<str> {
    const BEFORE: &str = "; before that: ";
    let first = before.split_once(BEFORE).map_or(before, |(_, first)| first);
    let half = (ERROR_MAX - BEFORE.len()) / 2;
    format!("{}{BEFORE}{}", cut(look, half), cut(first, half)).into()
}

fn shortened(error: &str) -> Arc<str> {
    cut(error, ERROR_MAX).into()
}

/// At most `max` characters of it.
fn cut(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_called_for_looks_is_told_once_however_many_there_were() {
        let once = since("the bank is away", "it was not done so far");
        assert_eq!(&*once, "it was not done so far; before that: the bank is away");
        let twice = since(&once, "nobody knows");
        assert_eq!(&*twice, "nobody knows; before that: the bank is away");
    }

    #[test]
    fn a_long_look_leaves_room_for_what_called_for_it() {
        let told = since("the bank is away", &"ß".repeat(2_000));
        assert!(told.ends_with("; before that: the bank is away"));
        assert!(told.chars().count() <= ERROR_MAX);
    }
}
