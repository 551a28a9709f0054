//! What a saga that runs is told, and does.

use std::sync::Arc;

use tokio::time::Instant;

use super::any_step::{Report, Shared, read};
use super::calls::Under;
use super::judge::End;
use super::live::{Command, Decision, Order};
use super::run::{Gone, Run};
use super::state::Course;
use super::{Direction, Payload, Repair, SagaEntry, SagaError, StepName};

impl Run {
    pub(super) fn hear(&mut self) -> Result<(), Gone> {
        for command in self.place.live.heard() {
            match command {
                Command::Lost => return Err(Gone::Lost),
                Command::Leave => return Err(Gone::Left),
                Command::Stop => self.is_stopping = true,
                // A refusal is told at once, anything else once it is written.
                Command::Order { order, reply } => match self.carry_out(order) {
                    Ok(()) => self.waiting.push(reply),
                    refused => drop(reply.send(refused)),
                },
            }
        }
        Ok(())
    }

    pub(super) fn carry_out(&mut self, order: Order) -> Result<(), SagaError> {
        match order {
            Order::Cancel(cause) => self.obey(SagaEntry::Cancelled { cause }),
            Order::Repair(decision) => self.repair(decision),
        }
    }

    /// An entry that somebody wants, and that may be refused.
    fn obey(&mut self, entry: SagaEntry) -> Result<(), SagaError> {
        let saga = self.claim.saga.clone();
        self.state
            .apply(&entry, Instant::now())
            .map_err(|source| SagaError::OutOfOrder { saga, source })?;
        self.batch.push(entry);
        Ok(())
    }

    fn repair(&mut self, Decision { repair, actor, reason }: Decision) -> Result<(), SagaError> {
        let skipped = match &repair {
            Repair::Skip { step, output } => self.skipped(step, output)?,
            _ => None,
        };
        self.obey(SagaEntry::Repaired { repair: Box::new(repair), actor, reason })?;
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
        match read(|| self.definition.steps[at].read(output)) {
            Ok(value) => Ok(Some((at, value))),
            Err(because) => Err(SagaError::Unreadable {
                saga: self.claim.saga.clone(),
                what: format!("the output of step {step}"),
                because,
            }),
        }
    }

    /// Once it turns back, or its runner stops, sagas in it are not waited for.
    pub(super) fn interrupt(&mut self) {
        // While it is undecided, the pivot is what is under way, and decides.
        let is_back = !matches!(self.state.course, Course::Forward | Course::Undecided(_));
        if self.definition.nested.is_none() || !(is_back || self.is_stopping) {
            return;
        }
        let definition = Arc::clone(&self.definition);
        let is_nested = |call: &Under| definition.steps[call.step].nested().is_some();
        if self.is_stopping {
            // Whoever goes on finds them.
            drop(self.calls.take(is_nested));
            return;
        }
        let is_given_up = matches!(self.state.course, Course::GivenUp { .. });
        let is_long = |call: &Under| {
            is_nested(call) && (call.direction != Direction::Compensate || is_given_up)
        };
        for call in self.calls.take(is_long) {
            let error = "it was dropped, for the saga turned back".to_owned();
            self.settle(call.ended(Report::Failed { end: End::Unknown, error, hint: None }));
        }
    }
}
