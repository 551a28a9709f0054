//! What calls have brought, as entries.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use super::any_step::Report;
use super::calls::Ended;
use super::judge::{End, after_compensation, after_execution};
use super::run::Run;
use super::{Direction, Passage, SagaEntry, StepStatus};
use crate::observe::Event;

/// The longest text of an error that is written down, in characters.
const ERROR_MAX: usize = 1_000;

impl Run {
    /// What a call has brought, as an entry.
    pub(super) fn settle(&mut self, ended: Ended) {
        self.tell(&ended);
        let Ended { step, direction, report, .. } = ended;
        let status = self.state.steps[step].status;
        let is_awaited = match direction {
            Direction::Execute => status == StepStatus::Executing,
            Direction::Probe => status == (StepStatus::Probing { due: None }),
            Direction::Compensate => status == StepStatus::Compensating,
        };
        if !is_awaited {
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
                let step = self.definition.plan.name(step).clone();
                SagaEntry::Succeeded { step, output: product.payload }
            }
            (_, Report::Failed { end, error, hint }) => {
                self.now = Instant::now();
                self.not_done(step, end, &error, hint)
            }
            (_, Report::Undone) => return,
        };
        self.enter(entry, self.now);
    }

    fn tell(&self, ended: &Ended) {
        if let (Some(observer), Some(began)) = (&self.inner.config.observer, ended.began) {
            observer.on_event(&Event::SagaStepEnded {
                direction: ended.direction.name(),
                outcome: ended.report.name(),
                duration: began.elapsed(),
            });
        }
    }

    fn not_done(&self, step: usize, end: End, error: &str, hint: Option<Duration>) -> SagaEntry {
        let policy = self.definition.steps[step].policy();
        let is_after = self.definition.plan.passage(step) == Passage::After;
        let pause = policy.pause(is_after, self.state.steps[step].failures);
        let pause = pause.map(|pause| pause.max(hint.unwrap_or_default()));
        let (doubt, then) = after_execution(&self.state, step, end, policy.on_unknown, pause);
        let (saga, name) = (&self.live.claim.saga, self.definition.plan.name(step));
        debug!(%saga, step = %name, error, ?then, "a step has failed");
        SagaEntry::Failed { step: name.clone(), error: shortened(error), doubt, then }
    }

    fn not_undone(&self, step: usize, end: End, error: &str, hint: Option<Duration>) -> SagaEntry {
        let policy = self.definition.steps[step].policy();
        let pause = policy.compensation_pause(self.state.steps[step].failures);
        let pause = pause.map(|pause| pause.max(hint.unwrap_or_default()));
        let then = after_compensation(end, pause);
        let (saga, name) = (&self.live.claim.saga, self.definition.plan.name(step));
        debug!(%saga, step = %name, error, ?then, "a compensation has failed");
        SagaEntry::CompensationFailed { step: name.clone(), error: shortened(error), then }
    }
}

fn shortened(error: &str) -> Arc<str> {
    match error.char_indices().nth(ERROR_MAX) {
        None => error.into(),
        Some((end, _)) => error[..end].into(),
    }
}
