//! What a saga that runs is told, and does.

use std::sync::Arc;

use tokio::time::Instant;

use super::any_step::{Report, Shared};
use super::calls::{Ended, Under};
use super::judge::End;
use super::live::{Command, Reply};
use super::run::{Lost, Run};
use super::state::Course;
use super::{Direction, Payload, Repair, SagaEntry, SagaError, StepName};
use crate::error::with_causes;

impl Run {
    pub(super) fn hear(&mut self) -> Result<(), Lost> {
        for command in self.live.heard() {
            match command {
                Command::Lost => return Err(Lost),
                Command::Drain => self.is_draining = true,
                Command::Cancel { cause, reply } => {
                    let obeyed = self.obey(SagaEntry::Cancelled { cause });
                    self.answer(obeyed, reply);
                }
                Command::Repair { repair, actor, reason, reply } => {
                    let obeyed = self.repair(repair, actor, reason);
                    self.answer(obeyed, reply);
                }
            }
        }
        Ok(())
    }

    /// A refusal is told at once, anything else once it is written.
    fn answer(&mut self, obeyed: Result<(), SagaError>, reply: Reply) {
        match obeyed {
            Ok(()) => self.waiting.push(reply),
            Err(_) => drop(reply.send(obeyed)),
        }
    }

    /// An entry that somebody wants, and that may be refused.
    pub(super) fn obey(&mut self, entry: SagaEntry) -> Result<(), SagaError> {
        let saga = self.live.claim.saga.clone();
        self.state
            .apply(&entry, Instant::now())
            .map_err(|source| SagaError::OutOfOrder { saga, source })?;
        self.batch.push(entry);
        Ok(())
    }

    pub(super) fn repair(
        &mut self,
        repair: Repair,
        actor: String,
        reason: String,
    ) -> Result<(), SagaError> {
        let skipped = match &repair {
            Repair::Skip { step, output } => self.skipped(step, output)?,
            _ => None,
        };
        self.obey(SagaEntry::Repaired { repair, actor, reason })?;
        if let Some((step, value)) = skipped {
            self.slots[step + 1] = Some(value);
        }
        Ok(())
    }

    /// The value of an output that an operator gives: later steps must be able to read it.
    fn skipped(
        &self,
        step: &StepName,
        output: &Payload,
    ) -> Result<Option<(usize, Shared)>, SagaError> {
        let Some(at) = self.definition.plan.place(step) else { return Ok(None) };
        match self.definition.steps[at].read(output) {
            Ok(value) => Ok(Some((at, value))),
            Err(error) => Err(SagaError::Unreadable {
                saga: self.live.claim.saga.clone(),
                what: format!("the output of step {step}"),
                because: with_causes(&error),
            }),
        }
    }

    /// Once it turns back, calls that may be long are not waited for.
    pub(super) fn interrupt(&mut self) {
        // While it is undecided, the pivot is what is under way, and decides.
        let is_back = !matches!(self.state.course, Course::Forward | Course::Undecided(_));
        if !is_back || self.calls.is_empty() {
            return;
        }
        let definition = Arc::clone(&self.definition);
        let is_long = |call: &Under| {
            call.direction != Direction::Compensate
                && definition.steps[call.step].nested().is_some()
        };
        for call in self.calls.take(is_long) {
            let error = "it was dropped, for the saga turned back".to_owned();
            let report = Report::Failed { end: End::Unknown, error, hint: None };
            let Under { step, direction, began, .. } = call;
            self.settle(Ended { step, direction, began, report });
        }
    }
}
